//! That no statement walks a table: each is asked how PostgreSQL would carry it out, when there is nothing in the tables
//! and when there is much.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::account::{Account, Username, VerifiedPhone};
use domain::application::ApplicationId;
use domain::code::{CodeLength, Nonce, PepperId};
use domain::credential::{Caller, Credential, CredentialKind, CredentialSecret, Scope};
use domain::credit::{CreditBalance, CreditReading};
use domain::deliverability::{Cohort, CohortKey, CohortLine, CohortMeasure, Slot, Window};
use domain::delivery::DeliveryRecord;
use domain::guess::{Guess, GuessClass};
use domain::id::{AccountId, BlockId, CredentialId, DeliveryId, StatisticWriterId, VerificationId};
use domain::idempotency::{Attempt, Fingerprint, IdempotencyKey, KeyPlace, Owner, StoredAnswer};
use domain::invalid_numbers::{NumberCounts, Pause, PauseReason};
use domain::message::Locale;
use domain::phone::Phone;
use domain::phone_key::PhoneKey;
use domain::policy::Policy;
use domain::ports::{
    AccountStore as _, Approval, BlockScope, BlockStore as _, Change, CredentialFilter, CredentialStore as _,
    CreditStore as _, DeliveryFilter, DeliveryStore as _, IdempotencyStore as _, Page, PauseStore as _,
    SendAnswer, StatisticBatch, StatisticStore as _, VerificationFilter, VerificationStore as _,
    VitalStore as _,
};
use domain::route::RouteName;
use domain::statistic::{Amounts, Measure, StatisticBy, StatisticKey, StatisticLine};
use domain::testkit::SeededEntropy;
use domain::time::{Day, Timestamp};
use domain::verification::{
    Budget, Command, MessageOptions, Purpose, Seed, Subject, Verification, open, step,
};
use serde_json::Value;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::time::Instant;

use super::{PostgresOptions, PostgresStore};
use crate::phone_vault::PhoneVault;

mod events;

/// A store with one connection, which therefore knows every statement that was ever asked for.
async fn store(database: &servers::Database) -> PostgresStore {
    let options =
        PostgresOptions { connections_max: 1, ..PostgresOptions::from_url(database.url()).unwrap() };
    let vault = PhoneVault::new(&PhoneKey::new(&[7; 32]).unwrap());
    let store = PostgresStore::open(&options, vault).await.unwrap();
    store.migrate().await.unwrap();
    store
}

fn now() -> Timestamp {
    Timestamp::from_second(1_768_464_000).unwrap()
}

fn verification(account: &Account, phone: Phone) -> Verification {
    let entropy = SeededEntropy::new(3);
    let subject = Subject {
        application: account.application.clone(),
        account: Some(account.id),
        phone,
        purpose: Purpose::Contact,
    };
    let message = MessageOptions { locale: Locale::English, app_hash: None, origin: None };
    let seed = Seed {
        nonce: Nonce::new(&entropy).unwrap(),
        pepper: PepperId::from_bytes([9; 8]),
        length: CodeLength::SIX,
    };
    let id = VerificationId::new(now(), &entropy).unwrap();
    open(id, subject, None, message, Budget::of(&Policy::default()), seed, now())
}

