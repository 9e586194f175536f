//! Test numbers: phones of an application that nobody has, whose code is fixed and never sent. Owns when one counts; what
//! is done without an SMS is decided by the use cases.

use std::sync::Arc;

use crate::code::SubmittedCode;
use crate::phone::{NumberingPlan, Phone, PhoneFault};
use crate::time::Timestamp;

/// The most test numbers of an application.
pub const TEST_NUMBERS_MAX: usize = 20;

/// A phone for tests. Starts to it send no SMS and are exempt from the limits on sends; checks are counted like any.
#[derive(Clone, Debug)]
pub struct TestNumber {
    /// The phone.
    pub phone: Phone,
    /// Its code.
    pub code: Arc<SubmittedCode>,
    /// Until when it counts; at this instant it does not any more.
    pub expires_at: Timestamp,
    /// Whether the phone may be somebody's, because its range is given to an operator.
    pub allocated: bool,
    /// Whether the service takes the phone anyway. Such a one is an ordinary phone where it does not count, and once it has
    /// expired; another is refused then.
    pub ordinary: bool,
}

/// Whether the range of a phone is given to an operator, so that it may be somebody's. In Nepal the table of prefixes tells,
/// those of operators that have closed down included; elsewhere the numbering plan.
#[must_use]
pub fn is_allocated(phone: Phone, plan: &dyn NumberingPlan) -> bool {
    if phone.nepal_subscriber().is_some() {
        return phone.operator().is_some();
    }
    match plan.country_of_mobile(phone.digits()) {
        Ok(_) | Err(PhoneFault::NotMobile) => true,
        Err(
            PhoneFault::Empty
            | PhoneFault::TooLong
            | PhoneFault::InvalidCharacter
            | PhoneFault::UnsupportedCountry
            | PhoneFault::WrongLength
            | PhoneFault::ShortCode
            | PhoneFault::UnallocatedPrefix
            | PhoneFault::DefunctOperator,
        ) => false,
    }
}

impl TestNumber {
    /// Whether it counts at `now`.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}
