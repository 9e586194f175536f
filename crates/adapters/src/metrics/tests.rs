//! What is counted, and how it is written.

mod documents;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use domain::application::ApplicationId;
use domain::breaker::BreakerState;
use domain::credit::CreditBalance;
use domain::delivery::Credits;
use domain::phone::Phone;
use domain::ports::{
    GatewayCondition, GatewayFacts, Gateways, Held, HeldWhy, Observer, SendAnswer, SendReport, Sms,
    SmsGateway,
};
use domain::refusal::Refusal;
use domain::statistic::{Happening, Observation};
use domain::testkit::{World, phone};
use domain::time::Timestamp;
use domain::use_cases::{self, Answer, StartRequest};
use domain::verification::Purpose;

use super::facts::MetricKind;
use super::*;

/// Remembers what it was told.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<Happening>>);

impl Observer for Heard {
    fn observe(&self, observation: &Observation<'_>) {
        self.0.lock().unwrap().push(observation.happening);
    }
}

fn metrics() -> Metrics {
    Metrics::new(["shop".into(), "default".into()], ["sparrow".into(), "backup".into()])
}

fn observe(recorder: &Recorder, application: &str, gateway: &str, happening: Happening) {
    recorder.observe(&Observation {
        at: Timestamp::UNIX_EPOCH,
        application: &ApplicationId::parse(application).unwrap(),
        gateway,
        phone: Some(phone("9841234567")),
        purpose: Some(Purpose::Contact),
        sms: None,
        happening,
    });
}

/// The value of each series.
fn series(text: &str) -> BTreeMap<&str, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name, value.parse().unwrap()))
        .collect()
}

fn sent(answer: SendAnswer, again: bool) -> Happening {
    let credits = (answer == SendAnswer::Accepted).then(|| Credits::from_thousandths(1500));
    Happening::Sent { again, segments: 2, answer, credits }
}

