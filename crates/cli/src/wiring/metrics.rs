//! Metrics, put before and beside the parts that they are about. Owns which part is asked for what; the parts know
//! nothing of it, and where nobody wants metrics nothing stands before them.

use std::sync::Arc;

use adapters::metrics::{Metrics, Reading, facts};
use domain::application::{Application, ApplicationId};
use domain::ports::{Gateways, Observer, WebhookSender};
use domain::time::Timestamp;
use domain::use_cases::Verifier;

mod deliverability;

use super::Store;
use crate::config::Config;

/// The metrics of a process that sends, where they are wanted.
pub(super) fn metrics(config: &Config, gateways: Option<&Gateways>) -> Option<Arc<Metrics>> {
    let (_, gateways) = (config.metrics.listen?, gateways?);
    let applications = config.all_applications().map(|application| application.id.as_str().into());
    let gateways = gateways.all().iter().map(|gateway| gateway.facts().name.clone());
    Some(Arc::new(Metrics::new(applications, gateways)))
}

/// Who is told what happens.
pub(super) fn observer(metrics: Option<&Metrics>, statistics: Arc<dyn Observer>) -> Arc<dyn Observer> {
    match metrics {
        Some(metrics) => Arc::new(metrics.recorder(statistics)),
        None => statistics,
    }
}

/// The gateways, watched where metrics are wanted.
pub(super) fn gateways(metrics: Option<&Metrics>, gateways: Gateways) -> Gateways {
    match metrics {
        Some(metrics) => metrics.gateways(gateways),
        None => gateways,
    }
}

/// What tells webhooks, counted where metrics are wanted.
pub(super) fn webhooks(metrics: Option<&Metrics>, sender: Arc<dyn WebhookSender>) -> Arc<dyn WebhookSender> {
    match metrics {
        Some(metrics) => metrics.webhooks(sender),
        None => sender,
    }
}

/// Watches what the use cases' ground and the store know by themselves.
pub(super) fn watch(metrics: &Metrics, verifier: &Verifier, store: &Store) {
    let ports = &verifier.ports;
    let begun = seconds(ports.clock.now());
    metrics.watch(facts::START_TIME, move || vec![Reading::new([], begun)]);
    let clock = ports.clock.clone();
    metrics.watch(facts::CLOCK_AHEAD, move || {
        clock.ahead_millis().into_iter().map(|millis| Reading::new([], float(millis) / 1000.0)).collect()
    });
    let blocks = ports.blocks.clone();
    metrics.watch(facts::BLOCKS, move || {
        let count = blocks.list().map(|list| i64::try_from(list.count()).unwrap_or(i64::MAX));
        count.into_iter().map(|count| Reading::new([], float(count))).collect()
    });
    let blocks = ports.blocks.clone();
    metrics.watch(facts::BLOCKS_AGE, move || vec![Reading::new([], blocks.age().as_secs_f64())]);
    let (applications, clock) = (verifier.applications.clone(), ports.clock.clone());
    metrics.watch(facts::TEST_NUMBERS, move || {
        let now = clock.now();
        let active = |application: &Application| {
            application.test_numbers.iter().filter(|test| test.is_active(now)).count()
        };
        let of_one = |application: &Application| {
            let count = u32::try_from(active(application)).unwrap_or(u32::MAX);
            Reading::new([application.id.as_str()], count.into())
        };
        applications.all().map(of_one).collect()
    });
    let (applications, clock, blocks) =
        (verifier.applications.clone(), ports.clock.clone(), ports.blocks.clone());
    metrics.watch(facts::NEW_NUMBERS_PAUSED, move || {
        let now = clock.now();
        let of_one = |id: &ApplicationId| {
            let pause = blocks.pause_of(id).ok()?;
            let paused = pause.is_some_and(|pause| now < pause.until);
            Some(Reading::new([id.as_str()], f64::from(u8::from(paused))))
        };
        applications.ids().filter_map(of_one).collect()
    });
    deliverability::watch(metrics, &ports.estimates);
    watch_connections(metrics, store);
}

fn watch_connections(metrics: &Metrics, store: &Store) {
    let connected = store.clone();
    metrics.watch(facts::DATABASE_CONNECTIONS, move || {
        let of_pool = |pool: adapters::sql::Connections| {
            [("used", pool.used), ("idle", pool.idle)]
                .map(|(state, count)| Reading::new([pool.pool, state], count.into()))
        };
        connected.connections().into_iter().flat_map(of_pool).collect()
    });
    let connected = store.clone();
    metrics.watch(facts::DATABASE_CONNECTIONS_MAX, move || {
        connected.connections().into_iter().map(|pool| Reading::new([pool.pool], pool.max.into())).collect()
    });
}

fn seconds(at: Timestamp) -> f64 {
    float(at.as_millisecond()) / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds are far below 2^53")]
fn float(number: i64) -> f64 {
    number as f64
}
