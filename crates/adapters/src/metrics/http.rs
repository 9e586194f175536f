//! Calls over HTTP. Knows operations by their ids and statuses by their class; never an address, a caller or a body.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::{MakeHistogram, Metrics, facts};

/// Seconds.
const BOUNDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Counts answers over HTTP.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    requests: Family<AnsweredLabels, Counter>,
    durations: Family<OperationLabels, Histogram, MakeHistogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnsweredLabels {
    operation: Arc<str>,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: Arc<str>,
}

impl Metrics {
    /// Counts answers over HTTP among these metrics, from now on; ask for it once.
    #[must_use]
    pub fn http(&self) -> HttpMetrics {
        let make: MakeHistogram = || Histogram::new(BOUNDS);
        let metrics =
            HttpMetrics { requests: Family::default(), durations: Family::new_with_constructor(make) };
        self.register(facts::HTTP_REQUESTS, metrics.requests.clone());
        self.register(facts::HTTP_DURATION, metrics.durations.clone());
        metrics
    }
}

impl HttpMetrics {
    /// A call of this operation was answered with this status. Whoever calls it bounds what operations there are.
    pub fn answered(&self, operation: &Arc<str>, status: u16, took: Duration) {
        let labels = AnsweredLabels { operation: operation.clone(), status: class_of(status) };
        self.requests.get_or_create(&labels).inc();
        let labels = OperationLabels { operation: labels.operation };
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

fn class_of(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
