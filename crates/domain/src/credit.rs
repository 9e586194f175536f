//! The credits that are left at a gateway: what is kept of them, for how long they last, and when they are low. Owns no
//! call to a gateway.

mod days;

use std::sync::Arc;

pub use self::days::{CreditUse, DaysLeft, USE_DAYS};
use crate::time::Timestamp;

/// What is left at a gateway, in thousandths of a credit: some count parts of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CreditBalance(u64);

impl CreditBalance {
    /// The most that is told apart: a million million credits.
    pub const MAX: Self = Self(1_000_000_000_000_000);

    /// So many thousandths of a credit, at most [`Self::MAX`].
    #[must_use]
    pub fn from_thousandths(thousandths: u64) -> Self {
        Self(thousandths.min(Self::MAX.0))
    }

    /// So many credits, at most [`Self::MAX`].
    #[must_use]
    pub fn from_credits(credits: u32) -> Self {
        Self(u64::from(credits) * 1000)
    }

    /// The thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u64 {
        self.0
    }

    /// As a number of credits, exact up to [`Self::MAX`].
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "what is at most 10^15 has an exact float")]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

/// What was left at a gateway at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditReading {
    /// The gateway, by its name.
    pub gateway: Arc<str>,
    /// What was left.
    pub balance: CreditBalance,
    /// When.
    pub at: Timestamp,
    /// Whether that was less than the operator wants to have there.
    pub low: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balance_is_bounded_and_told_exactly() {
        assert_eq!(CreditBalance::from_thousandths(u64::MAX), CreditBalance::MAX);
        assert!(CreditBalance::from_credits(u32::MAX) < CreditBalance::MAX);
        assert!((CreditBalance::from_thousandths(1_500).as_f64() - 1.5).abs() < f64::EPSILON);
        assert!((CreditBalance::MAX.as_f64() - 1e12).abs() < f64::EPSILON);
    }
}
