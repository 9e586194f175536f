//! Whose clock rules: the database's. Replicas whose own clocks are wrong, by two seconds and by an hour, end a code's
//! life at the same instant.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters::clock::SharedClock;
use domain::application::ApplicationId;
use domain::code::SubmittedCode;
use domain::credential::Caller;
use domain::id::VerificationId;
use domain::phone::Phone;
use domain::ports::Gateways;
use domain::refusal::Refusal;
use domain::testkit::{ManualClock, ScriptedGateway};
use domain::use_cases::{self, Answer, CheckTarget, Proved, StartRequest, Started, Verifier};
use domain::verification::Purpose;
use sparrow_verify::config::{self, Sources};
use sparrow_verify::wiring::{self, Schema, Store};

/// A code's life.
const LIFETIME: Duration = Duration::from_mins(10);
/// More than reading the database's clock is off by, on a busy machine; far less than the clocks of the replicas are.
const READING: Duration = Duration::from_millis(500);

/// Use cases of a replica, and the clock of its machine.
struct Replica {
    verifier: Verifier,
    machine: Arc<ManualClock>,
}

/// A replica over this database, on a machine whose clock is wrong by so many seconds.
async fn replica(
    environment: &BTreeMap<String, String>,
    gateway: &Arc<ScriptedGateway>,
    skew_seconds: i64,
) -> Replica {
    let sources = Sources { files: Vec::new(), environment: environment.clone() };
    let config = config::load(&sources).unwrap_or_else(|faults| panic!("{faults}"));
    let wired = wiring::wire(&config, Some(Gateways::one(gateway.clone())), Schema::Migrate)
        .await
        .expect("it is wired");
    let Store::Postgres(store) = wired.store else { panic!("the database is PostgreSQL") };
    let mut verifier = Verifier::clone(&wired.verifier);
    let now = store.time().await.expect("the database has the time");
    let wrong = now.as_millisecond() + skew_seconds * 1000;
    let machine =
        Arc::new(ManualClock::at(domain::time::Timestamp::from_millisecond(wrong).expect("an instant")));
    verifier.ports.clock =
        SharedClock::new(machine.clone(), Arc::new(store)).await.expect("the database has the time");
    Replica { verifier, machine }
}

async fn start(replica: &Replica, caller: &Caller, phone: u64) -> VerificationId {
    let request = StartRequest {
        phone: Phone::from_digits(phone).expect("a phone"),
        account: None,
        purpose: Purpose::Contact,
        locale: None,
        app_hash: None,
        origin: None,
    };
    match use_cases::start(&replica.verifier, caller, request).await.expect("the ports answer") {
        Answer::Done(Started::New(new)) => new.id,
        Answer::Done(Started::Resent(_)) | Answer::Refused(_) => panic!("it is new"),
    }
}

async fn check(replica: &Replica, caller: &Caller, id: VerificationId, code: &str) -> Answer<Proved> {
    let code = SubmittedCode::parse(code).expect("a code");
    use_cases::check(&replica.verifier, caller, &CheckTarget::Id(id), &code).await.expect("the ports answer")
}

fn refusal(answer: Answer<Proved>) -> Refusal {
    match answer {
        Answer::Refused(refused) => refused.refusal,
        Answer::Done(_) => panic!("the code must not be good any more"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_wrong_does_not_lengthen_a_life() {
    let (database, redis) = (servers::database().await, servers::redis().await);
    let environment = [
        ("DATABASE__URL", database.url()),
        ("COUNTERS__URL", redis.url()),
        ("COUNTERS__KEY_PREFIX", redis.prefix()),
        ("SECRETS__PEPPER", "a pepper of a test: 0123456789abcdef"),
        ("SECRETS__PHONE_KEY", "a phone key of a test: fedcba987654"),
        ("APPLICATION__NAME", "Test"),
    ];
    let environment = environment.map(|(name, value)| (format!("SPARROW_VERIFY__{name}"), value.to_owned()));
    let environment = BTreeMap::from(environment);
    let gateway = Arc::new(ScriptedGateway::default());
    let caller = Caller::Application(ApplicationId::default_application());
    let mut replicas = Vec::new();
    for skew_seconds in [2, -2, 3600, -3600] {
        replicas.push(replica(&environment, &gateway, skew_seconds).await);
    }

    // One goes ahead, the other is behind: without a common clock the life would be four seconds, or two hours, longer.
    let mut begun = Vec::new();
    for (number, ahead) in [(0, 0), (1, 2)] {
        let id = start(&replicas[ahead], &caller, 9_779_841_000_000 + number).await;
        let code = gateway.last_code().expect("an SMS was sent");
        begun.push((id, code, ahead + 1));
    }
    for replica in &replicas {
        replica.machine.advance(LIFETIME.saturating_sub(READING));
    }
    for (id, code, behind) in &begun {
        let wrong = harness::wrong(code);
        let answer = check(&replicas[*behind], &caller, *id, &wrong).await;
        assert!(matches!(refusal(answer), Refusal::CodeIncorrect), "it lives as long as it should");
    }
    for replica in &replicas {
        replica.machine.advance(READING * 2);
    }
    for (id, code, behind) in &begun {
        for replica in [&replicas[*behind], &replicas[*behind - 1]] {
            let answer = check(replica, &caller, *id, code).await;
            assert_eq!(refusal(answer), Refusal::VerificationExpired);
        }
    }
    let times: Vec<i64> =
        replicas.iter().map(|replica| replica.verifier.ports.clock.now().as_millisecond()).collect();
    let apart = times.iter().max().zip(times.iter().min()).map(|(last, first)| last - first);
    assert!(apart.is_some_and(|apart| u128::from(apart.unsigned_abs()) < READING.as_millis()), "{times:?}");
}
