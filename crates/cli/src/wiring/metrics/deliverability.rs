//! What becomes of SMS, as gauges: of the estimates that are in memory anyway. Owns how they are labelled; what they say is
//! decided by the rules.

use std::sync::Arc;

use adapters::metrics::facts::{self, MetricFacts};
use adapters::metrics::{Metrics, Reading};
use domain::deliverability::{Estimates, RouteEstimate, Share};
use domain::phone::Operator;
use domain::ports::DeliveryEstimates;

/// The operator of a route to all phones.
const ALL: &str = "all";
/// The operator of phones that have none that is known, as in the other metrics.
const OTHER: &str = "other";

/// Watches the estimates of all routes.
pub(super) fn watch(metrics: &Metrics, estimates: &Arc<dyn DeliveryEstimates>) {
    let share = |of: fn(Share) -> f64| move |row: &RouteEstimate| row.estimate.share.map(of);
    each(metrics, facts::DELIVERABILITY_SENDS, estimates, |row| {
        Some(row.estimate.sends).filter(|sends| *sends > 0).map(float)
    });
    each(metrics, facts::DELIVERABILITY_VERIFIED, estimates, share(|share| share.value));
    each(metrics, facts::DELIVERABILITY_VERIFIED_LOW, estimates, share(|share| share.low));
    each(metrics, facts::DELIVERABILITY_VERIFIED_HIGH, estimates, share(|share| share.high));
    each(metrics, facts::DELIVERABILITY_LOSSY, estimates, |row| {
        row.estimate.share.map(|_| f64::from(u8::from(row.lossy)))
    });
    let estimates = estimates.clone();
    metrics.watch(facts::DELIVERABILITY_TIME, move || {
        let times = |(operator, row): (&'static str, &RouteEstimate)| {
            let quantiles = [("0.5", row.estimate.p50), ("0.9", row.estimate.p90)];
            let reading = |(quantile, time): (&str, Option<std::time::Duration>)| {
                Some(Reading::new([operator, row.route.as_str(), quantile], time?.as_secs_f64()))
            };
            quantiles.into_iter().filter_map(reading).collect::<Vec<_>>()
        };
        labelled(&estimates.estimates()).flat_map(times).collect()
    });
}

fn each(
    metrics: &Metrics,
    facts: MetricFacts,
    estimates: &Arc<dyn DeliveryEstimates>,
    read: impl Fn(&RouteEstimate) -> Option<f64> + Send + Sync + 'static,
) {
    let estimates = estimates.clone();
    metrics.watch(facts, move || {
        let reading = |(operator, row): (&'static str, &RouteEstimate)| {
            Some(Reading::new([operator, row.route.as_str()], read(row)?))
        };
        labelled(&estimates.estimates()).filter_map(reading).collect()
    });
}

/// By operator and route, and by route alone.
fn labelled(estimates: &Estimates) -> impl Iterator<Item = (&'static str, &RouteEstimate)> {
    let of_operator = |row: &RouteEstimate| row.operator.map_or(OTHER, Operator::name);
    let pairs = estimates.rows().iter().map(move |row| (of_operator(row), row));
    pairs.chain(estimates.routes().iter().map(|row| (ALL, row)))
}

#[expect(clippy::cast_precision_loss, reason = "SMS of an hour are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::application::ApplicationId;
    use domain::deliverability::{Cohort, CohortMeasure, CohortSums, Window};
    use domain::route::RouteName;
    use domain::statistic::bucket_of;
    use domain::testkit::KnownEstimates;
    use domain::time::Timestamp;

    use super::*;

    fn sums(operator: Option<Operator>, sent: u64, verified: u64) -> CohortSums {
        let mut settled = Cohort::default();
        settled.add(CohortMeasure::Sent, sent);
        settled.add(CohortMeasure::Verified, verified);
        settled.add(CohortMeasure::Took(bucket_of(Duration::from_secs(20))), verified);
        let (application, route) = (ApplicationId::default_application(), RouteName::parse("nepal").unwrap());
        CohortSums { application, operator, route, settled, recent: Cohort::default() }
    }

    #[test]
    fn what_is_known_is_told_and_what_is_too_little_is_absent() {
        let (metrics, known) = (Metrics::new([], []), Arc::new(KnownEstimates::default()));
        let port: Arc<dyn DeliveryEstimates> = known.clone();
        watch(&metrics, &port);
        assert!(!metrics.text().contains("deliverability"), "nothing is known at first");
        let window = Window::at(Timestamp::UNIX_EPOCH);
        known.set(Estimates::new(window, &[sums(None, 19, 19), sums(Some(Operator::Ntc), 81, 15)]));
        let text = metrics.text();
        let is = |name: &str, labels: &str| {
            let begin = format!("sparrow_verify_deliverability_{name}{{{labels}}} ");
            let value = text.lines().find_map(|line| line.strip_prefix(&begin))?;
            Some(value.parse::<f64>().unwrap())
        };
        let [ntc, other, all] =
            ["NTC", "other", "all"].map(|operator| format!("operator=\"{operator}\",route=\"nepal\""));
        assert_eq!(
            [&ntc, &other, &all].map(|labels| is("sends", labels)),
            [Some(81.0), Some(19.0), Some(100.0)]
        );
        assert_eq!(is("verified_ratio", &all), Some(0.34));
        assert!(
            is("verified_ratio_low", &all).unwrap() < 0.34 && is("verified_ratio_high", &all).unwrap() > 0.34
        );
        assert_eq!((is("lossy", &ntc), is("lossy", &all)), (Some(1.0), Some(0.0)));
        let half = is("time_to_verify_seconds", &format!("{ntc},quantile=\"0.5\"")).unwrap();
        assert!((half - 20.0).abs() < 1.0, "{half}");
        assert!(is("time_to_verify_seconds", &format!("{ntc},quantile=\"0.9\"")).is_some());
        assert_eq!((is("verified_ratio", &other), is("lossy", &other)), (None, None), "19 are too few");
        assert!(!text.contains(&format!("time_to_verify_seconds{{{other}")), "{text}");
    }
}