/// Makes every call of every port once, in every form that has a statement of its own.
async fn ask_everything(store: &PostgresStore) {
    let (entropy, application) = (SeededEntropy::new(1), ApplicationId::default_application());
    let account = Account {
        id: AccountId::new(now(), &entropy).unwrap(),
        application: application.clone(),
        username: Username::parse("ram").unwrap(),
        phone: None,
        created_at: now(),
    };
    store.add(&account).await.unwrap();
    store.add(&Account { id: AccountId::new(now(), &entropy).unwrap(), ..account.clone() }).await.unwrap();
    store.load_account(account.id).await.unwrap();
    store.list_accounts(&application, Page { before: None, limit: 10 }).await.unwrap();
    let phone = VerifiedPhone { phone: Phone::from_digits(9_779_851_234_567).unwrap(), verified_at: now() };
    store.set_phone(&application, account.id, phone, now()).await.unwrap();
    store.unlink_phone(&application, account.id, now()).await.unwrap();

    let kind = CredentialKind::Key(Scope::Verify);
    let secret = CredentialSecret::new(kind, &entropy).unwrap().hash();
    let key = Credential {
        id: CredentialId::new(now(), &entropy).unwrap(),
        application: application.clone(),
        kind,
        name: None,
        created_at: now(),
        expires_at: None,
        revoked_at: None,
    };
    store.issue(&key, &secret).await.unwrap();
    store.holder(&secret).await.unwrap();
    store.load_credential(&application, CredentialFilter::Keys, key.id).await.unwrap();
    store.revoke(&application, CredentialFilter::Keys, key.id, now()).await.unwrap();
    let tokens = [CredentialFilter::UserTokens(None), CredentialFilter::UserTokens(Some(account.id))];
    for which in tokens.into_iter().chain([CredentialFilter::Keys]) {
        let page = Page { before: None, limit: 10 };
        store.list_credentials(&application, which, page).await.unwrap();
    }
    // Adding counts all blocks, and all of them are read to be held in memory: there are few.
    let (mine, block) = (BlockScope::Of(&application), BlockId::new(now(), &entropy).unwrap());
    store.load_block(mine, block).await.unwrap();
    let reading =
        CreditReading { gateway: "sparrow".into(), balance: CreditBalance::default(), at: now(), low: true };
    store.keep_credit(&reading, std::slice::from_ref(&application)).await.unwrap();
    store.number_verdicts(&application, 500).await.unwrap();
    let (since, until) = (now(), now());
    let counts = NumberCounts::default();
    let pause = Pause { application: application.clone(), reason: PauseReason::InARow, since, until, counts };
    store.pause(&pause, since).await.unwrap();
    store.resume(&application, now()).await.unwrap();
    store.last_pause(&application).await.unwrap();
    store.remove_block(mine, block, now()).await.unwrap();
    store.list_blocks(mine, Page { before: None, limit: 10 }).await.unwrap();
    store.sweep_blocks(now(), 10).await.unwrap();
    ask_about_verifications(store, &account).await;
    ask_about_keys(store, &application).await;
}

async fn ask_about_keys(store: &PostgresStore, application: &ApplicationId) {
    let (secret, key) = (PhoneKey::new(&[7; 32]).unwrap(), IdempotencyKey::parse("k").unwrap());
    let caller = Caller::Application(application.clone());
    let attempt = Attempt {
        place: KeyPlace::of(&secret, &caller, "POST", "/v1/verifications", &key),
        fingerprint: Fingerprint::of(&secret, b"{}"),
        owner: Owner::new(&SeededEntropy::new(5)).unwrap(),
        lease_until: now(),
        expires_at: now(),
    };
    store.begin(&attempt, now()).await.unwrap();
    store.release(&attempt.place, &attempt.owner).await.unwrap();
    let answer = StoredAnswer { status: 200, headers: Vec::new(), body: Vec::new() };
    store.finish(&attempt.place, &attempt.owner, &answer).await.unwrap();
    store.sweep_keys(now(), 10).await.unwrap();
}

