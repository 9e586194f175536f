//! Lines in memory, to be added to. Owns how many there may be.

use std::cmp::Ordering;

use super::measure::Amounts;
use super::{Observation, StatisticKey, StatisticLine};
use crate::deliverability::{CohortLine, CohortTally};
use crate::phone::{Operator, Phone};
use crate::time::Day;

/// Adds up what is observed, in a bounded number of lines. To add to a line that is there takes no memory.
#[derive(Clone, Debug)]
pub struct Tally {
    /// In the order of their keys.
    lines: Vec<StatisticLine>,
    cohorts: CohortTally,
    lines_max: usize,
    lost: u64,
}

impl Tally {
    /// Nothing yet, and never more than so many lines, and as many cohorts.
    #[must_use]
    pub const fn new(lines_max: usize) -> Self {
        Self { lines: Vec::new(), cohorts: CohortTally::new(lines_max), lines_max, lost: 0 }
    }

    /// Adds what happened. Where it would need a line more than there may be, it is lost.
    pub fn observe(&mut self, observation: &Observation<'_>) {
        let counted = self.count(observation) & self.cohorts.observe(observation);
        if !counted {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Adds to a line; whether there was room.
    fn count(&mut self, observation: &Observation<'_>) -> bool {
        if observation.happening.adds().next().is_none() {
            return true;
        }
        let (day, operator) = (Day::of(observation.at), observation.phone.and_then(Phone::operator));
        let compare = |line: &StatisticLine| compare(&line.key, day, operator, observation);
        let place = match self.lines.binary_search_by(compare) {
            Ok(place) => place,
            Err(_) if self.lines.len() >= self.lines_max => return false,
            Err(place) => {
                let key = key_of(observation, day, operator);
                let line = StatisticLine { key, amounts: Amounts::default() };
                self.lines.insert(place, line);
                place
            }
        };
        if let Some(line) = self.lines.get_mut(place) {
            for (measure, amount) in observation.happening.adds() {
                line.amounts.add(measure, amount);
            }
        }
        true
    }

    /// Takes out what there is. A line to which nothing was added since the last time goes; the others stay, empty.
    #[must_use]
    pub fn take(&mut self) -> Vec<StatisticLine> {
        self.lines.retain(|line| !line.amounts.is_empty());
        let taken = self.lines.clone();
        for line in &mut self.lines {
            line.amounts.clear();
        }
        taken
    }

    /// Takes out the cohorts, as [`Self::take`] does the lines.
    #[must_use]
    pub fn take_cohorts(&mut self) -> Vec<CohortLine> {
        self.cohorts.take()
    }

    /// How much was lost since this was asked last.
    pub const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost, 0)
    }
}

fn key_of(observation: &Observation<'_>, day: Day, operator: Option<Operator>) -> StatisticKey {
    StatisticKey {
        day,
        application: observation.application.clone(),
        operator,
        purpose: observation.purpose,
        gateway: observation.gateway.into(),
    }
}

/// As the order of keys is, without making one.
fn compare(
    key: &StatisticKey,
    day: Day,
    operator: Option<Operator>,
    observation: &Observation<'_>,
) -> Ordering {
    key.day
        .cmp(&day)
        .then_with(|| key.application.cmp(observation.application))
        .then_with(|| key.operator.cmp(&operator))
        .then_with(|| key.purpose.cmp(&observation.purpose))
        .then_with(|| (*key.gateway).cmp(observation.gateway))
}
