//! How the service is, for operators: each thing that it stands on, and what goes on beside serving.

use std::time::{Duration, Instant};

use domain::application::ApplicationId;
use domain::ports::{Backlog, Dependency, PortError, chain};
use domain::time::rfc3339;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use super::loops::LoopName;
use crate::auth::Authenticated;
use crate::context::Context;
use crate::docs::Notes;
use crate::problem::{Refusing, problems};
use crate::tags::ApiTags;

/// How long is waited for an answer of anything.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most that is counted.
const BACKLOG_MAX: u32 = 10_000;

/// The operation on the details of health.
#[derive(Debug)]
pub(crate) struct HealthDetailsApi;

/// How the service is.
#[derive(Object)]
#[oai(skip_serializing_if_is_none, example)]
pub(crate) struct HealthDetails {
    /// `ok`, or `unavailable` when something below is.
    status: String,
    /// The release.
    version: String,
    /// For how long this process has been serving.
    uptime_seconds: u64,
    /// The number of the newest migration that the database has had; absent when it does not answer.
    schema_version: Option<u64>,
    /// How far the clock that rules is ahead of this machine's, in milliseconds; absent where it is the machine's.
    clock_ahead_ms: Option<i64>,
    /// What it stands on.
    dependencies: Vec<DependencyHealth>,
    /// How old the blocks are that this process goes by; it fails closed when they get too old.
    blocks_age_ms: u64,
    /// Until when the caller's application sends to no new numbers, because too many were invalid; absent when it does, or
    /// when the blocks are too old.
    new_numbers_paused_until: Option<String>,
    /// What webhooks were not told yet; absent when the database does not answer.
    webhooks: Option<WebhookBacklog>,
    /// What goes on beside serving.
    loops: Vec<LoopHealth>,
    /// The test numbers of the caller's application that count: whoever knows the code of one proves it without an SMS.
    test_numbers: Vec<TestNumberHealth>,
}

/// A phone whose code is fixed.
#[derive(Object)]
pub(crate) struct TestNumberHealth {
    /// The phone, masked.
    phone: String,
    /// Until when it counts.
    expires_at: String,
    /// Whether the phone may be somebody's.
    allocated: bool,
}

/// Something that the service stands on.
#[derive(Object)]
pub(crate) struct DependencyHealth {
    /// Its name.
    name: String,
    /// Whether it answers.
    status: String,
    /// How long it took to answer, or until nobody waited any more.
    latency_ms: u64,
}

/// What webhooks were not told yet. At most 10000 are counted.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct WebhookBacklog {
    /// Events, of all applications, that were not handed out to webhooks yet.
    events_waiting: u64,
    /// When the oldest of them happened; absent when there is none.
    oldest_event_at: Option<String>,
    /// Deliveries of the caller's application that are pending.
    deliveries_pending: u64,
    /// Since when the oldest of them is; absent when there is none.
    oldest_delivery_at: Option<String>,
}

impl From<Backlog> for WebhookBacklog {
    fn from(backlog: Backlog) -> Self {
        Self {
            events_waiting: backlog.events,
            oldest_event_at: backlog.oldest_event_at.map(rfc3339),
            deliveries_pending: backlog.deliveries,
            oldest_delivery_at: backlog.oldest_delivery_at.map(rfc3339),
        }
    }
}

/// Something that goes on beside serving.
#[derive(Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct LoopHealth {
    /// Its name.
    name: String,
    /// Whether it goes on as it should.
    status: String,
    /// How long ago it was last at it; absent when it never was.
    silent_ms: Option<u64>,
}

problems!(HealthDetailsProblems: ScopeMissing);

#[OpenApi(prefix_path = "/v1/admin/health", tag = "ApiTags::Administration")]
impl HealthDetailsApi {
    /// Look how the service is
    ///
    /// The process that answers: what it stands on, how quickly that answers, and what goes on beside serving. It answers
    /// within seconds, whatever is down; what does not answer is told as `unavailable`.
    #[oai(path = "/", method = "get", operation_id = "getHealthDetails")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<HealthDetails>, Refusing<HealthDetailsProblems>> {
        Ok(Json(look(&context, caller.administers()?).await))
    }
}

fn test_numbers(context: &Context, application: &ApplicationId) -> Vec<TestNumberHealth> {
    let now = context.verifier.ports.clock.now();
    let own = context.verifier.applications.find(application);
    let active = own.into_iter().flat_map(|own| &own.test_numbers).filter(|test| test.is_active(now));
    let told = active.map(|test| TestNumberHealth {
        phone: test.phone.masked(),
        expires_at: rfc3339(test.expires_at),
        allocated: test.allocated,
    });
    told.collect()
}

