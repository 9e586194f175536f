//! A whole verifier over the fakes.

use std::sync::Arc;
use std::time::Duration;

use super::demand::{kept, present};
use super::{
    KnownEstimates, KnownIdentities, ManualClock, MemoryCounters, MemoryStore, RecordedAlarms,
    RecordedObserver, ScriptedGateway, ScriptedReceiver, SeededEntropy,
};
use crate::account::{Account, Username};
use crate::application::{Application, ApplicationId, Applications};
use crate::code::{Pepper, Peppers, SubmittedCode};
use crate::credential::Caller;
use crate::event::EventKind;
use crate::id::AccountId;
use crate::message::{AppHash, AppName, MessageFormat, Origin};
use crate::phone::{Phone, PhoneParser};
use crate::phone_key::PhoneKey;
use crate::policy::Policy;
use crate::ports::{AccountStore, Clock, Ports};
use crate::proof::ProofPhone;
use crate::time::Timestamp;
use crate::use_cases::{StartRequest, Verifier};
use crate::verification::Purpose;
use crate::webhook::{Subscription, Webhook, WebhookId};

/// A verifier over fakes, and the fakes. It begins at 2026-01-15T08:00:00Z; its application `default` is called
/// "Demo", has the app hash `FA+9qCX9VSu` and the origin `https://example.com`.
#[derive(Debug)]
pub struct World {
    /// What the use cases take.
    pub verifier: Verifier,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its randomness.
    pub entropy: Arc<SeededEntropy>,
    /// Its stores.
    pub store: Arc<MemoryStore>,
    /// Its counters.
    pub counters: Arc<MemoryCounters>,
    /// Its gateway.
    pub gateway: Arc<ScriptedGateway>,
    /// Its alarms.
    pub alarms: Arc<RecordedAlarms>,
    /// What is known of the delivery of its SMS.
    pub estimates: Arc<KnownEstimates>,
    /// Who is told what happens in it.
    pub observer: Arc<RecordedObserver>,
    /// The tokens of its applications' own sign-in.
    pub identities: Arc<KnownIdentities>,
    /// The receiver of its webhooks.
    pub receiver: Arc<ScriptedReceiver>,
}

/// What a [`World`] is made from.
#[derive(Debug)]
pub struct WorldBuilder {
    applications: Vec<Application>,
    now: Timestamp,
    seed: u64,
    newest_pepper: u8,
    older_peppers: Vec<u8>,
}

/// 2026-01-15T08:00:00Z.
const BEGIN_SECOND: i64 = 1_768_464_000;

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// The world with the default policy.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// The world in which the application `default` has this policy.
    #[must_use]
    pub fn with_policy(policy: Policy) -> Self {
        Self::builder().policy(policy).build()
    }

    /// A world to be made.
    #[must_use]
    pub fn builder() -> WorldBuilder {
        WorldBuilder {
            applications: vec![application("default", "Demo", Policy::default())],
            now: Timestamp::from_second(BEGIN_SECOND).unwrap_or(Timestamp::UNIX_EPOCH),
            seed: 1,
            newest_pepper: 1,
            older_peppers: Vec::new(),
        }
    }

    /// The user `name` of the application `default`, whose account is made on first use.
    pub async fn user(&self, name: &str) -> Caller {
        self.user_of("default", name).await
    }

    /// The user `name` of another application.
    pub async fn user_of(&self, application: &str, name: &str) -> Caller {
        let now = self.clock.now();
        let account = Account {
            id: kept(AccountId::new(now, self.entropy.as_ref())),
            application: slug(application),
            username: username(name),
            phone: None,
            created_at: now,
        };
        Caller::User(kept(self.store.add(&account).await).0.identity())
    }

    /// The holder of a key of the application `default` with the scope `verify`.
    #[must_use]
    pub fn application(&self) -> Caller {
        Caller::Application(ApplicationId::default_application())
    }

    /// The holder of a key of another application with the scope `verify`.
    #[must_use]
    pub fn application_of(&self, application: &str) -> Caller {
        Caller::Application(slug(application))
    }

    /// The holder of an admin key of the application `default`.
    #[must_use]
    pub fn admin(&self) -> Caller {
        Caller::Admin(ApplicationId::default_application())
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// The same world after a restart with these peppers, named by numbers; a new [`World`] has the pepper 1.
    #[must_use]
    pub fn with_peppers(&self, newest: u8, older: &[u8]) -> Verifier {
        Verifier { peppers: Arc::new(peppers(newest, older)), ..self.verifier.clone() }
    }

    /// The code in the last SMS, as a caller would submit it.
    ///
    /// # Panics
    /// When no SMS was sent.
    #[must_use]
    pub fn right_code(&self) -> SubmittedCode {
        code(&present(self.gateway.last_code(), "an SMS with a code must have been sent"))
    }

    /// A code of the same length that is not the one in the last SMS; another one for each `number` below a million.
    ///
    /// # Panics
    /// When no SMS was sent.
    #[must_use]
    pub fn wrong_code(&self, number: u64) -> SubmittedCode {
        let right = present(self.gateway.last_code(), "an SMS with a code must have been sent");
        let length = right.len();
        let all = (0..length).fold(1, |all: u64, _| all * 10);
        let wrong = (right.parse::<u64>().unwrap_or(0) + 1 + number) % all;
        code(&format!("{wrong:0length$}"))
    }
}

