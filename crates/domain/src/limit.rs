//! Limits on sends. Owns which counters a send takes from; never counts.

use std::time::Duration;

use crate::application::ApplicationId;
use crate::id::AccountId;
use crate::phone_key::PhoneFingerprint;
use crate::policy::Policy;
use crate::ports::{Entropy, PortError};
use crate::time::Timestamp;

/// A rule such as "5 sends per phone within 10 minutes": at most `max` in any stretch of time as long as `window`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The most that any window holds.
    pub max: u32,
    /// The length of the sliding window.
    pub window: Duration,
}

/// What a limit counts; part of the counter's key and of what the operator reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LimitName {
    /// Sends to one phone, over all applications.
    SendsPerPhone,
    /// Sends for one account.
    SendsPerAccount,
    /// Distinct phones that one account sends to.
    PhonesPerAccount,
}

impl LimitName {
    /// The name in keys, logs and statistics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendsPerPhone => "sends-per-phone",
            Self::SendsPerAccount => "sends-per-account",
            Self::PhonesPerAccount => "phones-per-account",
        }
    }

    /// What it counts, for people.
    #[must_use]
    pub const fn counts(self) -> &'static str {
        match self {
            Self::SendsPerPhone => "SMS to one phone, over all applications",
            Self::SendsPerAccount => "SMS for one account",
            Self::PhonesPerAccount => "different phones of one account",
        }
    }
}

/// One counter of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Which limit it is.
    pub name: LimitName,
    /// The limit.
    pub limit: Limit,
    /// Where it is counted.
    pub key: CounterKey,
}

/// How full a counter is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How much it holds.
    pub used: u32,
    /// When it has room again; `None` when it has room now.
    pub room_at: Option<Timestamp>,
}

/// The name of one counter. Holds a fingerprint where it is about a phone, never the phone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CounterKey(String);

impl CounterKey {
    fn new(name: LimitName, limit: Limit, about: &str) -> Self {
        Self(format!("{}:{}:{about}", name.as_str(), limit.window.as_secs()))
    }

    /// The key as text: `limit:window in seconds:whom it is about`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whom the counter is about: the end of the key. What is counted about the same can be kept together.
    #[must_use]
    pub fn about(&self) -> &str {
        self.0.splitn(3, ':').last().unwrap_or_default()
    }
}

/// What is counted once however often it is taken: the take itself, or the phone it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member(pub [u8; 16]);

impl Member {
    /// Stands for one attempt to send. Fresh for each, so that of two that race the loser gives back its own count and
    /// never the winner's.
    ///
    /// # Errors
    /// [`PortError`] when the source of randomness does not answer.
    pub fn of_attempt(entropy: &dyn Entropy) -> Result<Self, PortError> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// One counter that a send takes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// Which limit it is.
    pub name: LimitName,
    /// The limit.
    pub limit: Limit,
    /// The counter.
    pub key: CounterKey,
    /// What is counted.
    pub member: Member,
}

/// Whom a send is about.
#[derive(Clone, Copy, Debug)]
pub struct SendParties<'a> {
    /// The application that asks.
    pub application: &'a ApplicationId,
    /// The account it is for, if any.
    pub account: Option<AccountId>,
    /// The phone it goes to.
    pub phone: PhoneFingerprint,
}

/// The counters of a phone, over all applications.
#[must_use]
pub fn counters_of_phone(policy: &Policy, phone: PhoneFingerprint) -> Vec<Counter> {
    let phone = hex(&phone.bytes()[..16]);
    policy
        .limits
        .sends_per_phone
        .iter()
        .map(|limit| counter(LimitName::SendsPerPhone, *limit, &phone))
        .collect()
}

/// The counters of an account.
#[must_use]
pub fn counters_of_account(policy: &Policy, application: &ApplicationId, account: AccountId) -> Vec<Counter> {
    let account = format!("{application}/{account}");
    let limits = &policy.limits;
    let sends = limits.sends_per_account.iter().map(|limit| (LimitName::SendsPerAccount, limit));
    let phones = limits.phones_per_account.iter().map(|limit| (LimitName::PhonesPerAccount, limit));
    sends.chain(phones).map(|(name, limit)| counter(name, *limit, &account)).collect()
}

fn counter(name: LimitName, limit: Limit, about: &str) -> Counter {
    Counter { name, limit, key: CounterKey::new(name, limit, about) }
}

/// The counters that one send takes from, in the order in which they are looked at.
#[must_use]
pub fn takes_of_a_send(policy: &Policy, parties: &SendParties<'_>, attempt: Member) -> Vec<Take> {
    let mut this_phone = Member([0; 16]);
    this_phone.0.copy_from_slice(&parties.phone.bytes()[..16]);
    let phone = hex(&parties.phone.bytes()[..16]);

    let take = |name, limit, about: &str, member| Take {
        name,
        limit,
        key: CounterKey::new(name, limit, about),
        member,
    };
    let limits = &policy.limits;
    let mut takes = Vec::with_capacity(4);
    takes.extend(
        limits.sends_per_phone.iter().map(|limit| take(LimitName::SendsPerPhone, *limit, &phone, attempt)),
    );
    if let Some(account) = parties.account {
        let account = format!("{}/{account}", parties.application);
        takes.extend(
            limits
                .sends_per_account
                .iter()
                .map(|limit| take(LimitName::SendsPerAccount, *limit, &account, attempt)),
        );
        takes.extend(
            limits
                .phones_per_account
                .iter()
                .map(|limit| take(LimitName::PhonesPerAccount, *limit, &account, this_phone)),
        );
    }
    takes
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::phone::Phone;
    use crate::phone_key::PhoneKey;

    #[test]
    fn whoever_looks_at_counters_looks_at_those_that_a_send_takes_from() {
        let policy = Policy::default();
        let application = ApplicationId::default_application();
        let account = AccountId::from_uuid(Uuid::from_u128(7));
        let phone = Phone::from_digits(9_779_841_234_567).unwrap();
        let phone = PhoneKey::new(&[7; 32]).unwrap().fingerprint(phone);
        let parties = SendParties { application: &application, account: Some(account), phone };
        let taken = takes_of_a_send(&policy, &parties, Member([1; 16]));
        let mut seen = counters_of_phone(&policy, phone);
        seen.extend(counters_of_account(&policy, &application, account));
        let taken: Vec<_> = taken
            .into_iter()
            .map(|take| Counter { name: take.name, limit: take.limit, key: take.key })
            .collect();
        assert_eq!(seen, taken);
    }
}
