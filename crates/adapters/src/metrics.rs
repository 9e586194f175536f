//! Metrics: what happens, counted since the process began, and what is so at the moment, in the text format of
//! `OpenMetrics`. Owns the registry, and which label values there may be; never where it is asked over HTTP.
//!
//! Label values are bounded: applications and gateways are those of the configuration, the rest comes from tables of the
//! code. No phone, account, credential or address is ever one.

pub mod facts;
mod gateways;
mod gauges;
mod http;
mod recorder;
mod webhooks;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

use self::facts::{MetricFacts, MetricUnit, PREFIX};
pub use self::gauges::Reading;
pub use self::http::HttpMetrics;
pub use self::recorder::Recorder;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The label value of what is not in the configuration.
const OTHER: &str = "other";

/// All metrics of a process.
pub struct Metrics {
    /// Locked while metrics are added, at the start, and while somebody reads them; never by what is counted.
    registered: Mutex<Registered>,
    names: Names,
}

struct Registered {
    registry: Registry,
    facts: Vec<MetricFacts>,
}

/// Which applications and gateways there are, in order.
#[derive(Clone, Debug)]
struct Names {
    applications: Arc<[Arc<str>]>,
    gateways: Arc<[Arc<str>]>,
    other: Arc<str>,
    none: Arc<str>,
}

impl Names {
    fn application(&self, name: &str) -> Arc<str> {
        known(&self.applications, name).unwrap_or(&self.other).clone()
    }

    /// An empty name is that of no gateway.
    fn gateway(&self, name: &str) -> Arc<str> {
        let unknown = if name.is_empty() { &self.none } else { &self.other };
        known(&self.gateways, name).unwrap_or(unknown).clone()
    }
}

fn known<'a>(names: &'a [Arc<str>], name: &str) -> Option<&'a Arc<str>> {
    let place = names.binary_search_by(|known| (**known).cmp(name)).ok()?;
    names.get(place)
}

fn in_order(names: impl IntoIterator<Item = Arc<str>>) -> Arc<[Arc<str>]> {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort();
    names.dedup();
    names.into()
}

impl Metrics {
    /// Metrics about these applications and gateways; what else is told of is counted as `other`.
    #[must_use]
    pub fn new(
        applications: impl IntoIterator<Item = Arc<str>>,
        gateways: impl IntoIterator<Item = Arc<str>>,
    ) -> Self {
        let registered = Registered { registry: Registry::with_prefix(PREFIX), facts: Vec::new() };
        let names = Names {
            applications: in_order(applications),
            gateways: in_order(gateways),
            other: OTHER.into(),
            none: "none".into(),
        };
        let metrics = Self { registered: Mutex::new(registered), names };
        metrics.register(facts::BUILD, Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        metrics
    }

    /// Everything as text. It asks nobody and waits for nothing.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registered().registry) {
            // Text has always room; a metric that refuses would be a mistake of ours.
            tracing::error!(cause = %error, "the metrics could not be written");
        }
        text
    }

    /// The metrics that there are, whether anything was counted or not.
    #[must_use]
    pub fn facts(&self) -> Vec<MetricFacts> {
        self.registered().facts.clone()
    }

    fn register(&self, facts: MetricFacts, metric: impl Metric) {
        let mut registered = self.registered();
        match facts.unit {
            MetricUnit::Count => registered.registry.register(facts.name, facts.help, metric),
            MetricUnit::Seconds => {
                registered.registry.register_with_unit(facts.name, facts.help, Unit::Seconds, metric);
            }
        }
        registered.facts.push(facts);
    }

    /// No code that can panic runs under it but what writes the text, and that changes nothing.
    fn registered(&self) -> MutexGuard<'_, Registered> {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("names", &self.names).finish_non_exhaustive()
    }
}

/// Makes the histograms of a family.
type MakeHistogram = fn() -> Histogram;

#[cfg(test)]
mod tests;