impl WorldBuilder {
    /// The policy of the application `default`.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        if let Some(default) = self.applications.first_mut() {
            default.policy = policy;
        }
        self
    }

    /// One more application.
    #[must_use]
    pub fn application(mut self, id: &str, name: &str, policy: Policy) -> Self {
        self.applications.push(application(id, name, policy));
        self
    }

    /// Webhooks of the application `default`, which want everything, by their names.
    #[must_use]
    pub fn webhooks(mut self, names: &[&str]) -> Self {
        if let Some(default) = self.applications.first_mut() {
            default.webhooks = names.iter().map(|name| webhook(&default.id, name)).collect();
        }
        self
    }

    /// When it begins.
    #[must_use]
    pub const fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// The seed of its randomness.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Its peppers, named by numbers.
    #[must_use]
    pub fn peppers(mut self, newest: u8, older: &[u8]) -> Self {
        self.newest_pepper = newest;
        self.older_peppers = older.to_vec();
        self
    }

    /// The world.
    #[must_use]
    pub fn build(self) -> World {
        let clock = Arc::new(ManualClock::at(self.now));
        let entropy = Arc::new(SeededEntropy::new(self.seed));
        let store = Arc::new(MemoryStore::default());
        let counters = Arc::new(MemoryCounters::default());
        let gateway = Arc::new(ScriptedGateway::default());
        let alarms = Arc::new(RecordedAlarms::default());
        let estimates = Arc::new(KnownEstimates::default());
        let observer = Arc::new(RecordedObserver::default());
        let identities = Arc::new(KnownIdentities::default());
        let receiver = Arc::new(ScriptedReceiver::new(clock.clone()));
        let ports = Ports {
            verifications: store.clone(),
            accounts: store.clone(),
            credentials: store.clone(),
            deliveries: store.clone(),
            identities: Some(identities.clone()),
            events: store.clone(),
            webhooks: store.clone(),
            idempotency: store.clone(),
            credits: store.clone(),
            block_store: store.clone(),
            pauses: store.clone(),
            blocks: store.clone(),
            statistics: store.clone(),
            estimates: estimates.clone(),
            observer: observer.clone(),
            vitals: store.clone(),
            counters: counters.clone(),
            gateways: crate::ports::Gateways::one(gateway.clone()),
            clock: clock.clone(),
            entropy: entropy.clone(),
            proofs: None,
            alarms: alarms.clone(),
            webhook_sender: receiver.clone(),
        };
        let verifier = Verifier {
            ports,
            applications: Applications::new(self.applications),
            peppers: Arc::new(peppers(self.newest_pepper, &self.older_peppers)),
            phone_key: Arc::new(present(PhoneKey::new(&[7; 32]).ok(), "32 bytes are a phone key")),
        };
        World {
            verifier,
            clock,
            entropy,
            store,
            counters,
            gateway,
            alarms,
            estimates,
            observer,
            identities,
            receiver,
        }
    }
}

fn application(id: &str, name: &str, policy: Policy) -> Application {
    Application {
        id: slug(id),
        policy,
        messages: MessageFormat::new(present(
            AppName::parse(name).ok(),
            "the application's name must be one",
        )),
        app_hashes: AppHash::parse("FA+9qCX9VSu").into_iter().collect(),
        origins: Origin::parse("https://example.com").into_iter().collect(),
        proof_phone: ProofPhone::default(),
        webhooks: Vec::new(),
        test_numbers: Vec::new(),
    }
}

fn webhook(application: &ApplicationId, name: &str) -> Webhook {
    Webhook {
        subscription: Subscription {
            webhook: present(WebhookId::parse(name), "the webhook's name must be a slug"),
            application: application.clone(),
            kinds: EventKind::ALL.to_vec(),
        },
        address: format!("https://example.com/{name}").into(),
        secrets: 1,
        timeout: Duration::from_secs(15),
    }
}

fn slug(id: &str) -> ApplicationId {
    present(ApplicationId::parse(id), "the application's id must be a slug")
}

fn username(name: &str) -> Username {
    present(Username::parse(name).ok(), "the account's name must be a username")
}

fn peppers(newest: u8, older: &[u8]) -> Peppers {
    let pepper = |number: u8| present(Pepper::new(&[number; 32]).ok(), "32 bytes are a pepper");
    Peppers::new(pepper(newest), older.iter().map(|number| pepper(*number)).collect())
}

/// The Nepali phone that people write like this.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn phone(text: &str) -> Phone {
    present(PhoneParser::nepal().parse(text).ok(), "the phone must be one of Nepal")
}

/// A code as somebody typed it.
///
/// # Panics
/// When it can be none.
#[must_use]
pub fn code(text: &str) -> SubmittedCode {
    present(SubmittedCode::parse(text).ok(), "the code must have 6 to 10 digits")
}

/// A start that asks for nothing but a code to this phone, to bind it.
#[must_use]
pub const fn start_request(phone: Phone) -> StartRequest {
    StartRequest {
        phone,
        account: None,
        purpose: Purpose::Contact,
        locale: None,
        app_hash: None,
        origin: None,
    }
}
