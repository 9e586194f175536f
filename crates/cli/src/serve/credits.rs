//! Looking at what is left at gateways, again and again beside serving. Owns what is said of it in the log, and for how many
//! days it lasted when it was last looked at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adapters::metrics::{Metrics, Reading, facts};
use domain::credit::DaysLeft;
use domain::ports::{CreditKept, SmsGateway};
use domain::use_cases::Verifier;
use domain::use_cases::credits::{self, CreditLook};
use tokio_util::sync::CancellationToken;

use super::chores::pause;

/// For how many days the credits of each gateway last, where that can be told.
#[derive(Debug, Default)]
pub(super) struct DaysKnown(Mutex<BTreeMap<Arc<str>, DaysLeft>>);

impl DaysKnown {
    /// Watches them among these metrics.
    pub(super) fn watched(self: &Arc<Self>, metrics: &Metrics) {
        let known = self.clone();
        metrics.watch(facts::GATEWAY_CREDITS_DAYS, move || {
            let reading = |(gateway, days): (&Arc<str>, &DaysLeft)| Reading::new([&**gateway], days.as_f64());
            known.held().iter().map(reading).collect()
        });
    }

    fn learn(&self, look: &CreditLook) {
        let gateway = look.reading.gateway.clone();
        match look.days_left {
            Some(days) => self.held().insert(gateway, days),
            None => self.held().remove(&gateway),
        };
    }

    /// No code that can panic runs under it.
    fn held(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, DaysLeft>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks a gateway what is left, and tells the operator when that becomes low.
pub(super) async fn look_at_credits_regularly(
    verifier: Arc<Verifier>,
    gateway: Arc<dyn SmsGateway>,
    interval: Duration,
    known: Arc<DaysKnown>,
    stopping: CancellationToken,
) {
    while !stopping.is_cancelled() {
        // The gateway may take its time, and nothing is lost where nobody waits for it.
        let looked = tokio::select! {
            () = stopping.cancelled() => return,
            looked = credits::look(&verifier, gateway.as_ref()) => looked,
        };
        match looked {
            Ok(Some(look)) => {
                known.learn(&look);
                if look.kept == CreditKept::BecameLow {
                    let (gateway, credits) = (&*look.reading.gateway, look.reading.balance.as_f64());
                    let days_left = look.days_left.map(DaysLeft::as_f64);
                    tracing::warn!(gateway, credits, days_left, "few credits are left at the gateway");
                }
            }
            Ok(None) => {}
            Err(failure) => {
                tracing::warn!(
                    cause = domain::ports::chain(&failure),
                    "could not keep what credits are left"
                );
            }
        }
        pause(interval, &stopping).await;
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use domain::credit::{CreditBalance, CreditReading, CreditUse};
    use domain::phone::Phone;
    use domain::ports::{GatewayFacts, Held, SendAnswer, SendReport, Sms};
    use domain::statistic::{Amounts, Measure};
    use domain::testkit::World;
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn the_days_are_those_of_the_last_look() {
        let (metrics, known) = (Metrics::new([], []), Arc::new(DaysKnown::default()));
        known.watched(&metrics);
        let now = Timestamp::from_second(1_768_478_400).unwrap();
        let mut amounts = Amounts::default();
        amounts.add(Measure::Segments, 750);
        let used = CreditUse::of(&amounts, CreditUse::since(now), now).unwrap();
        let balance = CreditBalance::from_credits(250);
        let reading = CreditReading { gateway: "sparrow".into(), balance, at: now, low: true };
        let look = CreditLook { reading, kept: CreditKept::Kept, days_left: Some(used.days_left(balance)) };
        known.learn(&look);
        let shown = "sparrow_verify_gateway_credits_days{gateway=\"sparrow\"} 2.5\n";
        assert!(metrics.text().contains(shown), "{}", metrics.text());
        known.learn(&CreditLook { days_left: None, ..look });
        assert!(!metrics.text().contains("credits_days{"), "what cannot be told is absent");
    }

    /// Takes a question and never answers it.
    #[derive(Debug)]
    struct Silent(GatewayFacts);

    #[async_trait]
    impl SmsGateway for Silent {
        fn facts(&self) -> &GatewayFacts {
            &self.0
        }

        fn carries_to(&self, _: Phone) -> bool {
            true
        }

        async fn send(&self, _sms: &Sms, _within: Duration) -> Result<SendReport, Held> {
            Ok(SendAnswer::NotSent.into())
        }

        async fn credit(&self) -> Option<CreditBalance> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_does_not_wait_for_a_gateway_that_is_asked_for_its_credits() {
        let world = World::new();
        let silent = Arc::new(Silent(world.gateway.facts().clone()));
        let stopping = CancellationToken::new();
        let looking = tokio::spawn(look_at_credits_regularly(
            Arc::new(world.verifier),
            silent,
            Duration::from_mins(5),
            Arc::default(),
            stopping.clone(),
        ));
        tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(!looking.is_finished());
        stopping.cancel();
        tokio::time::timeout(Duration::from_secs(1), looking).await.unwrap().unwrap();
    }
}
