//! What is so at the moment: asked where it is known, when somebody reads the metrics. Owns nothing of it.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::Metrics;
use super::facts::{MetricFacts, MetricUnit};

/// What a gauge is, of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The values of its labels, in the order of [`MetricFacts::labels`]. Configured names and words of tables only.
    pub labels: Vec<String>,
    /// What it is.
    pub value: f64,
}

impl Reading {
    /// A reading of a gauge with these label values.
    pub fn new<'a>(labels: impl IntoIterator<Item = &'a str>, value: f64) -> Self {
        Self { labels: labels.into_iter().map(str::to_owned).collect(), value }
    }
}

impl Metrics {
    /// Adds a gauge that is asked for when somebody reads it. It has to be at hand: `read` neither waits nor asks anybody
    /// else. Where it tells nothing, the metric is absent.
    pub fn watch(&self, facts: MetricFacts, read: impl Fn() -> Vec<Reading> + Send + Sync + 'static) {
        let mut registered = self.registered();
        registered.registry.register_collector(Box::new(Watched { facts, read }));
        registered.facts.push(facts);
    }
}

struct Watched<F> {
    facts: MetricFacts,
    read: F,
}

impl<F: Fn() -> Vec<Reading> + Send + Sync + 'static> Collector for Watched<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let readings = (self.read)();
        if readings.is_empty() {
            return Ok(());
        }
        let MetricFacts { name, unit, labels, help, .. } = self.facts;
        let seconds = match unit {
            MetricUnit::Count => None,
            MetricUnit::Seconds => Some(Unit::Seconds),
        };
        // The registry puts the full stop behind its own.
        let help = format!("{help}.");
        let mut family = encoder.encode_descriptor(name, &help, seconds.as_ref(), MetricType::Gauge)?;
        for reading in readings {
            let gauge = ConstGauge::new(reading.value);
            if labels.is_empty() {
                return gauge.encode(family);
            }
            let values = reading.labels.iter().map(String::as_str);
            let pairs: Vec<(&str, &str)> = labels.iter().copied().zip(values).collect();
            gauge.encode(family.encode_family(&pairs)?)?;
        }
        Ok(())
    }
}

impl<F> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("facts", &self.facts).finish_non_exhaustive()
    }
}
