//! What an application may tune, and within which bounds. Owns the defaults and their sources; never reads a file.

use std::time::Duration;

use crate::code::CodeLength;
use crate::guess::{GUESS_PROBABILITY_MAX, GuessAllowance, GuessPolicy};
use crate::invalid_numbers::InvalidNumberPolicy;
use crate::limit::Limit;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The longest life of a code: SP 800-63B-4 3.1.3.2 and OWASP ASVS 6.5.5 say ten minutes.
pub const LIFETIME_MAX: Duration = Duration::from_mins(10);
/// The shortest life of a code: slow routes make less unusable.
pub const LIFETIME_MIN: Duration = Duration::from_mins(1);
/// The shortest wait between two sends of one verification.
pub const COOLDOWN_MIN: Duration = Duration::from_secs(30);

/// How verifications are done for one application.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Digits of a code. Default 6.
    pub code_length: CodeLength,
    /// Digits of a code after the phone's budget of wrong checks is used up. Default 8.
    pub code_length_long: CodeLength,
    /// How long a code lives. Default 10 minutes.
    pub lifetime: Duration,
    /// A resend with less life left than this sends a new code. Default 3 minutes.
    pub renew_below: Duration,
    /// Checks per verification, over all its codes. Default 5 (Twilio Verify, AWS, Signal).
    pub checks_max: u32,
    /// The wait after the first send, after the second, and so on; as many resends as there are waits.
    /// Default 60, 120 and 300 seconds (Signal, Supabase).
    pub cooldowns: Vec<Duration>,
    /// Whether an SMS that went by a route that is measurably slow or lossy may be sent again after half of the wait, never
    /// before [`COOLDOWN_MIN`]. It adds no send and loosens no limit. Default: no.
    pub early_resend: bool,
    /// What a right code does when another account of the application holds the phone. Default: reject.
    pub phone_taken: PhoneTaken,
    /// How old an account's proof must be before the same phone may be proved again. Default 180 days (operators
    /// hand idle numbers to new holders).
    pub reverify_after: Duration,
    /// Limits on sends.
    pub limits: Limits,
    /// The guess budget.
    pub guesses: GuessPolicy,
    /// When new numbers have to wait because too many were invalid.
    pub invalid_numbers: InvalidNumberPolicy,
}

/// What a right code does when another account of the application holds the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneTaken {
    /// The other account keeps it.
    Reject,
    /// The newest proof wins; the other account loses it.
    Transfer,
}

/// Limits on sends; each list may be empty, which means no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To one phone, over all applications.
    pub sends_per_phone: Vec<Limit>,
    /// For one account.
    pub sends_per_account: Vec<Limit>,
    /// Distinct phones of one account.
    pub phones_per_account: Vec<Limit>,
}

impl Default for Limits {
    fn default() -> Self {
        let limit = |max, seconds| Limit { max, window: Duration::from_secs(seconds) };
        Self {
            sends_per_phone: vec![limit(5, 10 * MINUTE), limit(10, DAY)],
            sends_per_account: vec![limit(10, DAY)],
            phones_per_account: vec![limit(5, DAY)],
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            code_length: CodeLength::SIX,
            code_length_long: CodeLength::EIGHT,
            lifetime: LIFETIME_MAX,
            renew_below: Duration::from_mins(3),
            checks_max: 5,
            cooldowns: [60, 120, 300].map(Duration::from_secs).to_vec(),
            early_resend: false,
            phone_taken: PhoneTaken::Reject,
            reverify_after: Duration::from_secs(180 * DAY),
            limits: Limits::default(),
            guesses: GuessPolicy { short_max: 40, daily_max: 10, daily_max_long: 15 },
            invalid_numbers: InvalidNumberPolicy::default(),
        }
    }
}

/// What a policy has wrong; `setting` is the name of the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {allowed}")]
pub struct PolicyFault {
    /// The field of [`Policy`] or [`Limits`].
    pub setting: &'static str,
    /// What is allowed there.
    pub allowed: String,
}

impl Policy {
    /// The wait after the `sends`-th send; the last of the ladder is used from there on.
    #[must_use]
    pub fn cooldown(cooldowns: &[Duration], sends: u32) -> Duration {
        let step = usize::try_from(sends).unwrap_or(usize::MAX).saturating_sub(1);
        cooldowns.get(step).or(cooldowns.last()).copied().unwrap_or(Duration::from_mins(1))
    }