async fn ask_about_verifications(store: &PostgresStore, account: &Account) {
    let phone = Phone::from_digits(9_779_841_234_567).unwrap();
    let first = verification(account, phone);
    store.insert(&first).await.unwrap();
    store.standing(&first.subject, Day::of(now())).await.unwrap();
    store.load(first.id, Day::of(now())).await.unwrap();
    let guess =
        Guess { day: Day::of(now()), class: GuessClass::Short, wrong: true, short_ceiling: 40, ceiling: 10 };
    store.save(&Change { next: &first, expected: 0, guess: Some(guess) }).await.unwrap();
    let second = step(&first, Command::Check { matches: false }, now()).next;
    store.save(&Change { next: &second, expected: 0, guess: Some(guess) }).await.unwrap();
    let third = Verification { version: 2, ..second };
    store.save(&Change { next: &third, expected: 1, guess: None }).await.unwrap();
    ask_about_deliveries(store, &third).await;
    let approved = step(&third, Command::Check { matches: true }, now()).next;
    let approval = Approval {
        change: Change { next: &approved, expected: 2, guess: Some(Guess { wrong: false, ..guess }) },
        account: account.id,
        phone: VerifiedPhone { phone, verified_at: now() },
        transfer: true,
    };
    store.approve(&approval).await.unwrap();
    for filters in 0..16_u8 {
        let on = |bit: u8| (filters & bit != 0).then_some(());
        // Nobody asks for a state in all applications at once.
        if on(8).is_some() && on(1).is_none() {
            continue;
        }
        let filter = VerificationFilter {
            application: on(1).map(|()| account.application.clone()),
            account: on(2).map(|()| account.id),
            phone: on(4).map(|()| phone),
            state: on(8).map(|()| "pending"),
        };
        store.list(&filter, Page { before: None, limit: 10 }).await.unwrap();
    }
    store.sweep(Timestamp::UNIX_EPOCH, Day::from_number(0), 10).await.unwrap();
    events::ask_about_events(store, account).await;
    ask_about_statistics(store, account).await;
    store.ping().await.unwrap();
    store.time().await.unwrap();
}

async fn ask_about_deliveries(store: &PostgresStore, of: &Verification) {
    let entropy = SeededEntropy::new(5);
    let record = DeliveryRecord {
        id: DeliveryId::new(now(), &entropy).unwrap(),
        application: of.subject.application.clone(),
        verification: of.id,
        number: 1,
        attempt: 1,
        phone: of.subject.phone,
        route: None,
        gateway: "sparrow".into(),
        report: SendAnswer::Accepted.into(),
        at: now(),
        took: Duration::from_millis(7),
        segments: 1,
        template: None,
    };
    let next = DeliveryRecord { id: DeliveryId::new(now(), &entropy).unwrap(), attempt: 2, ..record.clone() };
    let third =
        DeliveryRecord { id: DeliveryId::new(now(), &entropy).unwrap(), attempt: 3, ..record.clone() };
    let unchanged = Change { next: of, expected: of.version, guess: None };
    store.record_delivery(&unchanged, std::slice::from_ref(&record)).await.unwrap();
    store.record_delivery(&unchanged, &[next, third]).await.unwrap();
    let conflict = Change { next: of, expected: of.version + 7, guess: None };
    store.record_delivery(&conflict, &[record]).await.unwrap();
    let application = &of.subject.application;
    for verification in [None, Some(of.id)] {
        let page = Page { before: None, limit: 10 };
        store.list_deliveries(application, &DeliveryFilter { verification }, page).await.unwrap();
    }
    store.tally_gateways(application, Timestamp::UNIX_EPOCH, 10).await.unwrap();
}

async fn ask_about_statistics(store: &PostgresStore, account: &Account) {
    let key = StatisticKey {
        day: Day::of(now()),
        application: account.application.clone(),
        operator: None,
        purpose: None,
        gateway: "sparrow".into(),
    };
    let mut amounts = Amounts::default();
    amounts.add(Measure::Starts, 1);
    let writer = StatisticWriterId::new(now(), &SeededEntropy::new(5)).unwrap();
    let batch = StatisticBatch {
        writer,
        number: 1,
        lines: vec![StatisticLine { key, amounts }],
        cohorts: vec![cohort(account)],
    };
    store.add_statistics(&batch).await.unwrap();
    for by in StatisticBy::ALL {
        let read = store.read_statistics(None, Day::of(now()), Day::of(now()), by).await;
        assert_eq!(read.unwrap().len(), 1);
    }
    store.sweep_statistics(Day::from_number(0)).await.unwrap();
    assert_eq!(store.read_cohorts(None, Window::at(now())).await.unwrap().len(), 1);
    store.sweep_cohorts(Slot::from_number(0)).await.unwrap();
    store.backlog(&account.application, 10).await.unwrap();
    store.schema_version().await.unwrap();
}

