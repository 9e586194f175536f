//! Rows of every kind.

use std::time::Duration;

use domain::account::{Account, Username, VerifiedPhone};
use domain::application::ApplicationId;
use domain::block::{Block, BlockAction, BlockReason, BlockSubject, Prefix};
use domain::code::{CodeLength, Nonce, PepperId};
use domain::credential::{Credential, CredentialKind, CredentialName, CredentialSecret, Scope, SecretHash};
use domain::delivery::{Credits, DeliveryRecord, MessageId};
use domain::event::{Event, EventKind, EventPlace};
use domain::guess::{Guess, GuessClass};
use domain::id::{
    AccountId, BlockId, CredentialId, DeliveryId, StatisticWriterId, VerificationId, WebhookDeliveryId,
};
use domain::message::{AppHash, Locale, Origin};
use domain::phone::Phone;
use domain::policy::Policy;
use domain::ports::{
    BlockAdded, Change, EventFilter, Inserted, Page, Saved, SendAnswer, SendReport, StatisticBatch,
    WebhookDeliveryFilter,
};
use domain::route::RouteName;
use domain::statistic::{Amounts, Measure, StatisticKey, StatisticLine};
use domain::testkit::SeededEntropy;
use domain::time::{Day, Timestamp, after};
use domain::verification::{
    Budget, Command, Delivery, DeliveryState, MessageOptions, Purpose, Seed, State, Subject, Verification,
    open, step,
};
use domain::webhook::{
    Attempt, AttemptFault, AttemptOutcome, DeliveryStatus, Subscription, WebhookDelivery, WebhookId,
};
use uuid::Uuid;

use super::harness::Base;

/// 2026-01-15T08:00:00Z.
pub(crate) fn begin() -> Timestamp {
    Timestamp::from_second(1_768_464_000).unwrap()
}

pub(crate) fn phone(number: u64) -> Phone {
    Phone::from_digits(9_779_840_000_000 + number).unwrap()
}

pub(crate) fn shop() -> ApplicationId {
    ApplicationId::parse("shop").unwrap()
}

pub(crate) fn subject(account: Option<&Account>, number: u64, purpose: Purpose) -> Subject {
    let application = account.map_or_else(shop, |account| account.application.clone());
    Subject { application, account: account.map(|account| account.id), phone: phone(number), purpose }
}

/// A verification that begins at `now`.
pub(crate) fn begun(
    subject: &Subject,
    username: Option<&Username>,
    seed: u64,
    now: Timestamp,
) -> Verification {
    let entropy = SeededEntropy::new(seed);
    let seed = Seed {
        nonce: Nonce::new(&entropy).unwrap(),
        pepper: PepperId::from_bytes([9; 8]),
        length: CodeLength::SIX,
    };
    let message = MessageOptions { locale: Locale::English, app_hash: None, origin: None };
    let (id, budget) = (VerificationId::new(now, &entropy).unwrap(), Budget::of(&Policy::default()));
    open(id, subject.clone(), username.cloned(), message, budget, seed, now)
}

/// What can be found again in a base that was furnished.
pub(crate) struct Furniture {
    /// The account that holds a phone.
    pub(crate) ram: Account,
    /// Its user token.
    pub(crate) token: SecretHash,
    /// A pending verification with a wrong check.
    pub(crate) pending: Verification,
    /// The younger of two verifications of a subject that began in the same millisecond.
    pub(crate) younger: Verification,
    /// The events, youngest first.
    pub(crate) events: Vec<Event>,
    /// The deliveries, youngest first.
    pub(crate) deliveries: Vec<WebhookDelivery>,
}

/// Puts rows of every kind into the base.
pub(crate) async fn furnish(base: &Base) -> Furniture {
    let ram = accounts(base).await;
    let token = credentials(base, &ram).await;
    every_state(base, &ram).await;
    odd_verifications(base).await;
    let pending = wrong_checks(base, &ram).await;
    let younger = twins(base, &ram).await;
    sends(base, &pending).await;
    blocks(base, &ram).await;
    statistics(base, &ram).await;
    let (events, deliveries) = events(base, &ram).await;
    Furniture { ram, token, pending, younger, events, deliveries }
}