async fn look(context: &Context, application: &ApplicationId) -> HealthDetails {
    let (ports, loops) = (&context.verifier.ports, &context.loops);
    let (store, counters, schema, backlog) = tokio::join!(
        timed(ports.verifications.ping()),
        timed(ports.counters.ping()),
        timed(ports.vitals.schema_version()),
        timed(ports.vitals.backlog(application, BACKLOG_MAX)),
    );
    let dependencies = vec![of(Dependency::Store, &store), of(Dependency::Counters, &counters)];
    let loops_health: Vec<_> = LoopName::ALL
        .into_iter()
        .map(|name| LoopHealth {
            name: name.as_str().to_owned(),
            status: word(loops.is_alive(name)),
            silent_ms: loops.silence(name).map(millis),
        })
        .collect();
    let blocks_are_known = ports.blocks.list().is_ok();
    let all = dependencies.iter().map(|one| &one.status).chain(loops_health.iter().map(|one| &one.status));
    let is_well = blocks_are_known && all.into_iter().all(|status| *status == word(true));
    HealthDetails {
        status: word(is_well),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: loops.uptime().as_secs(),
        schema_version: schema.answer,
        clock_ahead_ms: ports.clock.ahead_millis(),
        dependencies,
        blocks_age_ms: millis(ports.blocks.age()),
        new_numbers_paused_until: paused_until(context, application),
        webhooks: backlog.answer.map(Into::into),
        loops: loops_health,
        test_numbers: test_numbers(context, application),
    }
}

fn paused_until(context: &Context, application: &ApplicationId) -> Option<String> {
    let ports = &context.verifier.ports;
    let pause = ports.blocks.pause_of(application).ok().flatten()?;
    pause.is_on(ports.clock.now()).then(|| rfc3339(pause.until))
}

/// What came of a question, and how long it took.
struct Timed<T> {
    answer: Option<T>,
    took: Duration,
}

async fn timed<T>(question: impl Future<Output = Result<T, PortError>>) -> Timed<T> {
    timed_for(PATIENCE, question).await
}

async fn timed_for<T>(patience: Duration, question: impl Future<Output = Result<T, PortError>>) -> Timed<T> {
    let begin = Instant::now();
    let answer = match tokio::time::timeout(patience, question).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::warn!(cause = chain(&error), "not well");
            None
        }
        Err(_) => {
            tracing::warn!("not well: no answer within {} seconds", patience.as_secs());
            None
        }
    };
    Timed { answer, took: begin.elapsed() }
}

fn of(dependency: Dependency, timed: &Timed<()>) -> DependencyHealth {
    DependencyHealth {
        name: dependency.as_str().to_owned(),
        status: word(timed.answer.is_some()),
        latency_ms: millis(timed.took),
    }
}

fn word(is_well: bool) -> String {
    if is_well { "ok" } else { "unavailable" }.to_owned()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What the document says of this operation beyond its types.
pub(super) fn notes(notes: &mut Notes) {
    notes.open(
        ["ok", "unavailable"],
        &["HealthDetails.status", "DependencyHealth.status", "LoopHealth.status"],
    );
    notes.open([Dependency::Store, Dependency::Counters].map(Dependency::as_str), &["DependencyHealth.name"]);
    notes.open(LoopName::ALL.map(LoopName::as_str), &["LoopHealth.name"]);
    notes.format("date-time", &["HealthDetails.new_numbers_paused_until", "TestNumberHealth.expires_at"]);
}

impl Example for HealthDetails {
    fn example() -> Self {
        let dependency = |name: Dependency, latency_ms| DependencyHealth {
            name: name.as_str().to_owned(),
            status: word(true),
            latency_ms,
        };
        let one = |name: LoopName, silent_ms| LoopHealth {
            name: name.as_str().to_owned(),
            status: word(true),
            silent_ms: Some(silent_ms),
        };
        Self {
            status: word(true),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_seconds: 86_412,
            schema_version: Some(9),
            clock_ahead_ms: Some(-3),
            dependencies: vec![dependency(Dependency::Store, 2), dependency(Dependency::Counters, 1)],
            blocks_age_ms: 1204,
            new_numbers_paused_until: None,
            webhooks: Some(Backlog::default().into()),
            loops: vec![
                one(LoopName::Expire, 412),
                one(LoopName::Sweep, 1_204_512),
                one(LoopName::Webhooks, 87),
            ],
            test_numbers: vec![TestNumberHealth {
                phone: "+97798•••••00".to_owned(),
                expires_at: "2027-02-01T00:00:00.000Z".to_owned(),
                allocated: false,
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_without_end() {
        let never = std::future::pending::<Result<(), PortError>>();
        let timed = timed_for(Duration::from_millis(10), never).await;
        assert!(timed.answer.is_none() && timed.took >= Duration::from_millis(10));
    }
}