fn cohort(account: &Account) -> CohortLine {
    let mut cohort = Cohort::default();
    cohort.add(CohortMeasure::Sent, 1);
    let (slot, application) = (Slot::of(now()), account.application.clone());
    let key = CohortKey { slot, application, operator: None, route: RouteName::parse("sparrow").unwrap() };
    CohortLine { key, cohort }
}

/// Much of everything, and what the planner learns of it.
const FILL: &str = "
    INSERT INTO accounts
    SELECT gen_random_uuid(), 'default', 'account-' || n, NULL, NULL, now() FROM generate_series(1, 5000) n;
    INSERT INTO verifications
       (id, version, application, account_id, phone, purpose, state, final_at, nonce, pepper, code_length, expires_at,
        locale, delivery_number, delivery_state, delivery_at, created_at, sent_at, resend_at, sends_used,
        checks_used, lifetime_ms, renew_below_ms, checks_max, cooldowns_ms)
    SELECT gen_random_uuid(), 0, a.application, a.id, substring(sha256(a.id::text::bytea) FOR 24), 'contact', s.state,
        CASE s.state WHEN 'pending' THEN NULL ELSE now() END, '0123456789abcdef', '01234567', 6, now(),
        'en', 1, 'sent', now(), now(), now(), now(), 1, 0, 600000, 180000, 5, '60000'
    FROM accounts a, (VALUES ('approved'), ('expired'), ('canceled'), ('locked'), ('pending')) s (state);
    INSERT INTO deliveries (id, verification_id, application, number, gateway, answer, answered_at, took_ms, segments)
    SELECT gen_random_uuid(), id, application, 1, 'sparrow', 'accepted', now(), 7, 1 FROM verifications;
    INSERT INTO events (id, application, kind, at, verification_id, purpose, account_id, phone)
    SELECT uuid_at(created_at), application, 'verification.' || state, created_at, id, purpose, account_id, phone
    FROM verifications WHERE state <> 'pending';
    INSERT INTO event_outbox (event_id) SELECT id FROM events;
    INSERT INTO webhook_deliveries
       (id, event_id, application, verification_id, webhook, status, attempts, created_at, next_at)
    SELECT uuid_at(e.at), e.id, e.application, e.verification_id, 'shop', s.status, 1, e.at,
        CASE s.status WHEN 'pending' THEN e.at END
    FROM events e, (VALUES ('pending'), ('delivered'), ('given-up')) s (status);
    INSERT INTO webhook_attempts SELECT id, 1, created_at, 5, 'taken', 200, NULL FROM webhook_deliveries
    ON CONFLICT DO NOTHING;
    INSERT INTO wrong_checks SELECT DISTINCT phone, date '2026-01-01', 1, 0 FROM verifications;
    INSERT INTO blocks
    SELECT gen_random_uuid(), 'default', 'deny', NULL, 977984, NULL, NULL, now(), now() + n * interval '1 hour'
    FROM generate_series(1, 5000) n;
    INSERT INTO statistics
    SELECT 20000 + n, 'default', '', '', 'sparrow', 'took:' || m, 1 FROM generate_series(1, 400) n, generate_series(1, 50) m;
    INSERT INTO statistic_writers SELECT gen_random_uuid(), 7, 20000 + n FROM generate_series(1, 5000) n;
    INSERT INTO delivery_cohorts
    SELECT 5900000 + n, 'default', '', 'sparrow', 'took:' || m, 1 FROM generate_series(1, 600) n, generate_series(1, 50) m;
    INSERT INTO credentials
    SELECT gen_random_uuid(), application, 'user-token', id, sha256(id::text::bytea), now(), NULL, NULL FROM accounts;
    INSERT INTO idempotency_keys
    SELECT sha256(id::text::bytea), sha256('body'), '0123456789abcdef', now(), now(), '\\x00' FROM accounts;
    ANALYZE";

