//! What tests put into a SQL store, whichever it is.

use std::time::Duration;

use adapters::phone_vault::PhoneVault;
use domain::account::{Account, Username, VerifiedPhone};
use domain::application::ApplicationId;
use domain::block::{Block, BlockAction, BlockSubject};
use domain::code::{CodeLength, Nonce, PepperId};
use domain::credential::{Caller, Credential, CredentialKind, CredentialSecret, Scope};
use domain::deliverability::{Cohort, CohortKey, CohortLine, CohortMeasure, Slot};
use domain::guess::{Guess, GuessClass};
use domain::id::{AccountId, BlockId, CredentialId, StatisticWriterId, VerificationId};
use domain::idempotency::{Attempt, Begun, Fingerprint, IdempotencyKey, KeyPlace, Owner, StoredAnswer};
use domain::message::Locale;
use domain::phone::Phone;
use domain::phone_key::PhoneKey;
use domain::policy::Policy;
use domain::ports::{
    AccountStore, Approval, Approved, BlockAdded, BlockStore, Change, CredentialStore, IdempotencyStore,
    Inserted, Saved, StatisticBatch, StatisticStore, VerificationStore,
};
use domain::route::RouteName;
use domain::statistic::{Amounts, Measure, StatisticKey, StatisticLine};
use domain::testkit::SeededEntropy;
use domain::time::{Day, Timestamp, after};
use domain::verification::{
    Budget, Command, MessageOptions, Purpose, Seed, Subject, Verification, open, step,
};

/// The phone of the tests, as people write it.
pub(crate) const PHONE_DIGITS: &str = "9841234567";

pub(crate) fn vault(key: u8) -> PhoneVault {
    PhoneVault::new(&PhoneKey::new(&[key; 32]).unwrap())
}

pub(crate) fn phone() -> Phone {
    Phone::from_digits(format!("977{PHONE_DIGITS}").parse().unwrap()).unwrap()
}

/// 2026-01-15T08:00:00Z.
pub(crate) fn begin() -> Timestamp {
    Timestamp::from_second(1_768_464_000).unwrap()
}

pub(crate) fn seconds(seconds: u64) -> Timestamp {
    after(begin(), Duration::from_secs(seconds))
}

pub(crate) fn today() -> Day {
    Day::of(begin())
}

/// An account of this name that is stored, in the application `default`.
pub(crate) async fn account(store: &impl AccountStore, name: &str, seed: u64) -> Account {
    let account = Account {
        id: AccountId::new(begin(), &SeededEntropy::new(seed)).unwrap(),
        application: ApplicationId::default_application(),
        username: Username::parse(name).unwrap(),
        phone: None,
        created_at: begin(),
    };
    store.add(&account).await.unwrap().0
}

pub(crate) fn subject(account: Option<&Account>) -> Subject {
    Subject {
        application: ApplicationId::default_application(),
        account: account.map(|account| account.id),
        phone: phone(),
        purpose: Purpose::Contact,
    }
}

/// A verification that begins at `now`, with the default policy.
pub(crate) fn begun(account: Option<&Account>, seed: u64, now: Timestamp) -> Verification {
    let entropy = SeededEntropy::new(seed);
    let seed = Seed {
        nonce: Nonce::new(&entropy).unwrap(),
        pepper: PepperId::from_bytes([9; 8]),
        length: CodeLength::SIX,
    };
    open(
        VerificationId::new(now, &entropy).unwrap(),
        subject(account),
        account.map(|account| account.username.clone()),
        MessageOptions { locale: Locale::English, app_hash: None, origin: None },
        Budget::of(&Policy::default()),
        seed,
        now,
    )
}

/// The same, stored.
pub(crate) async fn inserted(
    store: &impl VerificationStore,
    account: Option<&Account>,
    seed: u64,
) -> Verification {
    let verification = begun(account, seed, begin());
    assert_eq!(store.insert(&verification).await.unwrap(), Inserted::Stored);
    verification
}

/// What becomes of a verification after a wrong check.
pub(crate) fn mistyped(verification: &Verification) -> Verification {
    step(verification, Command::Check { matches: false }, seconds(30)).next
}

pub(crate) const fn guess(day: Day, wrong: bool) -> Guess {
    Guess { day, class: GuessClass::Short, wrong, short_ceiling: 40, ceiling: 10 }
}

