//! Which metrics there are. Owns their names, kinds, labels and what they mean; never their values. The documentation
//! has the same table, and a test compares the two.

/// What the names of all metrics begin with.
pub const PREFIX: &str = "sparrow_verify";

/// How a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows, until the process ends.
    Counter,
    /// Is what it is at the moment.
    Gauge,
    /// Counts what lies below each of some bounds.
    Histogram,
    /// Is always 1, and says something by its labels.
    Info,
}

impl MetricKind {
    /// Its name in the text format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Info => "info",
        }
    }

    /// What is put behind the name of each of its series; of a histogram there are several.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            Self::Gauge | Self::Histogram => "",
        }
    }
}

/// What a metric counts in, when that is no mere number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// Things: nothing is put behind the name.
    Count,
    /// Seconds.
    Seconds,
}

/// What is known of a metric before anything is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricFacts {
    /// Its name, without the common beginning, its unit and what its kind puts behind.
    pub name: &'static str,
    /// How it counts.
    pub kind: MetricKind,
    /// In what.
    pub unit: MetricUnit,
    /// By what its series are told apart.
    pub labels: &'static [&'static str],
    /// What it means, without a full stop.
    pub help: &'static str,
}

impl MetricFacts {
    /// The name by which it is asked for; of a histogram what comes before `_bucket`, `_sum` and `_count`.
    #[must_use]
    pub fn full_name(&self) -> String {
        let unit = match self.unit {
            MetricUnit::Count => "",
            MetricUnit::Seconds => "_seconds",
        };
        format!("{PREFIX}_{}{unit}{}", self.name, self.kind.suffix())
    }
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> MetricFacts {
    MetricFacts { name, kind: MetricKind::Counter, unit: MetricUnit::Count, labels, help }
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> MetricFacts {
    MetricFacts { name, kind: MetricKind::Gauge, unit: MetricUnit::Count, labels, help }
}

const fn seconds(
    name: &'static str,
    kind: MetricKind,
    labels: &'static [&'static str],
    help: &'static str,
) -> MetricFacts {
    MetricFacts { name, kind, unit: MetricUnit::Seconds, labels, help }
}

/// The release.
pub const BUILD: MetricFacts = MetricFacts {
    name: "build",
    kind: MetricKind::Info,
    unit: MetricUnit::Count,
    labels: &["version"],
    help: "The release that runs",
};
/// Since when.
pub const START_TIME: MetricFacts =
    seconds("start_time", MetricKind::Gauge, &[], "When the process began, in seconds since 1970 (UTC)");

/// Calls over HTTP.
pub const HTTP_REQUESTS: MetricFacts = counter(
    "http_requests",
    &["operation", "status"],
    "Answers over HTTP, by operation (`page` for pages and documents, `other` for what does not exist) and class of the \
     status (`2xx`)",
);
/// How long they took.
pub const HTTP_DURATION: MetricFacts = seconds(
    "http_request_duration",
    MetricKind::Histogram,
    &["operation"],
    "From the head of a call to its answer, the arrival of its body included",
);

/// Verifications that began.
pub const STARTED: MetricFacts =
    counter("verifications_started", &["application", "operator", "purpose"], "Verifications that began");
/// How they ended.
pub const ENDED: MetricFacts = counter(
    "verifications_ended",
    &["application", "operator", "purpose", "outcome"],
    "Verifications that ended: `approved`, `expired`, `canceled` or `locked`; each is counted by one replica",
);
/// How long an approval took.
pub const TIME_TO_VERIFY: MetricFacts = seconds(
    "time_to_verify",
    MetricKind::Histogram,
    &["application", "gateway", "operator"],
    "From the beginning of a verification to its approval",
);
/// What was refused.
pub const REFUSALS: MetricFacts = counter(
    "refusals",
    &["application", "class"],
    "Starts, resends, checks and cancels that the rules refused, by the code of the problem",
);
/// What gateways said to SMS.
pub const SENDS: MetricFacts = counter(
    "sends",
    &["application", "gateway", "operator", "answer"],
    "SMS handed to a gateway, by what it said: `accepted`, `receiver-refused`, `refused`, `not-sent` or `unknown`",
);
/// Those behind the first.
pub const RESENDS: MetricFacts = counter(
    "resends",
    &["application", "gateway", "operator"],
    "SMS that a gateway took, or may have, behind the first of their verification",
);
/// Their segments.
pub const SEGMENTS: MetricFacts = counter(
    "segments",
    &["application", "gateway", "operator"],
    "Segments of the SMS that a gateway took, or may have",
);
/// Their price.
pub const CREDITS_SPENT: MetricFacts = counter(
    "credits_spent",
    &["application", "gateway"],
    "What gateways said that the SMS cost; nothing for those of which they did not tell",
);

/// What test numbers do.
pub const TEST_VERIFICATIONS: MetricFacts = counter(
    "test_verifications",
    &["application", "outcome"],
    "Verifications of test numbers that began (`started`) and were approved (`approved`); they are in no other count",
);
/// Test numbers.
pub const TEST_NUMBERS: MetricFacts =
    gauge("test_numbers", &["application"], "Test numbers that are configured and not past their date");
/// Pauses because of invalid numbers.
pub const NEW_NUMBERS_PAUSED: MetricFacts = gauge(
    "new_numbers_paused",
    &["application"],
    "1 while nothing is sent to new numbers, because too many were invalid; otherwise 0",
);

/// How long gateways took.
pub const GATEWAY_DURATION: MetricFacts = seconds(
    "gateway_duration",
    MetricKind::Histogram,
    &["gateway", "answer"],
    "From handing an SMS to a gateway to its answer, waiting for its turn included, or until nobody waited any more",
);
/// Why gateways were not called.
pub const GATEWAY_HELD: MetricFacts = counter(
    "gateway_held",
    &["gateway", "why"],
    "SMS for which a gateway was not called: its breaker was `open`, or its queue `full`",
);
/// How breakers are.
pub const GATEWAY_BREAKER: MetricFacts = gauge(
    "gateway_breaker",
    &["gateway", "state"],
    "1 for the state of its circuit breaker, `closed`, `open` or `half-open`, and 0 for the others",
);
/// Calls under way.
pub const GATEWAY_CALLS: MetricFacts =
    gauge("gateway_calls", &["gateway"], "Calls to the gateway that are under way");
/// Sends in the queue.
pub const GATEWAY_WAITING: MetricFacts =
    gauge("gateway_waiting", &["gateway"], "SMS that wait for a call to the gateway to end");
/// What is left at gateways.
pub const GATEWAY_CREDITS: MetricFacts = gauge(
    "gateway_credits",
    &["gateway"],
    "The credits that were left when the gateway last told; absent until it has",
);
/// Below what it is low.
pub const GATEWAY_CREDITS_LOW: MetricFacts = gauge(
    "gateway_credits_low_threshold",
    &["gateway"],
    "Below how many credits the operator is told (`credit_low`); absent where that is 0",
);
/// For how long it lasts.
pub const GATEWAY_CREDITS_DAYS: MetricFacts = gauge(
    "gateway_credits_days",
    &["gateway"],
    "For how many days they last, by what the SMS of the last 7 days used; absent where that cannot be told or \
     `credit_low_days` is 0",
);
/// How old that is.
pub const GATEWAY_CREDITS_AGE: MetricFacts = seconds(
    "gateway_credits_age",
    MetricKind::Gauge,
    &["gateway"],
    "How long ago the gateway last told what is left",
);

/// What estimates are made from.
pub const DELIVERABILITY_SENDS: MetricFacts = gauge(
    "deliverability_sends",
    &["operator", "route"],
    "SMS of all applications that went by the route in the last hour whose codes have all died, to phones of the operator, \
     to `other` phones or to `all`; absent where there are none",
);
/// What part of them was verified.
pub const DELIVERABILITY_VERIFIED: MetricFacts = gauge(
    "deliverability_verified_ratio",
    &["operator", "route"],
    "The share of these that were verified, from 0 to 1; absent with fewer than 20 of them",
);
/// The interval's lower end.
pub const DELIVERABILITY_VERIFIED_LOW: MetricFacts = gauge(
    "deliverability_verified_ratio_low",
    &["operator", "route"],
    "The lower end of the interval of 95 % of that share",
);
/// The interval's upper end.
pub const DELIVERABILITY_VERIFIED_HIGH: MetricFacts = gauge(
    "deliverability_verified_ratio_high",
    &["operator", "route"],
    "The upper end of the interval of 95 % of that share",
);
/// How soon.
pub const DELIVERABILITY_TIME: MetricFacts = seconds(
    "deliverability_time_to_verify",
    MetricKind::Gauge,
    &["operator", "route", "quantile"],
    "Within what time since their verification began half (`0.5`) and nine in ten (`0.9`) of those that were verified had \
     been; absent with fewer than 20 SMS, or none verified",
);
/// What is measurably bad.
pub const DELIVERABILITY_LOSSY: MetricFacts = gauge(
    "deliverability_lossy",
    &["operator", "route"],
    "1 where that share is measurably low, 0 where it is not; absent with fewer than 20 SMS",
);

/// What webhooks answer.
pub const WEBHOOK_ATTEMPTS: MetricFacts = counter(
    "webhook_attempts",
    &["application", "webhook", "outcome"],
    "Attempts to tell a webhook: `taken` (2xx), `refused` (another status) or `failed` (no answer)",
);
/// Events not handed out.
pub const WEBHOOK_EVENTS: MetricFacts = gauge(
    "webhook_events_waiting",
    &[],
    "Events of all applications that were not handed out to webhooks yet; at most 10000 are counted, every 30 seconds",
);
/// Deliveries not made.
pub const WEBHOOK_DELIVERIES: MetricFacts = gauge(
    "webhook_deliveries_pending",
    &["application"],
    "Deliveries to webhooks that are pending; at most 10000 are counted, every 30 seconds; absent without webhooks",
);
/// How old the oldest is.
pub const WEBHOOK_DELIVERY_AGE: MetricFacts = seconds(
    "webhook_oldest_delivery_age",
    MetricKind::Gauge,
    &["application"],
    "Since when the oldest of them is pending; 0 when there is none",
);

/// Blocks in memory.
pub const BLOCKS: MetricFacts =
    gauge("blocks", &[], "Blocks and allow-list entries that this process goes by");
/// How old they are.
pub const BLOCKS_AGE: MetricFacts =
    seconds("blocks_age", MetricKind::Gauge, &[], "How old they are; behind 30 seconds nothing is sent");
/// Connections to the database.
pub const DATABASE_CONNECTIONS: MetricFacts = gauge(
    "database_connections",
    &["pool", "state"],
    "Connections to the database, `used` and `idle`; of SQLite those that read",
);
/// How many there may be.
pub const DATABASE_CONNECTIONS_MAX: MetricFacts =
    gauge("database_connections_max", &["pool"], "The most connections to the database");
/// How long loops have been silent.
pub const LOOP_SILENCE: MetricFacts = seconds(
    "loop_silence",
    MetricKind::Gauge,
    &["loop"],
    "How long ago what goes on beside serving was last at it: `expire`, `sweep`, `webhooks`",
);
/// How far the clock is ahead.
pub const CLOCK_AHEAD: MetricFacts = seconds(
    "clock_ahead",
    MetricKind::Gauge,
    &[],
    "How far the clock that rules is ahead of this machine's; absent where it is the machine's",
);

/// Every metric, in the order of the documentation.
pub const ALL: &[MetricFacts] = &[
    BUILD,
    START_TIME,
    HTTP_REQUESTS,
    HTTP_DURATION,
    STARTED,
    ENDED,
    TIME_TO_VERIFY,
    REFUSALS,
    SENDS,
    RESENDS,
    SEGMENTS,
    CREDITS_SPENT,
    TEST_VERIFICATIONS,
    TEST_NUMBERS,
    NEW_NUMBERS_PAUSED,
    GATEWAY_DURATION,
    GATEWAY_HELD,
    GATEWAY_BREAKER,
    GATEWAY_CALLS,
    GATEWAY_WAITING,
    GATEWAY_CREDITS,
    GATEWAY_CREDITS_LOW,
    GATEWAY_CREDITS_DAYS,
    GATEWAY_CREDITS_AGE,
    DELIVERABILITY_SENDS,
    DELIVERABILITY_VERIFIED,
    DELIVERABILITY_VERIFIED_LOW,
    DELIVERABILITY_VERIFIED_HIGH,
    DELIVERABILITY_TIME,
    DELIVERABILITY_LOSSY,
    WEBHOOK_ATTEMPTS,
    WEBHOOK_EVENTS,
    WEBHOOK_DELIVERIES,
    WEBHOOK_DELIVERY_AGE,
    BLOCKS,
    BLOCKS_AGE,
    DATABASE_CONNECTIONS,
    DATABASE_CONNECTIONS_MAX,
    LOOP_SILENCE,
    CLOCK_AHEAD,
];
