//! Webhooks: who is told of events, and how often it is tried. Owns the schedule; never the wire.

use std::time::Duration;

use crate::application::ApplicationId;
use crate::event::{Event, EventKind};
use crate::id::{EventId, WebhookDeliveryId};
use crate::slug::slug;
use crate::time::Timestamp;

slug! {
    /// Names a webhook of an application: a slug of 1 to 40 lower-case letters, digits and inner dashes.
    WebhookId
}

/// The waits between attempts, as Standard Webhooks advises: ten attempts within about three days.
pub const WAITS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// Which events a webhook wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The webhook.
    pub webhook: WebhookId,
    /// The application whose events it wants.
    pub application: ApplicationId,
    /// The kinds that it wants.
    pub kinds: Vec<EventKind>,
}

/// A webhook, without what only its sender may know: its secrets, and the query of its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name, whose events it wants, and which.
    pub subscription: Subscription,
    /// Where it is: the URL without its query.
    pub address: Box<str>,
    /// How many secrets every message is signed with; more than one while they rotate.
    pub secrets: usize,
    /// How long one attempt may take.
    pub timeout: Duration,
}

/// How the delivery of an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryStatus {
    /// It is tried, now or later.
    Pending,
    /// The receiver has taken it.
    Delivered,
    /// It was tried as often as it is; a replay begins anew.
    GivenUp,
}

impl DeliveryStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::GivenUp];

    /// The name in storage, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::GivenUp => "given-up",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver took it: an answer 2xx.
    Taken {
        /// The HTTP status.
        status: u16,
    },
    /// The receiver answered something else.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// There was no answer.
    Failed(AttemptFault),
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptFault {
    /// The name was not found.
    Dns,
    /// The address is one that is not allowed (private, loopback, link-local and the like).
    AddressForbidden,
    /// No connection, or no TLS.
    Connect,
    /// No answer in time.
    TimedOut,
    /// The connection broke off, or what came was no HTTP.
    Broken,
}

impl AttemptFault {
    /// Every fault.
    pub const ALL: [Self; 5] =
        [Self::Dns, Self::AddressForbidden, Self::Connect, Self::TimedOut, Self::Broken];

    /// The name in storage, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::AddressForbidden => "address-forbidden",
            Self::Connect => "connect",
            Self::TimedOut => "timed-out",
            Self::Broken => "broken",
        }
    }

    /// The fault of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == text)
    }
}

/// The delivery of one event to one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// The webhook.
    pub webhook: WebhookId,
    /// The event.
    pub event: EventId,
    /// What kind of event it is.
    pub kind: EventKind,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is tried next; only while it is pending.
    pub next_at: Option<Timestamp>,
    /// The last attempt.
    pub last: Option<Attempt>,
}

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// A delivery that is due, and that nobody else tries meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// The delivery.
    pub id: WebhookDeliveryId,
    /// The webhook.
    pub webhook: WebhookId,
    /// How often it was tried before.
    pub attempts: u32,
    /// What it tells.
    pub event: Event,
}

/// How a delivery stands after an attempt, and when it is tried next: `attempts` counts this one. `jitter` is a share
/// of the wait that is added, 0 to 255 for none to a fifth, so that receivers that come back are not overrun.
#[must_use]
pub fn after_attempt(attempt: &Attempt, attempts: u32, jitter: u8) -> (DeliveryStatus, Option<Timestamp>) {
    match attempt.outcome {
        AttemptOutcome::Taken { .. } => (DeliveryStatus::Delivered, None),
        AttemptOutcome::Refused { .. } | AttemptOutcome::Failed(_) => {
            let wait = usize::try_from(attempts.saturating_sub(1)).ok().and_then(|done| WAITS.get(done));
            match wait {
                Some(wait) => {
                    let wait = *wait + *wait * u32::from(jitter) / (5 * 255);
                    (DeliveryStatus::Pending, Some(crate::time::after(attempt.at, wait)))
                }
                None => (DeliveryStatus::GivenUp, None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_never_answers_is_tried_ten_times_within_days() {
        let mut at = Timestamp::UNIX_EPOCH;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let took = Duration::from_secs(15);
            let attempt = Attempt { at, took, outcome: AttemptOutcome::Failed(AttemptFault::TimedOut) };
            match after_attempt(&attempt, attempts, 0) {
                (DeliveryStatus::Pending, Some(next)) => at = next,
                (status, next) => {
                    assert_eq!((status, next), (DeliveryStatus::GivenUp, None));
                    break;
                }
            }
        }
        assert_eq!(attempts, 10);
        let hours = crate::time::until(Timestamp::UNIX_EPOCH, at).as_secs() / 3600;
        assert!((72..80).contains(&hours), "{hours}");
    }

    #[test]
    fn jitter_adds_a_fifth_at_most() {
        let outcome = AttemptOutcome::Refused { status: 500 };
        let attempt = Attempt { at: Timestamp::UNIX_EPOCH, took: Duration::ZERO, outcome };
        let (_, next) = after_attempt(&attempt, 2, 255);
        assert_eq!(next.unwrap().as_second(), 360);
    }
}