/// A delivery with all that a gateway may tell, and one without.
async fn sends(base: &Base, of: &Verification) {
    let told = SendReport {
        answer: SendAnswer::Accepted,
        message_id: MessageId::parse("SM-7"),
        credits: Some(Credits::from_thousandths(1500)),
    };
    for (seed, report) in [(601, told), (602, SendAnswer::NotSent.into())] {
        let record = DeliveryRecord {
            id: DeliveryId::new(begin(), &SeededEntropy::new(seed)).unwrap(),
            application: of.subject.application.clone(),
            verification: of.id,
            number: 1,
            attempt: 2,
            phone: of.subject.phone,
            route: RouteName::parse("nepal"),
            gateway: "sparrow".into(),
            report,
            at: begin(),
            took: Duration::from_millis(37),
            segments: 2,
            template: Some(3),
        };
        let unchanged = Change { next: of, expected: of.version, guess: None };
        assert_eq!(base.sent.record_delivery(&unchanged, &[record]).await.unwrap(), Saved::Stored);
    }
}

const PAGE_OF_EVENTS: Page<EventPlace> = Page { before: None, limit: 100 };
const PAGE_OF_DELIVERIES: Page<WebhookDeliveryId> = Page { before: None, limit: 100 };

/// Events of every end, and two of one verification, at first handed out and then not; deliveries that stand in every
/// way, with every outcome of an attempt.
async fn events(base: &Base, ram: &Account) -> (Vec<Event>, Vec<WebhookDelivery>) {
    let webhook = WebhookId::parse("shop").unwrap();
    let subscription = Subscription {
        webhook: webhook.clone(),
        application: ram.application.clone(),
        kinds: EventKind::ALL.to_vec(),
    };
    for number in 501..506 {
        let at = after(begin(), Duration::from_millis(number));
        let mut one = begun(&subject(Some(ram), number, Purpose::Recovery), Some(&ram.username), number, at);
        insert(base, &one).await;
        one.state = if number % 2 == 0 { State::Locked { at } } else { State::Canceled { at } };
        one.version = 1;
        let change = Change { next: &one, expected: 0, guess: None };
        assert_eq!(base.verifications.save(&change).await.unwrap(), Saved::Stored);
        if number < 504 {
            base.webhooks.hand_out(std::slice::from_ref(&subscription), at, 10).await.unwrap();
        }
    }
    // Without an account.
    let mut nobody = begun(&subject(None, 510, Purpose::Login), None, 510, begin());
    insert(base, &nobody).await;
    (nobody.state, nobody.version) = (State::Canceled { at: begin() }, 1);
    let change = Change { next: &nobody, expected: 0, guess: None };
    assert_eq!(base.verifications.save(&change).await.unwrap(), Saved::Stored);

    let now = after(begin(), Duration::from_mins(1));
    let due = base.webhooks.claim(&[webhook], now, after(now, Duration::from_mins(1)), 10).await.unwrap();
    let (faults, soon) = (AttemptFault::ALL, after(now, Duration::from_mins(5)));
    for fault in faults {
        let outcome = AttemptOutcome::Failed(fault);
        let attempt = Attempt { at: now, took: Duration::from_secs(15), outcome };
        base.webhooks.record(due[0].id, &attempt, DeliveryStatus::Pending, Some(soon)).await.unwrap();
    }
    for (outcome, status, due) in [
        (AttemptOutcome::Refused { status: 500 }, DeliveryStatus::GivenUp, &due[1]),
        (AttemptOutcome::Taken { status: 204 }, DeliveryStatus::Delivered, &due[2]),
    ] {
        let attempt = Attempt { at: now, took: Duration::ZERO, outcome };
        base.webhooks.record(due.id, &attempt, status, None).await.unwrap();
    }
    told(base, &ram.application).await
}

/// Events and deliveries of the application.
pub(crate) async fn told(base: &Base, application: &ApplicationId) -> (Vec<Event>, Vec<WebhookDelivery>) {
    let (events, deliveries) = (EventFilter::default(), WebhookDeliveryFilter::default());
    (
        base.events.list_events(application, &events, PAGE_OF_EVENTS).await.unwrap(),
        base.webhooks.list_webhook_deliveries(application, &deliveries, PAGE_OF_DELIVERIES).await.unwrap(),
    )
}

