//! Cohorts in memory, to be added to. Owns how many there may be.

use super::{Cohort, CohortKey, CohortLine, CohortMeasure, Slot};
use crate::phone::Phone;
use crate::statistic::{Happening, Observation, SmsRef, bucket_of};

/// Adds up what is observed of SMS, in a bounded number of cohorts. To add to one that is there takes no memory.
#[derive(Clone, Debug)]
pub struct CohortTally {
    /// In the order of their keys.
    lines: Vec<CohortLine>,
    lines_max: usize,
}

impl CohortTally {
    /// Nothing yet, and never more than so many cohorts.
    #[must_use]
    pub const fn new(lines_max: usize) -> Self {
        Self { lines: Vec::new(), lines_max }
    }

    /// Adds what happened to an SMS; whether it was not lost, which it is where it would need a cohort more than there may
    /// be. What is about no SMS adds nothing.
    pub fn observe(&mut self, observation: &Observation<'_>) -> bool {
        let Some(sms) = observation.sms else { return true };
        let took = match observation.happening {
            Happening::Sent { answer, .. } if answer.may_have_sent() => None,
            Happening::Arrived { took } => Some(took),
            Happening::Sent { .. }
            | Happening::Started
            | Happening::TestStarted
            | Happening::Approved { .. }
            | Happening::TestApproved
            | Happening::Expired
            | Happening::Canceled
            | Happening::Locked
            | Happening::Refused(_) => return true,
        };
        let Some(cohort) = self.cohort_of(observation, sms) else { return false };
        match took {
            None => cohort.add(CohortMeasure::Sent, 1),
            Some(took) => {
                cohort.add(CohortMeasure::Verified, 1);
                if let Some(took) = took {
                    cohort.add(CohortMeasure::Took(bucket_of(took)), 1);
                }
            }
        }
        true
    }

    fn cohort_of(&mut self, observation: &Observation<'_>, sms: SmsRef<'_>) -> Option<&mut Cohort> {
        let (slot, operator) = (Slot::of(sms.sent_at), observation.phone.and_then(Phone::operator));
        // As the order of keys is, without making one.
        let found = self.lines.binary_search_by(|CohortLine { key, .. }| {
            key.slot
                .cmp(&slot)
                .then_with(|| key.application.cmp(observation.application))
                .then_with(|| key.operator.cmp(&operator))
                .then_with(|| key.route.cmp(sms.route))
        });
        let place = match found {
            Ok(place) => place,
            Err(_) if self.lines.len() >= self.lines_max => return None,
            Err(place) => {
                let (application, route) = (observation.application.clone(), sms.route.clone());
                let key = CohortKey { slot, application, operator, route };
                self.lines.insert(place, CohortLine { key, cohort: Cohort::default() });
                place
            }
        };
        self.lines.get_mut(place).map(|line| &mut line.cohort)
    }

    /// Takes out what there is. A cohort to which nothing was added since the last time goes; the others stay, empty.
    #[must_use]
    pub fn take(&mut self) -> Vec<CohortLine> {
        self.lines.retain(|line| !line.cohort.is_empty());
        let taken = self.lines.clone();
        for line in &mut self.lines {
            line.cohort.clear();
        }
        taken
    }
}
