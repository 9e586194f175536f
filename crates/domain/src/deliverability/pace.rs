//! How soon an SMS may be sent again. Owns by how much sooner; which route deserves it is decided by the estimates.

use std::time::Duration;

use crate::policy::COOLDOWN_MIN;

/// How soon an SMS may be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// After the wait that the policy asks for.
    #[default]
    Usual,
    /// After half of it, and never before [`COOLDOWN_MIN`]: the route is measurably slow or lossy.
    Early,
}

impl Pace {
    /// The wait, where it is `usual` otherwise.
    #[must_use]
    pub fn wait(self, usual: Duration) -> Duration {
        match self {
            Self::Usual => usual,
            Self::Early => (usual / 2).max(COOLDOWN_MIN).min(usual),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_never_longer_than_usual_nor_below_the_least(millis in 30_000_u64..3_600_000) {
            let usual = Duration::from_millis(millis);
            prop_assert_eq!(Pace::Usual.wait(usual), usual);
            let early = Pace::Early.wait(usual);
            prop_assert!((COOLDOWN_MIN..=usual).contains(&early));
            prop_assert!(early * 2 >= usual);
        }
    }

    #[test]
    fn a_wait_that_is_below_the_least_stays_what_it_is() {
        let short = Duration::from_secs(5);
        assert_eq!(Pace::Early.wait(short), short);
    }
}