async fn accounts(base: &Base) -> Account {
    let account = |application: &ApplicationId, name: &str, seed: u64, held: Option<u64>| Account {
        id: AccountId::new(begin(), &SeededEntropy::new(seed)).unwrap(),
        application: application.clone(),
        username: Username::parse(name).unwrap(),
        phone: held.map(|number| VerifiedPhone { phone: phone(number), verified_at: begin() }),
        created_at: begin(),
    };
    let default = ApplicationId::default_application();
    let ram = account(&default, "ram", 1, Some(1));
    let rest = [
        account(&default, "Ram", 2, None),
        // The same phone, but in another application.
        account(&shop(), "ram", 3, Some(1)),
        account(&default, "राम \"\\/\u{7d}{\u{1f600}'; --", 4, None),
        account(&default, &"\u{1f600}".repeat(150), 5, Some(2)),
        Account { created_at: Timestamp::UNIX_EPOCH, ..account(&default, "\\N", 6, None) },
    ];
    for account in [&ram].into_iter().chain(&rest) {
        base.accounts.add(account).await.unwrap();
    }
    ram
}

async fn credentials(base: &Base, ram: &Account) -> SecretHash {
    let (later, token) = (Some(after(begin(), Duration::from_hours(24))), CredentialKind::UserToken(ram.id));
    let kinds = [
        (token, None, None, ""),
        (token, later, None, "राम's phone; \"1\""),
        (CredentialKind::Key(Scope::Verify), None, Some(begin()), "CI"),
        (CredentialKind::Key(Scope::Admin), later, later, ""),
    ];
    let mut hashes = Vec::new();
    for ((kind, expires_at, revoked_at, name), seed) in kinds.into_iter().zip(10..) {
        let entropy = SeededEntropy::new(seed);
        let credential = Credential {
            id: CredentialId::new(begin(), &entropy).unwrap(),
            application: ram.application.clone(),
            kind,
            name: CredentialName::parse(name),
            created_at: begin(),
            expires_at,
            revoked_at,
        };
        let hash = CredentialSecret::new(kind, &entropy).unwrap().hash();
        base.credentials.issue(&credential, &hash).await.unwrap();
        hashes.push(hash);
    }
    hashes[0]
}

async fn insert(base: &Base, verification: &Verification) {
    assert_eq!(base.verifications.insert(verification).await.unwrap(), Inserted::Stored);
}

/// Every state with every state of a delivery, every purpose.
async fn every_state(base: &Base, ram: &Account) {
    let at = after(begin(), Duration::from_millis(1_234_567));
    let states = [
        State::Pending,
        State::Approved { at },
        State::Expired { at },
        State::Canceled { at },
        State::Locked { at },
    ];
    let mut number = 100;
    for state in states {
        for (delivery_state, purpose) in DeliveryState::ALL.into_iter().zip(Purpose::ALL) {
            number += 1;
            let now = after(begin(), Duration::from_millis(number));
            let mut one = begun(&subject(Some(ram), number, purpose), Some(&ram.username), number, now);
            one.state = state;
            one.version = 3;
            one.delivery = Delivery { number: 2, state: delivery_state, at };
            insert(base, &one).await;
        }
    }
}

/// Those that have what others have not: no account, every text, no waits, the greatest and the smallest numbers.
async fn odd_verifications(base: &Base) {
    let of = |number: u64| begun(&subject(None, number, Purpose::Login), None, number, begin());
    let mut texts = of(201);
    texts.message = MessageOptions {
        locale: Locale::Nepali,
        app_hash: Some(AppHash::parse("FA+9q/X9VSu").unwrap()),
        origin: Some(Origin::parse("https://shop.example.com").unwrap()),
    };
    texts.generation.length = CodeLength::new(10).unwrap();

    let mut least = of(202);
    least.budget = Budget {
        lifetime: Duration::ZERO,
        renew_below: Duration::ZERO,
        checks_max: 0,
        cooldowns: Vec::new().into(),
    };
    // A clock that stood at the beginning of its time.
    for instant in [&mut least.created_at, &mut least.sent_at, &mut least.resend_at, &mut least.delivery.at] {
        *instant = Timestamp::UNIX_EPOCH;
    }
    least.generation.expires_at = Timestamp::from_millisecond(-1).unwrap();

    let mut most = of(203);
    // What PostgreSQL's `integer` holds.
    let most_of_a_count = i32::MAX.unsigned_abs();
    most.version = most_of_a_count;
    most.sends_used = most_of_a_count;
    most.checks_used = most_of_a_count;
    most.delivery.number = most_of_a_count;
    most.budget = Budget {
        lifetime: Duration::from_millis(i64::MAX.unsigned_abs()),
        renew_below: Duration::from_millis(i64::MAX.unsigned_abs()),
        checks_max: most_of_a_count,
        cooldowns: vec![Duration::from_mins(1), Duration::from_millis(1), Duration::from_hours(24)].into(),
    };
    // The last second that our instants reach.
    let the_end = Timestamp::from_second(Timestamp::MAX.as_second()).unwrap();
    most.generation.expires_at = the_end;
    most.resend_at = the_end;
    for one in [texts, least, most] {
        insert(base, &one).await;
    }
}