/// Approves what `verification` is about.
pub(crate) async fn approve(
    store: &impl VerificationStore,
    verification: &Verification,
    account: &Account,
) -> Approved {
    let approved = step(verification, Command::Check { matches: true }, seconds(60)).next;
    let approval = Approval {
        change: Change {
            next: &approved,
            expected: verification.version,
            guess: Some(guess(today(), false)),
        },
        account: account.id,
        phone: VerifiedPhone { phone: phone(), verified_at: seconds(60) },
        transfer: false,
    };
    store.approve(&approval).await.unwrap()
}

/// A call with this key, which begins now.
pub(crate) fn attempt(key: &str) -> Attempt {
    let secret = PhoneKey::new(&[7; 32]).unwrap();
    let caller = Caller::Application(ApplicationId::default_application());
    let key = IdempotencyKey::parse(key).unwrap();
    let place = KeyPlace::of(&secret, &caller, "POST", "/v1/verifications", &key);
    let entropy = SeededEntropy::new(u64::from(place.bytes()[0]));
    Attempt {
        place,
        fingerprint: Fingerprint::of(&secret, PHONE_DIGITS.as_bytes()),
        owner: Owner::new(&entropy).unwrap(),
        lease_until: seconds(45),
        expires_at: seconds(86_400),
    }
}

/// One of everything that has a phone or a secret in it: an account `ram-the-first` that has proved its phone behind a
/// wrong check, a key, whose secret is answered, and the answer that told it, under a key that is the phone.
pub(crate) async fn one_of_everything(
    store: &(
         impl AccountStore + VerificationStore + CredentialStore + IdempotencyStore + BlockStore + StatisticStore
     ),
) -> CredentialSecret {
    let ram = account(store, "ram-the-first", 1).await;
    let verification = inserted(store, Some(&ram), 1).await;
    let next = mistyped(&verification);
    let change = Change { next: &next, expected: 0, guess: Some(guess(today(), true)) };
    assert_eq!(store.save(&change).await.unwrap(), Saved::Stored);
    assert_eq!(approve(store, &next, &ram).await, Approved::Stored { transferred_from: None });

    let entropy = SeededEntropy::new(2);
    let key = Credential {
        id: CredentialId::new(begin(), &entropy).unwrap(),
        application: ApplicationId::default_application(),
        kind: CredentialKind::Key(Scope::Admin),
        name: None,
        created_at: begin(),
        expires_at: Some(seconds(1)),
        revoked_at: None,
    };
    let secret = CredentialSecret::new(key.kind, &entropy).unwrap();
    store.issue(&key, &secret.hash()).await.unwrap();

    let call = attempt(PHONE_DIGITS);
    assert_eq!(store.begin(&call, begin()).await.unwrap(), Begun::New);
    let body = format!("{{\"secret\":\"{}\",\"phone\":\"{PHONE_DIGITS}\"}}", secret.reveal());
    let answer = StoredAnswer { status: 201, headers: Vec::new(), body: body.into_bytes() };
    store.finish(&call.place, &call.owner, &answer).await.unwrap();
    let block = Block {
        id: BlockId::new(begin(), &entropy).unwrap(),
        application: None,
        action: BlockAction::Deny,
        subject: BlockSubject::Phone(phone()),
        reason: None,
        created_at: begin(),
        expires_at: None,
    };
    assert_eq!(store.add_block(&block, 1).await.unwrap(), BlockAdded::Stored);
    store.add_statistics(&starts()).await.unwrap();
    secret
}

/// What is kept of a start.
fn starts() -> StatisticBatch {
    let mut amounts = Amounts::default();
    amounts.add(Measure::Starts, 1);
    let key = StatisticKey {
        day: Day::of(begin()),
        application: ApplicationId::default_application(),
        operator: phone().operator(),
        purpose: Some(Purpose::Contact),
        gateway: "sparrow".into(),
    };
    let writer = StatisticWriterId::new(begin(), &SeededEntropy::new(7)).unwrap();
    let mut cohort = Cohort::default();
    cohort.add(CohortMeasure::Sent, 1);
    let cohort_key = CohortKey {
        slot: Slot::of(begin()),
        application: key.application.clone(),
        operator: key.operator,
        route: RouteName::parse("sparrow").unwrap(),
    };
    let cohorts = vec![CohortLine { key: cohort_key, cohort }];
    StatisticBatch { writer, number: 1, lines: vec![StatisticLine { key, amounts }], cohorts }
}
