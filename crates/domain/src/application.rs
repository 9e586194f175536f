//! Applications: the products that ask for verifications. Owns their identity and settings; never their keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::message::{AppHash, LongestValues, MessageFormat, Origin};
use crate::phone::Phone;
use crate::policy::Policy;
use crate::proof::ProofPhone;
use crate::slug::slug;
use crate::test_number::TestNumber;
use crate::time::Timestamp;
use crate::webhook::{Webhook, WebhookId};

slug! {
    /// Names an application: a slug of 1 to 40 lower-case letters, digits and inner dashes.
    ApplicationId
}

impl ApplicationId {
    /// The application that always exists: `default`.
    #[must_use]
    pub fn default_application() -> Self {
        Self("default".into())
    }
}

/// A product that asks for verifications, and how they are done for it.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// Budgets, lifetimes, limits, and what happens to a phone that somebody else holds.
    pub policy: Policy,
    /// Its name and the texts of its SMS.
    pub messages: MessageFormat,
    /// The builds of its Android app that may read the SMS by themselves (SMS Retriever).
    pub app_hashes: Vec<AppHash>,
    /// The web origins that may read the code out of the SMS (`WebOTP`).
    pub origins: Vec<Origin>,
    /// What its proofs tell of the phone.
    pub proof_phone: ProofPhone,
    /// Who is told of its events.
    pub webhooks: Vec<Webhook>,
    /// Its phones for tests; each phone once.
    pub test_numbers: Vec<TestNumber>,
}

impl Application {
    /// The longest values that an SMS of it can carry.
    #[must_use]
    pub fn longest_values(&self) -> LongestValues<'_> {
        LongestValues {
            code_digits: usize::from(self.policy.code_length.max(self.policy.code_length_long).digits()),
            minutes: (self.policy.lifetime.as_secs() / 60).max(1),
            app_hashes: &self.app_hashes,
            origins: &self.origins,
        }
    }

    /// Its test number that is this phone, if it counts at `now`.
    #[must_use]
    pub fn test_number(&self, phone: Phone, now: Timestamp) -> Option<&TestNumber> {
        self.test_numbers.iter().find(|test| test.phone == phone && test.is_active(now))
    }

    /// Its webhook of this name.
    #[must_use]
    pub fn webhook(&self, id: &WebhookId) -> Option<&Webhook> {
        self.webhooks.iter().find(|webhook| webhook.subscription.webhook == *id)
    }
}

/// The applications that this service serves.
#[derive(Clone, Debug)]
pub struct Applications(Arc<BTreeMap<ApplicationId, Application>>);

impl Applications {
    /// The directory of these applications; of two with one id, the later counts.
    #[must_use]
    pub fn new(applications: impl IntoIterator<Item = Application>) -> Self {
        Self(Arc::new(
            applications.into_iter().map(|application| (application.id.clone(), application)).collect(),
        ))
    }

    /// The application with this id.
    #[must_use]
    pub fn find(&self, id: &ApplicationId) -> Option<&Application> {
        self.0.get(id)
    }

    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = &ApplicationId> {
        self.0.keys()
    }

    /// All of them, in the order of their ids.
    pub fn all(&self) -> impl Iterator<Item = &Application> {
        self.0.values()
    }

    /// Whether this phone is only read because it is for the tests of one of them.
    #[must_use]
    pub fn is_fictitious(&self, phone: Phone) -> bool {
        let mut all = self.0.values().flat_map(|application| &application.test_numbers);
        all.any(|test| test.phone == phone && !test.ordinary)
    }

    /// The webhooks of all of them.
    pub fn webhooks(&self) -> impl Iterator<Item = &Webhook> {
        self.0.values().flat_map(|application| &application.webhooks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_named_by_a_slug() {
        assert!(ApplicationId::parse("shop-2").is_some());
        for text in ["", "Shop", "-shop", "shop-", "a b", "दोकान", &"x".repeat(41)] {
            assert!(ApplicationId::parse(text).is_none(), "{text:?}");
        }
    }
}