#[tokio::test]
async fn every_statement_is_an_index_look_up() {
    let database = servers::database().await;
    let store = store(&database).await;
    ask_everything(&store).await;
    every_plan_looks_up(&store, "nothing").await;

    let deadline = Instant::now() + store.0.acquire_timeout;
    let mut connection = store.0.pool.connect(deadline).await.unwrap();
    sqlx::raw_sql(FILL).execute(&mut connection).await.unwrap();
    every_plan_looks_up(&store, "much").await;
}

async fn every_plan_looks_up(store: &PostgresStore, what: &str) {
    let mut lease = store.0.pool.lease(Instant::now() + store.0.acquire_timeout).await.unwrap();
    let connection = &mut lease.connection;
    sqlx::raw_sql("DISCARD PLANS").execute(&mut *connection).await.unwrap();
    let prepared = sqlx::raw_sql(
        "SELECT name, statement, cardinality(parameter_types) AS parameters FROM pg_prepared_statements
         WHERE statement NOT LIKE '%_sqlx_migrations%' AND statement NOT LIKE '%to_regclass%'",
    );
    let prepared = prepared.fetch_all(&mut *connection).await.unwrap();
    let first_columns = first_columns(connection).await;
    assert!(prepared.len() > 30, "every call has its statement: {}", prepared.len());
    for row in prepared {
        let (name, statement): (String, String) = (row.get("name"), row.get("statement"));
        let plan = plan(connection, &name, row.get("parameters")).await;
        // A phone and an account have few verifications, an event few deliveries, one of those few attempts, and a claim
        // is of few.
        let few = [
            " AND v.phone = ",
            " AND v.account_id = ",
            " AND d.event_id = ",
            "ORDER BY t.number",
            "WITH due AS",
            // Has a limit within.
            "GROUP BY gateway",
            // A batch, and what is read of some days, is put in order.
            "jsonb_to_recordset",
            "FROM statistics\n             WHERE day BETWEEN",
            "FROM delivery_cohorts WHERE slot >=",
        ];
        let of_few = few.iter().any(|few| statement.contains(few));
        let mut complaints = Vec::new();
        complain(&plan, &first_columns, of_few, &mut complaints);
        assert!(complaints.is_empty(), "with {what}: {complaints:?}\n{statement}\n{plan:#}");
    }
    lease.give_back();
}

async fn plan(connection: &mut PgConnection, name: &str, parameters: i32) -> Value {
    let nulls = vec!["NULL"; usize::try_from(parameters).unwrap()].join(", ");
    let arguments = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE {name}{arguments}");
    let row = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_one(connection).await.unwrap();
    serde_json::from_str(row.try_get_unchecked::<&str, _>(0).unwrap()).unwrap()
}

/// What each index begins with.
async fn first_columns(connection: &mut PgConnection) -> BTreeMap<String, String> {
    let columns = sqlx::raw_sql(
        "SELECT relname::text AS name, pg_get_indexdef(oid, 1, true) AS first_column
         FROM pg_class WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace",
    );
    let rows = columns.fetch_all(connection).await.unwrap();
    rows.iter().map(|row| (row.get("name"), row.get::<String, _>("first_column").to_lowercase())).collect()
}

/// What walks a table, or an index from end to end, and what sorts; few may be sorted, such as the verifications of a
/// phone and of an account.
fn complain(
    plan: &Value,
    first_columns: &BTreeMap<String, String>,
    may_sort: bool,
    complaints: &mut Vec<String>,
) {
    if let Some(node) = plan["Node Type"].as_str() {
        let condition = plan["Index Cond"].as_str().unwrap_or_default().to_lowercase();
        let looks_up = |index: &str| condition.contains(&first_columns[index]);
        let walks = node == "Seq Scan" || plan["Index Name"].as_str().is_some_and(|index| !looks_up(index));
        if walks || (node.contains("Sort") && !may_sort) {
            complaints.push(format!("{node} on {} {}", plan["Relation Name"], plan["Index Name"]));
        }
    }
    let parts: Vec<&Value> = match plan {
        Value::Array(parts) => parts.iter().collect(),
        Value::Object(parts) => parts.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for part in parts {
        complain(part, first_columns, may_sort, complaints);
    }
}