/// The ledger: phones on days, with short codes and long ones.
async fn wrong_checks(base: &Base, ram: &Account) -> Verification {
    let mut last = None;
    for (number, days) in [(301, 0), (302, 0), (303, 2)] {
        let mut one =
            begun(&subject(Some(ram), number, Purpose::Contact), Some(&ram.username), number, begin());
        insert(base, &one).await;
        for class in [GuessClass::Short, GuessClass::Short, GuessClass::Long] {
            let day = Day::of(after(begin(), Duration::from_hours(24) * days));
            let guess = Guess { day, class, wrong: true, short_ceiling: 40, ceiling: 10 };
            let next = step(&one, Command::Check { matches: false }, begin()).next;
            let change = Change { next: &next, expected: one.version, guess: Some(guess) };
            assert_eq!(base.verifications.save(&change).await.unwrap(), Saved::Stored);
            one = next;
        }
        last = Some(one);
    }
    last.unwrap()
}

/// Two verifications of a subject that began in the same millisecond; the ids tell another order.
async fn twins(base: &Base, ram: &Account) -> Verification {
    let subject = subject(Some(ram), 400, Purpose::Contact);
    let mut twins = [401, 402].map(|seed| begun(&subject, Some(&ram.username), seed, begin()));
    twins.sort_by_key(|twin| std::cmp::Reverse(twin.id));
    for twin in &mut twins {
        twin.state = State::Canceled { at: begin() };
        insert(base, twin).await;
    }
    let [_, younger] = twins;
    younger
}

/// About each kind of subject, of one application and of all.
async fn blocks(base: &Base, ram: &Account) {
    let prefix = Prefix::parse("+9779841234").unwrap();
    let rows = [
        (Some(ram.application.clone()), BlockAction::Deny, BlockSubject::Account(ram.id)),
        (None, BlockAction::Deny, BlockSubject::Prefix(prefix)),
        (Some(shop()), BlockAction::Allow, BlockSubject::Phone(phone(1))),
    ];
    for ((application, action, subject), seed) in rows.into_iter().zip(501..) {
        let lasting = application.is_none();
        let block = Block {
            id: BlockId::new(begin(), &SeededEntropy::new(seed)).unwrap(),
            application,
            action,
            subject,
            reason: lasting.then(|| BlockReason::parse("गाली \"\\ '; --").unwrap()),
            created_at: begin(),
            expires_at: (!lasting).then(|| after(begin(), Duration::from_millis(1))),
        };
        assert_eq!(base.blocks.add_block(&block, 10).await.unwrap(), BlockAdded::Stored);
    }
}

/// A line with an operator, and one without.
async fn statistics(base: &Base, ram: &Account) {
    let key = StatisticKey {
        day: Day::of(begin()),
        application: ram.application.clone(),
        operator: phone(1).operator(),
        purpose: Some(Purpose::Login),
        gateway: "sparrow".into(),
    };
    let mut amounts = Amounts::default();
    amounts.add(Measure::Starts, 1 << 60);
    let unknown = StatisticKey { operator: None, purpose: None, ..key.clone() };
    let lines = [key, unknown].map(|key| StatisticLine { key, amounts: amounts.clone() }).to_vec();
    let writer = StatisticWriterId::from_uuid(Uuid::from_u128(7));
    let batch = StatisticBatch { writer, number: 1, lines, cohorts: Vec::new() };
    base.statistics.add_statistics(&batch).await.unwrap();
}
