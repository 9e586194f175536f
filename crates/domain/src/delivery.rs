//! Deliveries: what became of each attempt to hand an SMS to a gateway. Owns what is kept of one; never the SMS's text.

use std::sync::Arc;
use std::time::Duration;

use crate::application::ApplicationId;
use crate::id::{DeliveryId, VerificationId};
use crate::phone::Phone;
use crate::ports::{SendAnswer, SendReport};
use crate::route::RouteName;
use crate::time::Timestamp;

/// One attempt, as it is kept. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRecord {
    /// Its id.
    pub id: DeliveryId,
    /// The application that sent.
    pub application: ApplicationId,
    /// The verification whose code it carried.
    pub verification: VerificationId,
    /// Which send of the verification it was, beginning with 1.
    pub number: u32,
    /// Which attempt of that send it was, beginning with 1: the next route is another attempt.
    pub attempt: u16,
    /// To whom.
    pub phone: Phone,
    /// The route; none of those that were made before there were any.
    pub route: Option<RouteName>,
    /// The gateway, by its name.
    pub gateway: Arc<str>,
    /// What it said, and what that tells.
    pub report: SendReport,
    /// When it had said so, or the wait for it was over.
    pub at: Timestamp,
    /// How long that took.
    pub took: Duration,
    /// The segments of the SMS, each of which is paid.
    pub segments: u16,
    /// The version of the text's template, where it is known.
    pub template: Option<u16>,
}

/// How a gateway has answered of late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayTally {
    /// The gateway, by its name.
    pub gateway: Arc<str>,
    /// What it said.
    pub answer: SendAnswer,
    /// How often.
    pub count: u64,
    /// When last.
    pub last_at: Timestamp,
}

/// An amount of a gateway's credits, in thousandths: some count parts of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credits(u32);

impl Credits {
    /// So many thousandths of a credit.
    #[must_use]
    pub const fn from_thousandths(thousandths: u32) -> Self {
        Self(thousandths)
    }

    /// The thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// As a number of credits.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

/// The most characters of a gateway's number of a message that are kept.
pub const MESSAGE_ID_LENGTH_MAX: usize = 100;

/// A gateway's number of a message, to ask it by: 1 to 100 visible ASCII characters. What is longer or otherwise is
/// none, since it may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(Box<str>);

impl MessageId {
    /// Reads it; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=MESSAGE_ID_LENGTH_MAX).contains(&text.len());
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_short_and_visible() {
        assert!(MessageId::parse("SM-7/x").is_some());
        for text in ["", "a b", "नौ", "a\n", &"x".repeat(101)] {
            assert!(MessageId::parse(text).is_none(), "{text:?}");
        }
    }
}
