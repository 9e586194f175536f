//! Statistics: what happened, as use cases observe it, and how it is added up by day. Owns what is told apart and how
//! times are rounded; never who keeps it.

mod histogram;
mod measure;
mod tally;

use std::time::Duration;

use crate::application::ApplicationId;
use crate::delivery::Credits;
use crate::phone::{Operator, Phone};
use crate::ports::SendAnswer;
use crate::refusal::Refusal;
use crate::route::RouteName;
use crate::time::{Day, Timestamp};
use crate::verification::Purpose;

pub use self::histogram::{BUCKETS, begin_of, bucket_of, middle_of, quantile};
pub use self::measure::{Amounts, Measure};
pub use self::tally::Tally;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// When.
    pub at: Timestamp,
    /// For which application.
    pub application: &'a ApplicationId,
    /// By which gateway, where one was chosen; empty where none was.
    pub gateway: &'a str,
    /// Of which SMS it tells, where it tells of one.
    pub sms: Option<SmsRef<'a>>,
    /// About which phone, where that is known.
    pub phone: Option<Phone>,
    /// For which purpose, where that is known.
    pub purpose: Option<Purpose>,
    /// What.
    pub happening: Happening,
}

/// An SMS that was sent, or may have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmsRef<'a> {
    /// By which route.
    pub route: &'a RouteName,
    /// When it was begun to be handed over: the same instant that its verification remembers.
    pub sent_at: Timestamp,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A verification began.
    Started,
    /// An SMS was handed to the gateway.
    Sent {
        /// Whether it was not the first of its verification.
        again: bool,
        /// How many segments it took.
        segments: u16,
        /// What the gateway said.
        answer: SendAnswer,
        /// What the SMS cost, where the gateway tells.
        credits: Option<Credits>,
    },
    /// A verification was approved.
    Approved {
        /// How long after it began.
        took: Duration,
    },
    /// The code of an SMS came back and approved its verification, and the SMS was the last one of it. It is told when both
    /// are known, that approval and by which route the SMS went: mostly with the approval, sometimes behind it.
    Arrived {
        /// How long after the verification began; `None` where the last attempt to send failed, since it is not known then
        /// how long was waited for an SMS.
        took: Option<Duration>,
    },
    /// The life of a verification ended.
    Expired,
    /// A verification was called off.
    Canceled,
    /// A verification had no checks left, or its phone had none.
    Locked,
    /// A verification of a test number began.
    TestStarted,
    /// A verification of a test number was approved.
    TestApproved,
    /// The rules refused a start, a resend, a check or a cancel.
    Refused(Refusal),
}

impl Happening {
    /// The same of a test number, of which only beginnings and approvals are told, apart from those of people.
    #[must_use]
    pub const fn of_a_test(self) -> Option<Self> {
        match self {
            Self::Started | Self::TestStarted => Some(Self::TestStarted),
            Self::Approved { .. } | Self::TestApproved => Some(Self::TestApproved),
            Self::Sent { .. }
            | Self::Arrived { .. }
            | Self::Expired
            | Self::Canceled
            | Self::Locked
            | Self::Refused(_) => None,
        }
    }

    /// What it adds, and how much of each.
    pub fn adds(self) -> impl Iterator<Item = (Measure, u64)> {
        let one = |measure| [Some((measure, 1)), None, None, None, None];
        let added = match self {
            Self::Started => one(Measure::Starts),
            Self::Sent { again, segments, answer, credits } => {
                let sent = answer.may_have_sent();
                let thousandths = credits.map_or(0, |credits| u64::from(credits.thousandths()));
                [
                    Some((Measure::Answered(answer), 1)),
                    sent.then_some((Measure::Sends, 1)),
                    (sent && again).then_some((Measure::Resends, 1)),
                    sent.then_some((Measure::Segments, u64::from(segments))),
                    (thousandths > 0).then_some((Measure::CreditThousandths, thousandths)),
                ]
            }
            Self::Approved { took } => {
                let bucket = Measure::Took(bucket_of(took));
                [Some((Measure::Approvals, 1)), Some((bucket, 1)), None, None, None]
            }
            Self::TestStarted => one(Measure::TestStarts),
            Self::TestApproved => one(Measure::TestApprovals),
            // It is counted by the time of its SMS; see `crate::deliverability`.
            Self::Arrived { took: _ } => [None; 5],
            Self::Expired => one(Measure::Expired),
            Self::Canceled => one(Measure::Canceled),
            Self::Locked => one(Measure::Locked),
            Self::Refused(refusal) => one(Measure::Refused(refusal.class())),
        };
        added.into_iter().flatten()
    }
}

/// What is told apart: there is one line for each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatisticKey {
    /// The day (UTC).
    pub day: Day,
    /// The application.
    pub application: ApplicationId,
    /// The operator of the phone; none for other countries and where no phone is known.
    pub operator: Option<Operator>,
    /// The purpose; none where it is not known.
    pub purpose: Option<Purpose>,
    /// The gateway.
    pub gateway: Box<str>,
}

impl StatisticKey {
    /// What of it has this name.
    #[must_use]
    pub fn name(&self, by: StatisticBy) -> String {
        match by {
            StatisticBy::Day => self.day.to_string(),
            StatisticBy::Operator => self.operator.map_or("", Operator::name).to_owned(),
            StatisticBy::Purpose => self.purpose.map_or("", Purpose::as_str).to_owned(),
            StatisticBy::Gateway => self.gateway.to_string(),
            StatisticBy::Application => self.application.to_string(),
        }
    }
}

/// Amounts to be added to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatisticLine {
    /// Which line.
    pub key: StatisticKey,
    /// What is added.
    pub amounts: Amounts,
}

/// What lines are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatisticBy {
    /// The day (UTC).
    Day,
    /// The operator of the phones.
    Operator,
    /// The purpose.
    Purpose,
    /// The gateway.
    Gateway,
    /// The application.
    Application,
}

impl StatisticBy {
    /// Every way.
    pub const ALL: [Self; 5] = [Self::Day, Self::Operator, Self::Purpose, Self::Gateway, Self::Application];

    /// The name in CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Operator => "operator",
            Self::Purpose => "purpose",
            Self::Gateway => "gateway",
            Self::Application => "application",
        }
    }

    /// The way of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == text)
    }
}

/// Lines put together: the day (`2026-01-31`), operator, purpose, gateway or application, empty where it was not known,
/// and the sum of their amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatisticRow {
    /// What they have in common.
    pub name: String,
    /// Their sum.
    pub amounts: Amounts,
    /// The first day of what was asked for of which there is anything.
    pub since: Day,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_gateway_did_not_take_is_no_send() {
        let mut amounts = Amounts::default();
        for answer in SendAnswer::ALL {
            let credits = (answer == SendAnswer::Accepted).then(|| Credits::from_thousandths(1500));
            for (measure, amount) in (Happening::Sent { again: true, segments: 2, answer, credits }).adds() {
                amounts.add(measure, amount);
            }
        }
        let of = |measure| amounts.of(measure);
        let counted =
            [Measure::Sends, Measure::Resends, Measure::Segments, Measure::CreditThousandths].map(of);
        assert_eq!(counted, [2, 2, 4, 1500]);
        assert!(SendAnswer::ALL.iter().all(|answer| of(Measure::Answered(*answer)) == 1));
    }

    #[test]
    fn every_way_has_a_name_of_its_own() {
        for by in StatisticBy::ALL {
            assert_eq!(StatisticBy::parse(by.as_str()), Some(by));
        }
        assert_eq!(StatisticBy::parse("Day"), None);
    }
}