    /// What it allows to be guessed.
    #[must_use]
    pub const fn guess_allowance(&self) -> GuessAllowance {
        GuessAllowance { policy: self.guesses, normal: self.code_length, long: self.code_length_long }
    }

    /// Everything that is out of bounds, all of it at once.
    #[must_use]
    pub fn faults(&self) -> Vec<PolicyFault> {
        let mut faults = Vec::new();
        let mut require = |holds: bool, setting, allowed: &str| {
            if !holds {
                faults.push(PolicyFault { setting, allowed: allowed.to_owned() });
            }
        };
        require(
            (LIFETIME_MIN..=LIFETIME_MAX).contains(&self.lifetime),
            "lifetime",
            "must be from 1 to 10 minutes (SP 800-63B-4 allows no more)",
        );
        require(self.renew_below < self.lifetime, "renew_below", "must be shorter than the lifetime");
        require((1..=5).contains(&self.checks_max), "checks_max", "must be from 1 to 5");
        require((1..=5).contains(&self.cooldowns.len()), "cooldowns", "must list from 1 to 5 waits");
        require(
            self.cooldowns.iter().all(|wait| (COOLDOWN_MIN..=Duration::from_hours(1)).contains(wait)),
            "cooldowns",
            "each must be from 30 seconds to 1 hour",
        );
        require(
            self.code_length_long >= self.code_length,
            "code_length_long",
            "must not be below code_length",
        );
        require(
            self.reverify_after <= Duration::from_secs(3650 * DAY),
            "reverify_after",
            "must be at most 3650 days",
        );
        let limits = [
            ("sends_per_phone", &self.limits.sends_per_phone),
            ("sends_per_account", &self.limits.sends_per_account),
            ("phones_per_account", &self.limits.phones_per_account),
        ];
        for (setting, limits) in limits {
            require(limits.len() <= 4, setting, "must list at most 4 limits");
            let bounded = |limit: &Limit| {
                (1..=1000).contains(&limit.max) && (1..=30 * DAY).contains(&limit.window.as_secs())
            };
            let twice =
                |limit: &Limit| limits.iter().filter(|other| other.window == limit.window).count() > 1;
            require(!limits.iter().any(twice), setting, "must not list two limits with the same window");
            require(
                limits.iter().all(bounded),
                setting,
                "each must allow 1 to 1000 in a window of 1 second to 30 days",
            );
        }
        require((1..=1000).contains(&self.guesses.daily_max), "guesses.daily_max", "must be from 1 to 1000");
        require(
            (1..=1000).contains(&self.guesses.daily_max_long),
            "guesses.daily_max_long",
            "must be from 1 to 1000",
        );
        let probability = self.guesses.probability(self.code_length, self.code_length_long);
        require(
            probability < GUESS_PROBABILITY_MAX,
            "guesses",
            &format!(
                "would let a code of one phone be guessed within a year with probability {probability:.1e}; it must stay below 1e-4"
            ),
        );
        faults.extend(self.invalid_numbers.faults());
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_keep_their_own_bounds() {
        let policy = Policy::default();
        assert_eq!(policy.faults(), []);
        let probability = policy.guesses.probability(policy.code_length, policy.code_length_long);
        assert!((9.4e-5..9.6e-5).contains(&probability), "{probability}");
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let policy = Policy {
            lifetime: Duration::from_mins(11),
            checks_max: 6,
            cooldowns: vec![Duration::from_secs(29)],
            guesses: GuessPolicy { short_max: 101, daily_max: 10, daily_max_long: 15 },
            ..Policy::default()
        };
        let settings: Vec<_> = policy.faults().iter().map(|fault| fault.setting).collect();
        assert_eq!(settings, ["lifetime", "checks_max", "cooldowns", "guesses"]);
    }

    #[test]
    fn the_ladder_of_waits_stays_on_its_last_step() {
        let policy = Policy::default();
        let waits: Vec<_> =
            (1..=5).map(|sends| Policy::cooldown(&policy.cooldowns, sends).as_secs()).collect();
        assert_eq!(waits, [60, 120, 300, 300, 300]);
    }
}