#[test]
fn what_happens_is_counted_and_told_on() {
    let (metrics, heard) = (metrics(), Arc::new(Heard::default()));
    let recorder = metrics.recorder(heard.clone());
    let happenings = [
        Happening::Started,
        sent(SendAnswer::Accepted, false),
        sent(SendAnswer::Unknown, true),
        sent(SendAnswer::NotSent, true),
        Happening::Approved { took: Duration::from_secs(12) },
        Happening::Expired,
        Happening::Refused(Refusal::CodeIncorrect),
        Happening::TestStarted,
    ];
    for happening in happenings {
        observe(&recorder, "default", "sparrow", happening);
    }
    let text = metrics.text();
    let series = series(&text);
    for (name, value) in [
        (r#"verifications_started_total{application="default",operator="NTC",purpose="contact"}"#, 1.0),
        (
            r#"verifications_ended_total{application="default",operator="NTC",purpose="contact",outcome="approved"}"#,
            1.0,
        ),
        (
            r#"verifications_ended_total{application="default",operator="NTC",purpose="contact",outcome="expired"}"#,
            1.0,
        ),
        (r#"sends_total{application="default",gateway="sparrow",operator="NTC",answer="accepted"}"#, 1.0),
        (r#"sends_total{application="default",gateway="sparrow",operator="NTC",answer="not-sent"}"#, 1.0),
        (r#"resends_total{application="default",gateway="sparrow",operator="NTC"}"#, 1.0),
        (r#"segments_total{application="default",gateway="sparrow",operator="NTC"}"#, 4.0),
        (r#"credits_spent_total{application="default",gateway="sparrow"}"#, 1.5),
        (r#"refusals_total{application="default",class="code-incorrect"}"#, 1.0),
        (
            r#"time_to_verify_seconds_bucket{le="10.0",application="default",gateway="sparrow",operator="NTC"}"#,
            0.0,
        ),
        (
            r#"time_to_verify_seconds_bucket{le="15.0",application="default",gateway="sparrow",operator="NTC"}"#,
            1.0,
        ),
        (r#"time_to_verify_seconds_sum{application="default",gateway="sparrow",operator="NTC"}"#, 12.0),
        (r#"test_verifications_total{application="default",outcome="started"}"#, 1.0),
        (r#"build_info{version="0.1.0"}"#, 1.0),
    ] {
        let name = format!("{PREFIX}_{name}");
        assert_eq!(series.get(name.as_str()), Some(&value), "{name}\n{text}");
    }
    assert_eq!(*heard.0.lock().unwrap(), happenings);
}

#[test]
fn what_is_not_configured_is_no_label_of_its_own() {
    let metrics = metrics();
    let recorder = metrics.recorder(Arc::new(Heard::default()));
    for number in 0..100 {
        observe(
            &recorder,
            &format!("made-up-{number}"),
            &format!("gateway-{number}"),
            sent(SendAnswer::Accepted, false),
        );
    }
    observe(&recorder, "shop", "", sent(SendAnswer::NotSent, false));
    let text = metrics.text();
    let sends: Vec<_> = text.lines().filter(|line| line.starts_with("sparrow_verify_sends_total")).collect();
    assert_eq!(sends.len(), 2, "{sends:?}");
    assert!(sends.iter().any(|line| line.contains(r#"{application="other",gateway="other""#)), "{sends:?}");
    assert!(sends.iter().any(|line| line.contains(r#"{application="shop",gateway="none""#)), "{sends:?}");
}

#[test]
fn answers_over_http_are_counted_by_operation_and_class() {
    let metrics = metrics();
    let http = metrics.http();
    let operation: Arc<str> = "startVerification".into();
    for status in [200, 201, 404, 503] {
        http.answered(&operation, status, Duration::from_millis(30));
    }
    let text = metrics.text();
    let series = series(&text);
    let of = |name: &str| series.get(format!("{PREFIX}_{name}").as_str()).copied();
    let requests = |class: &str| {
        of(&format!(r#"http_requests_total{{operation="startVerification",status="{class}"}}"#))
    };
    assert_eq!(["2xx", "4xx", "5xx"].map(requests), [Some(2.0), Some(1.0), Some(1.0)]);
    let below = |bound| {
        of(&format!(r#"http_request_duration_seconds_bucket{{le="{bound}",operation="startVerification"}}"#))
    };
    assert_eq!(["0.025", "0.05", "+Inf"].map(below), [Some(0.0), Some(4.0), Some(4.0)]);
}

#[test]
fn gauges_are_asked_when_somebody_reads_them() {
    let metrics = metrics();
    let blocks = Arc::new(Mutex::new(vec![]));
    let read = blocks.clone();
    metrics.watch(facts::BLOCKS, move || read.lock().unwrap().clone());
    metrics.watch(facts::LOOP_SILENCE, || vec![Reading::new(["expire"], 0.5), Reading::new(["sweep"], 7.0)]);
    assert!(!metrics.text().contains("_blocks"), "what tells nothing is absent");
    *blocks.lock().unwrap() = vec![Reading::new([], 3.0)];
    let text = metrics.text();
    assert!(text.contains("# TYPE sparrow_verify_blocks gauge\nsparrow_verify_blocks 3.0\n"), "{text}");
    let wanted = "# TYPE sparrow_verify_loop_silence_seconds gauge\n# UNIT sparrow_verify_loop_silence_seconds seconds\n\
                  sparrow_verify_loop_silence_seconds{loop=\"expire\"} 0.5\n\
                  sparrow_verify_loop_silence_seconds{loop=\"sweep\"} 7.0\n";
    assert!(text.contains(wanted), "{text}");
    assert!(text.ends_with("\n# EOF\n"));
}

/// Says that it is full, and that there is something left.
#[derive(Debug)]
struct Busy(GatewayFacts);

#[async_trait::async_trait]
impl SmsGateway for Busy {
    fn facts(&self) -> &GatewayFacts {
        &self.0
    }

    fn condition(&self) -> GatewayCondition {
        let breaker = BreakerState::Open { retry_after: Duration::from_secs(1) };
        GatewayCondition { breaker, calls: 3, waiting: 2 }
    }

    fn carries_to(&self, _: Phone) -> bool {
        true
    }

    async fn send(&self, _sms: &Sms, _within: Duration) -> Result<SendReport, Held> {
        Err(Held { why: HeldWhy::Full, retry_after: Duration::from_secs(1) })
    }

    async fn credit(&self) -> Option<CreditBalance> {
        Some(CreditBalance::from_credits(70))
    }
}

fn facts_of(name: &str, low: u32) -> GatewayFacts {
    GatewayFacts {
        name: name.into(),
        kind: "test",
        host: "".into(),
        sender: "".into(),
        credit_low: CreditBalance::from_credits(low),
        credit_low_days: 3,
    }
}

#[tokio::test]
async fn a_gateway_is_watched_and_stays_what_it_is() {
    let metrics = metrics();
    let mut world = World::new();
    let busy: Arc<dyn SmsGateway> = Arc::new(Busy(facts_of("busy", 500)));
    let busy = metrics.gateways(Gateways::one(busy));
    assert_eq!(busy.all()[0].credit().await, Some(CreditBalance::from_credits(70)));
    world.verifier.ports.gateways = busy;
    let request = || StartRequest {
        phone: phone("9841234567"),
        account: None,
        purpose: Purpose::Contact,
        locale: None,
        app_hash: None,
        origin: None,
    };
    let caller = world.application();
    let refused = use_cases::start(&world.verifier, &caller, request()).await.unwrap();
    assert!(matches!(refused, Answer::Refused(_)), "{refused:?}");
    let text = metrics.text();
    let series = series(&text);
    let of = |name: &str| series.get(format!("{PREFIX}_{name}").as_str()).copied();
    for (name, value) in [
        (r#"gateway_held_total{gateway="busy",why="full"}"#, 1.0),
        (r#"gateway_breaker{gateway="busy",state="open"}"#, 1.0),
        (r#"gateway_breaker{gateway="busy",state="closed"}"#, 0.0),
        (r#"gateway_calls{gateway="busy"}"#, 3.0),
        (r#"gateway_waiting{gateway="busy"}"#, 2.0),
        (r#"gateway_credits{gateway="busy"}"#, 70.0),
        (r#"gateway_credits_low_threshold{gateway="busy"}"#, 500.0),
    ] {
        assert_eq!(of(name), Some(value), "{name}\n{text}");
    }
    assert!(of(r#"gateway_credits_age_seconds{gateway="busy"}"#).is_some_and(|age| age < 60.0));

    let metrics = self::metrics();
    world.verifier.ports.gateways = metrics.gateways(Gateways::one(world.gateway.clone()));
    world.gateway.answer_next([SendAnswer::Unknown]);
    world.pass(Duration::from_mins(20));
    let started = use_cases::start(&world.verifier, &caller, request()).await.unwrap();
    assert!(matches!(started, Answer::Done(_)), "{started:?}");
    let text = metrics.text();
    let counted = r#"gateway_duration_seconds_count{gateway="scripted",answer="unknown"} 1"#;
    assert!(text.contains(counted), "{text}");
    assert!(!text.contains("gateway_credits{"), "it has not told");
}

#[test]
fn names_follow_the_conventions() {
    let mut seen = std::collections::BTreeSet::new();
    for facts in facts::ALL {
        let name = facts.full_name();
        assert!(seen.insert(name.clone()), "{name} is there twice");
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(name.bytes().all(plain) && !name.contains("__"), "{name}");
        assert!(!["total", "seconds", "info"].iter().any(|end| facts.name.ends_with(end)), "{name}");
        assert!(facts.labels.iter().all(|label| label.bytes().all(plain) && *label != "le"), "{name}");
        assert!(!facts.help.ends_with('.') && !facts.help.contains(['\n', '\\']), "{name}");
        if facts.kind == MetricKind::Histogram {
            assert_eq!(facts.unit, facts::MetricUnit::Seconds, "{name}");
        }
    }
}
