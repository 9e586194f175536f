//! Who hears of failures after the fact.

use std::fmt;

use super::PortError;

/// Hears of failures that changed no answer, so that the operator can: a note that was not written, a count that was
/// not given back.
pub trait Alarms: Send + Sync + fmt::Debug {
    /// Tells what was lost and why.
    fn raise(&self, lost: Lost, cause: &PortError);
}

/// What a failure after the fact loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The gateway's answer to a send; the delivery stays `sending`.
    DeliveryRecord,
    /// The attempt by the next route, which would have been another SMS: its number or its limits were not to be had.
    NextRoute,
    /// Counts that a send gave back; the limit stays stricter until its window has passed.
    Refund,
    /// The look whether an application has met too many invalid numbers; the next one that is refused leads to it again.
    InvalidNumbers,
    /// The look at the blocks and pauses after one was changed; the change takes effect some seconds later.
    BlockRefresh,
}
