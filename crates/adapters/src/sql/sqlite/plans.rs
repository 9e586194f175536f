//! That no statement walks a table: each is asked how SQLite would carry it out.

use domain::application::ApplicationId;
use domain::event::EventKind;
use domain::id::{AccountId, EventId, VerificationId};
use domain::limit::{Member, SendParties, takes_of_a_send};
use domain::phone::Phone;
use domain::phone_key::PhoneKey;
use domain::policy::Policy;
use domain::ports::{EventFilter, Page, Receipt, VerificationFilter, WebhookDeliveryFilter};
use domain::statistic::StatisticBy;
use domain::time::Timestamp;
use domain::webhook::{DeliveryStatus, WebhookId};
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::verifications::statements as verifications;
use super::{SqliteOptions, SqliteStore, accounts, blocks, counters, events, listing, statistics, webhooks};
use crate::phone_vault::PhoneVault;
use crate::sql::{events as shared_events, statements};

async fn store(directory: &tempfile::TempDir) -> SqliteStore {
    let options = SqliteOptions::at(directory.path().join("verify.db"));
    let vault = PhoneVault::new(&PhoneKey::new(&[7; 32]).unwrap());
    let store = SqliteStore::open(&options, vault).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// How SQLite would carry the statement out, step by step.
async fn plan(store: &SqliteStore, statement: &str) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {statement}");
    let rows = sqlx::query(AssertSqlSafe(explain)).fetch_all(&store.0.readers).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

/// Whether a step looks at every row of a table or of an index. `always` is the one row that a standing begins with.
fn walks(step: &str) -> bool {
    step.starts_with("SCAN") && !matches!(step, "SCAN CONSTANT ROW" | "SCAN always")
}

fn sorts(step: &str) -> bool {
    step.contains("TEMP B-TREE")
}

#[tokio::test]
async fn every_statement_is_an_index_look_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    let statements = [
        verifications::STANDING,
        verifications::LOAD,
        verifications::INSERT,
        verifications::SETTLE,
        verifications::SAVE,
        verifications::ASK,
        verifications::CHARGE,
        verifications::TAKE_PHONE_AWAY,
        verifications::BIND_PHONE,
        verifications::SWEEP_VERIFICATIONS,
        verifications::SWEEP_LEDGER,
        verifications::PING,
        verifications::SWEEP_KEYS,
        statements::ADD_ACCOUNT,
        statements::FIND_ACCOUNT,
        statements::LOAD_ACCOUNT,
        statements::LIST_ACCOUNTS,
        statements::ISSUE,
        statements::HOLDER,
        statements::LIST_KEYS,
        statements::LIST_TOKENS,
        statements::LIST_TOKENS_OF_ACCOUNT,
        statements::LOAD_CREDENTIAL,
        statements::REVOKE,
        statements::LIST_DELIVERIES,
        statements::LIST_DELIVERIES_OF_VERIFICATION,
        verifications::KEEP_DELIVERY,
        accounts::UNLINK,
        statements::BEGIN_KEY,
        statements::FINISH_KEY,
        statements::RELEASE_KEY,
        // Adding counts all blocks, and all of them are read to be held in memory: there are few.
        blocks::REMOVE,
        statements::LOAD_BLOCK,
        super::credits::KEEP,
        statements::LIST_BLOCKS,
        statements::SWEEP_BLOCKS,
        counters::FULL_UNTIL,
        shared_events::LOAD_EVENT,
        events::ADD,
        events::TO_HAND_OUT,
        events::ANY_OVER,
        events::EXPIRE,
        events::SWEEP_OUTBOX,
        events::SWEEP,
        webhooks::ANY_TO_HAND_OUT,
        webhooks::WAITING,
        webhooks::HANDED_OUT,
        webhooks::DELIVER,
        webhooks::DUE,
        webhooks::CLAIM,
        webhooks::CLAIMED,
        webhooks::STANDS,
        webhooks::ATTEMPT,
        webhooks::GIVE_WAY,
        webhooks::REPLAYED,
        webhooks::IS_OF,
        crate::sql::statistics::SWEEP,
        crate::sql::statistics::SWEEP_WRITERS,
        crate::sql::cohorts::SWEEP,
        statistics::BEGIN_BATCH,
        counters::USAGE,
        counters::CLEAR,
    ];
    for statement in statements {
        let plan = plan(&store, statement).await;
        assert!(!plan.iter().any(|step| walks(step) || sorts(step)), "{statement}\n{plan:#?}");
    }
}

#[tokio::test]
async fn what_gateways_said_of_numbers_is_looked_for_among_a_bounded_number_of_deliveries() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    for statement in [super::pauses::PAUSE, super::pauses::RESUME, crate::sql::pauses::LAST] {
        let plan = plan(&store, statement).await;
        assert!(!plan.iter().any(|step| walks(step) || sorts(step)), "{statement}\n{plan:#?}");
    }
    let plan = plan(&store, crate::sql::pauses::VERDICTS).await;
    // What the inner look-up has found is walked and put in order.
    let walks_a_table = |step: &String| walks(step) && !step.starts_with("SCAN d");
    assert!(!plan.iter().any(walks_a_table), "{plan:#?}");
    let serves = |index: &str| plan.iter().any(|step| step.contains(index));
    assert!(serves("deliveries_by_application (application=?)"), "{plan:#?}");
    assert!(serves("USING PRIMARY KEY (application=?)"), "{plan:#?}");
}

