//! What use cases tell, counted. Owns which of it each series is about; never what happened.
//!
//! An observation costs some hundred nanoseconds: for each metric that it is about, a look into a map under a lock that
//! readers share, and an addition. It allocates only where a series is new, and nobody waits for a reader of the metrics
//! for longer than it takes to write one metric.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use domain::delivery::Credits;
use domain::phone::{Operator, Phone};
use domain::ports::{Observer, SendAnswer};
use domain::statistic::{Happening, Observation};
use domain::verification::Purpose;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::{MakeHistogram, Metrics, Names, OTHER, facts};

/// Seconds, from a code that is read by itself to one that is typed at the end of its life.
const BOUNDS: [f64; 11] = [5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0, 600.0];

/// Counts what it is told, and tells the next one.
pub struct Recorder {
    next: Arc<dyn Observer>,
    names: Names,
    families: Families,
}

#[derive(Clone)]
struct Families {
    started: Family<BegunLabels, Counter>,
    ended: Family<EndedLabels, Counter>,
    time_to_verify: Family<RouteLabels, Histogram, MakeHistogram>,
    refusals: Family<RefusalLabels, Counter>,
    sends: Family<SendLabels, Counter>,
    resends: Family<RouteLabels, Counter>,
    segments: Family<RouteLabels, Counter>,
    credits: Family<BillLabels, Counter<f64, AtomicU64>>,
    tests: Family<TestLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BegunLabels {
    application: Arc<str>,
    operator: &'static str,
    purpose: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndedLabels {
    application: Arc<str>,
    operator: &'static str,
    purpose: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    application: Arc<str>,
    gateway: Arc<str>,
    operator: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SendLabels {
    application: Arc<str>,
    gateway: Arc<str>,
    operator: &'static str,
    answer: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BillLabels {
    application: Arc<str>,
    gateway: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    application: Arc<str>,
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TestLabels {
    application: Arc<str>,
    outcome: &'static str,
}

impl Metrics {
    /// Counts what is observed among these metrics, from now on, and tells `next`; ask for it once.
    #[must_use]
    pub fn recorder(&self, next: Arc<dyn Observer>) -> Recorder {
        let make: MakeHistogram = || Histogram::new(BOUNDS);
        let families = Families {
            started: Family::default(),
            ended: Family::default(),
            time_to_verify: Family::new_with_constructor(make),
            refusals: Family::default(),
            sends: Family::default(),
            resends: Family::default(),
            segments: Family::default(),
            credits: Family::default(),
            tests: Family::default(),
        };
        self.register(facts::STARTED, families.started.clone());
        self.register(facts::ENDED, families.ended.clone());
        self.register(facts::TIME_TO_VERIFY, families.time_to_verify.clone());
        self.register(facts::REFUSALS, families.refusals.clone());
        self.register(facts::SENDS, families.sends.clone());
        self.register(facts::RESENDS, families.resends.clone());
        self.register(facts::SEGMENTS, families.segments.clone());
        self.register(facts::CREDITS_SPENT, families.credits.clone());
        self.register(facts::TEST_VERIFICATIONS, families.tests.clone());
        Recorder { next, names: self.names.clone(), families }
    }
}

impl Recorder {
    fn count(&self, observation: &Observation<'_>) {
        let ended = |outcome| {
            let BegunLabels { application, operator, purpose } = self.begun(observation);
            let labels = EndedLabels { application, operator, purpose, outcome };
            self.families.ended.get_or_create(&labels).inc();
        };
        let test = |outcome| {
            let application = self.names.application(observation.application.as_str());
            self.families.tests.get_or_create(&TestLabels { application, outcome }).inc();
        };
        match observation.happening {
            Happening::Started => {
                self.families.started.get_or_create(&self.begun(observation)).inc();
            }
            Happening::Sent { again, segments, answer, credits } => {
                self.sent(&self.route(observation), answer, again, segments, credits);
            }
            Happening::Approved { took } => {
                ended("approved");
                let labels = self.route(observation);
                self.families.time_to_verify.get_or_create(&labels).observe(took.as_secs_f64());
            }
            // What arrives is told by the estimates, which know of all replicas.
            Happening::Arrived { .. } => {}
            Happening::Expired => ended("expired"),
            Happening::Canceled => ended("canceled"),
            Happening::Locked => ended("locked"),
            Happening::TestStarted => test("started"),
            Happening::TestApproved => test("approved"),
            Happening::Refused(refusal) => {
                let application = self.names.application(observation.application.as_str());
                let labels = RefusalLabels { application, class: refusal.class() };
                self.families.refusals.get_or_create(&labels).inc();
            }
        }
    }

    fn sent(
        &self,
        labels: &RouteLabels,
        answer: SendAnswer,
        again: bool,
        segments: u16,
        credits: Option<Credits>,
    ) {
        let RouteLabels { application, gateway, operator } = labels.clone();
        let of_answer = SendLabels { application, gateway, operator, answer: answer.as_str() };
        self.families.sends.get_or_create(&of_answer).inc();
        match answer {
            SendAnswer::Accepted | SendAnswer::Unknown => {}
            SendAnswer::ReceiverRefused | SendAnswer::Refused | SendAnswer::NotSent => return,
        }
        self.families.segments.get_or_create(labels).inc_by(segments.into());
        if again {
            self.families.resends.get_or_create(labels).inc();
        }
        if let Some(credits) = credits {
            let SendLabels { application, gateway, .. } = of_answer;
            let labels = BillLabels { application, gateway };
            self.families.credits.get_or_create(&labels).inc_by(credits.as_f64());
        }
    }

    fn begun(&self, observation: &Observation<'_>) -> BegunLabels {
        BegunLabels {
            application: self.names.application(observation.application.as_str()),
            operator: operator(observation),
            purpose: observation.purpose.map_or(OTHER, Purpose::as_str),
        }
    }

    fn route(&self, observation: &Observation<'_>) -> RouteLabels {
        RouteLabels {
            application: self.names.application(observation.application.as_str()),
            gateway: self.names.gateway(observation.gateway),
            operator: operator(observation),
        }
    }
}

/// Other countries have none that is told apart.
fn operator(observation: &Observation<'_>) -> &'static str {
    observation.phone.and_then(Phone::operator).map_or(OTHER, Operator::name)
}

impl Observer for Recorder {
    fn observe(&self, observation: &Observation<'_>) {
        self.count(observation);
        self.next.observe(observation);
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("next", &self.next).finish_non_exhaustive()
    }
}
