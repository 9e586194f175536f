//! What gateways do and how they are: a gateway before each of them takes the time and remembers what credits are left.
//! Owns no decision: whatever the gateway says is handed on as it is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::breaker::BreakerState;
use domain::credit::CreditBalance;
use domain::phone::Phone;
use domain::ports::{GatewayCondition, GatewayFacts, Gateways, Held, SendReport, Sms, SmsGateway};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::{MakeHistogram, Metrics, Reading, facts};

/// Seconds.
const BOUNDS: [f64; 12] = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 4.0, 6.0, 10.0];

/// A gateway that is watched.
#[derive(Debug)]
struct WatchedGateway {
    gateway: Arc<dyn SmsGateway>,
    families: Families,
    /// Held for as long as it takes to copy it.
    credit: Mutex<Option<LastCredit>>,
}

/// What was left when the gateway last told.
#[derive(Clone, Copy, Debug)]
struct LastCredit {
    balance: CreditBalance,
    at: Instant,
}

#[derive(Clone, Debug)]
struct Families {
    durations: Family<AnswerLabels, Histogram, MakeHistogram>,
    held: Family<HeldLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    gateway: Arc<str>,
    answer: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HeldLabels {
    gateway: Arc<str>,
    why: &'static str,
}

impl Metrics {
    /// Watches these gateways among these metrics, from now on; ask for it once. What sends has to use what is answered.
    #[must_use]
    pub fn gateways(&self, gateways: Gateways) -> Gateways {
        let make: MakeHistogram = || Histogram::new(BOUNDS);
        let families = Families { durations: Family::new_with_constructor(make), held: Family::default() };
        self.register(facts::GATEWAY_DURATION, families.durations.clone());
        self.register(facts::GATEWAY_HELD, families.held.clone());
        let all = gateways.all().iter().map(|gateway| {
            let (gateway, families) = (gateway.clone(), families.clone());
            Arc::new(WatchedGateway { gateway, families, credit: Mutex::default() })
        });
        let all: Arc<[_]> = all.collect();
        self.watch_each(facts::GATEWAY_CALLS, &all, |one| Some(one.condition().calls.into()));
        self.watch_each(facts::GATEWAY_WAITING, &all, |one| Some(one.condition().waiting.into()));
        self.watch_each(facts::GATEWAY_CREDITS, &all, |one| Some(one.credit()?.balance.as_f64()));
        self.watch_each(facts::GATEWAY_CREDITS_AGE, &all, |one| {
            Some(one.credit()?.at.elapsed().as_secs_f64())
        });
        self.watch_each(facts::GATEWAY_CREDITS_LOW, &all, |one| {
            Some(one.facts().credit_low.as_f64()).filter(|low| *low > 0.0)
        });
        self.watch(facts::GATEWAY_BREAKER, {
            let all = all.clone();
            move || all.iter().flat_map(|one| one.breaker()).collect()
        });
        gateways.wrapped(|gateway| {
            let watched = all.iter().find(|watched| Arc::ptr_eq(&watched.gateway, &gateway));
            watched.map_or(gateway, |watched| watched.clone())
        })
    }

    fn watch_each(
        &self,
        facts: facts::MetricFacts,
        all: &Arc<[Arc<WatchedGateway>]>,
        read: impl Fn(&WatchedGateway) -> Option<f64> + Send + Sync + 'static,
    ) {
        let all = all.clone();
        let of_gateway = move |one: &Arc<WatchedGateway>| Some(Reading::new([one.name()], read(one)?));
        self.watch(facts, move || all.iter().filter_map(&of_gateway).collect());
    }
}

impl WatchedGateway {
    fn name(&self) -> &str {
        &self.gateway.facts().name
    }

    fn breaker(&self) -> Vec<Reading> {
        let state = self.condition().breaker.as_str();
        let reading = |name: &str| Reading::new([self.name(), name], f64::from(u8::from(name == state)));
        BreakerState::NAMES.map(reading).into()
    }

    fn credit(&self) -> Option<LastCredit> {
        *self.credit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SmsGateway for WatchedGateway {
    fn facts(&self) -> &GatewayFacts {
        self.gateway.facts()
    }

    fn condition(&self) -> GatewayCondition {
        self.gateway.condition()
    }

    fn carries_to(&self, phone: Phone) -> bool {
        self.gateway.carries_to(phone)
    }

    async fn send(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held> {
        let begin = Instant::now();
        let said = self.gateway.send(sms, within).await;
        let gateway = self.facts().name.clone();
        match &said {
            Ok(report) => {
                let labels = AnswerLabels { gateway, answer: report.answer.as_str() };
                self.families.durations.get_or_create(&labels).observe(begin.elapsed().as_secs_f64());
            }
            Err(held) => {
                let labels = HeldLabels { gateway, why: held.why.as_str() };
                self.families.held.get_or_create(&labels).inc();
            }
        }
        said
    }

    async fn credit(&self) -> Option<CreditBalance> {
        let balance = self.gateway.credit().await?;
        let last = LastCredit { balance, at: Instant::now() };
        *self.credit.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        Some(balance)
    }
}