#[tokio::test]
async fn the_standing_of_a_subject_uses_both_indexes_of_subjects() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    let plan = plan(&store, verifications::STANDING).await.join("\n");
    for index in ["verifications_live", "verifications_by_subject"] {
        let whole = format!("INDEX {index} (phone=? AND application=? AND purpose=? AND <expr>=?)");
        assert!(plan.contains(&whole), "{index} must serve with all its columns\n{plan}");
    }
}

#[tokio::test]
async fn every_listing_of_verifications_walks_an_index_of_its_filter() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    let page = Page { before: None, limit: 20 };
    for filters in 0..16_u8 {
        let has = |bit: u8| filters & bit != 0;
        let filter = VerificationFilter {
            application: has(1).then(ApplicationId::default_application),
            account: has(2).then(|| AccountId::from_uuid(Uuid::from_u128(7))),
            phone: has(4).then(|| Phone::from_digits(9_779_841_234_567).unwrap()),
            state: has(8).then_some("pending"),
        };
        let statement = listing::statement(&store.0, &filter, page);
        let plan = plan(&store, statement.sql().as_str()).await;
        assert!(!plan.iter().any(|step| walks(step)), "{filter:?}\n{plan:#?}");
        // The verifications of one phone are few enough to be put in order.
        assert!(has(4) || !plan.iter().any(|step| sorts(step)), "{filter:?}\n{plan:#?}");
        let served = match filter {
            VerificationFilter { phone: Some(_), .. } => "(phone=?",
            VerificationFilter { account: Some(_), .. } => "(account_id=? AND id<?)",
            VerificationFilter { application: Some(_), state: Some(_), .. } => {
                "(application=? AND state=? AND id<?)"
            }
            VerificationFilter { application: Some(_), .. } => "(application=? AND id<?)",
            VerificationFilter { .. } => "(id<?)",
        };
        assert!(plan[0].contains(served), "{filter:?}\n{plan:#?}");
    }
}

#[tokio::test]
async fn takes_and_refunds_are_index_look_ups_whatever_their_number() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    let parties = SendParties {
        application: &ApplicationId::default_application(),
        account: Some(AccountId::from_uuid(Uuid::from_u128(7))),
        phone: PhoneKey::new(&[7; 32]).unwrap().fingerprint(Phone::from_digits(9_779_841_234_567).unwrap()),
    };
    let takes = takes_of_a_send(&Policy::default(), &parties, Member([7; 16]));
    for number in 1..=takes.len() {
        let takes = &takes[..number];
        let receipt = Receipt(takes.iter().map(|take| (take.key.clone(), take.member)).collect());
        let statements = [counters::taking(takes, Timestamp::UNIX_EPOCH), counters::giving_back(&receipt)];
        for statement in statements {
            let plan = plan(&store, statement.sql().as_str()).await;
            // The members that are taken are few, and walked.
            let walks_members = |step: &String| walks(step) && step.contains("counter_members");
            assert!(!plan.iter().any(|step| walks_members(step) || sorts(step)), "{plan:#?}");
            assert!(plan.iter().any(|step| step.contains("SEARCH")), "{plan:#?}");
        }
    }
}

#[tokio::test]
async fn every_listing_of_events_and_deliveries_walks_an_index_of_its_filter() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    let application = ApplicationId::default_application();
    for filters in 0..8_u8 {
        let has = |bit: u8| filters & bit != 0;
        let filter = EventFilter {
            verification: has(1).then(|| VerificationId::from_uuid(Uuid::from_u128(7))),
            account: has(2).then(|| AccountId::from_uuid(Uuid::from_u128(7))),
            kind: has(4).then_some(EventKind::PhoneTransferred),
        };
        let of_events = events::listing(&application, &filter, Page { before: None, limit: 20 });
        let filter = WebhookDeliveryFilter {
            webhook: has(1).then(|| WebhookId::parse("shop").unwrap()),
            event: has(2).then(|| EventId::from_uuid(Uuid::from_u128(7))),
            status: has(4).then_some(DeliveryStatus::GivenUp),
        };
        let of_deliveries = webhooks::listing(&application, &filter, Page { before: None, limit: 20 });
        for statement in [of_events, of_deliveries] {
            let plan = plan(&store, statement.sql().as_str()).await;
            assert!(!plan.iter().any(|step| walks(step) || sorts(step)), "{filters}\n{plan:#?}");
        }
    }
}

#[tokio::test]
async fn statistics_are_added_row_by_row_and_read_by_day() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    let of_adding = plan(&store, statistics::ADD).await;
    assert_eq!(of_adding, ["SCAN json_each VIRTUAL TABLE INDEX 1:"], "only what is added is walked");
    for by in StatisticBy::ALL {
        let plan = plan(&store, crate::sql::statistics::read_statement(by)).await;
        assert!(plan[0].contains("USING PRIMARY KEY (day>? AND day<?)"), "{plan:#?}");
    }
}

#[tokio::test]
async fn cohorts_are_added_row_by_row_and_read_by_slot() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    let of_adding = plan(&store, statistics::ADD_COHORTS).await;
    assert_eq!(of_adding, ["SCAN json_each VIRTUAL TABLE INDEX 1:"], "only what is added is walked");
    let of_reading = plan(&store, crate::sql::cohorts::READ).await;
    assert!(of_reading[0].contains("USING PRIMARY KEY (slot>?)"), "{of_reading:#?}");
}

#[tokio::test]
async fn a_look_at_the_backlog_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(&directory).await;
    let plan = plan(&store, crate::sql::vitals::BACKLOG).await;
    // What the inner look-ups have found, a bounded number, is counted.
    let walks_a_table = |step: &String| walks(step) && !step.contains("waiting");
    assert!(!plan.iter().any(|step| walks_a_table(step) || sorts(step)), "{plan:#?}");
}
