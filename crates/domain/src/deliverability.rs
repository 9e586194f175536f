//! Deliverability: what part of the SMS that went out by a route came back as a right code, and how soon. No gateway tells
//! whether an SMS arrived; whoever types its code does. Owns the cohorts that are counted and what is made out of them;
//! never who keeps them.
//!
//! A cohort is all SMS of one slot of time, by the slot in which each was **sent**: a code that comes back counts there,
//! whenever it does. So no part is more than the whole, and a cohort whose codes have all died says all that it ever will.

mod cohort;
mod estimate;
mod estimates;
mod pace;
mod tally;

use std::time::Duration;

use crate::application::ApplicationId;
use crate::phone::Operator;
use crate::route::RouteName;
use crate::time::{Day, Timestamp};

pub use self::cohort::{Cohort, CohortMeasure};
pub use self::estimate::{Estimate, SENDS_MIN, Share};
pub use self::estimates::{Estimates, LOSSY_BELOW, LOSSY_PART, RouteEstimate};
pub use self::pace::Pace;
pub use self::tally::CohortTally;

/// How long a slot is.
pub const SLOT: Duration = Duration::from_mins(5);
const SLOT_SECONDS: i64 = 300;
/// How many slots are looked at whose codes have all died: those of an hour.
const SETTLED_SLOTS: u16 = 12;
/// How many slots are too young for that, the present one included: a code lives for ten minutes at most
/// ([`crate::policy::LIFETIME_MAX`]).
const RECENT_SLOTS: u16 = 3;
/// How many slots are kept: those of two days.
pub const KEPT_SLOTS: u16 = 2 * 24 * 12;

/// Five minutes in UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(i32);

impl Slot {
    /// The slot that holds `instant`.
    #[must_use]
    pub fn of(instant: Timestamp) -> Self {
        Self(i32::try_from(instant.as_second().div_euclid(SLOT_SECONDS)).unwrap_or(i32::MAX))
    }

    /// Slots since 1970-01-01: the form in which stores keep it.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The slot with this number.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        Self(number)
    }

    /// The slot that lies so many before this one.
    #[must_use]
    pub fn minus(self, slots: u16) -> Self {
        Self(self.0.saturating_sub(i32::from(slots)))
    }

    /// Its first instant.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        Timestamp::from_second(i64::from(self.0) * SLOT_SECONDS).unwrap_or(Timestamp::MAX)
    }

    /// The day (UTC) that it is of.
    #[must_use]
    pub fn day(self) -> Day {
        Day::of(self.begin())
    }
}

/// Which slots an estimate is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first slot. From it on, up to `recent`, every code has died: those SMS tell the share.
    pub since: Slot,
    /// The first slot that is too young for that: codes of it may still come back.
    pub recent: Slot,
}

impl Window {
    /// The window at `now`: an hour of SMS whose codes have died, and the ten to fifteen minutes since.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let recent = Slot::of(now).minus(RECENT_SLOTS - 1);
        Self { since: recent.minus(SETTLED_SLOTS), recent }
    }
}

/// Which SMS are counted together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CohortKey {
    /// When they were sent.
    pub slot: Slot,
    /// The application.
    pub application: ApplicationId,
    /// The operator of the phones; none for other countries.
    pub operator: Option<Operator>,
    /// The route by which they went.
    pub route: RouteName,
}

/// Amounts to be added to a cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortLine {
    /// Which cohort.
    pub key: CohortKey,
    /// What is added.
    pub cohort: Cohort,
}

/// The cohorts of a [`Window`], added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CohortSums {
    /// The application.
    pub application: ApplicationId,
    /// The operator of the phones; none for other countries.
    pub operator: Option<Operator>,
    /// The route.
    pub route: RouteName,
    /// Those whose codes have died.
    pub settled: Cohort,
    /// Those whose codes may still come back.
    pub recent: Cohort,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::LIFETIME_MAX;
    use crate::time::after;

    #[test]
    fn what_is_settled_is_past_the_longest_life_of_a_code() {
        for second in (0..1000).step_by(7) {
            let now = after(Timestamp::UNIX_EPOCH, Duration::from_secs(1_768_464_000 + second));
            let window = Window::at(now);
            let youngest = now.duration_since(window.recent.begin());
            assert!(Duration::try_from(youngest).unwrap() >= LIFETIME_MAX, "{second}");
            let settled = window.recent.begin().duration_since(window.since.begin());
            assert_eq!(Duration::try_from(settled).unwrap(), Duration::from_hours(1));
        }
    }

    #[test]
    fn a_slot_knows_its_place_in_time() {
        let instant = Timestamp::from_second(1_768_464_299).unwrap();
        let slot = Slot::of(instant);
        assert_eq!(slot.begin(), Timestamp::from_second(1_768_464_000).unwrap());
        assert_eq!((Slot::from_number(slot.number()), slot.day()), (slot, Day::of(instant)));
        assert_eq!(Slot::of(Timestamp::from_second(-1).unwrap()), Slot::from_number(-1));
    }
}
