//! What is counted, and amounts of it. Owns the names in storage.

use std::time::Duration;

use super::histogram::{BUCKETS, quantile};
use crate::ports::SendAnswer;
use crate::refusal::Refusal;

/// What is counted, in storage one row for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Verifications that began.
    Starts,
    /// SMS that the gateway took, or may have.
    Sends,
    /// Those of them that were not the first of their verification.
    Resends,
    /// Their segments.
    Segments,
    /// What the gateway took for them, in thousandths of its credits; nothing for those of which it does not tell.
    CreditThousandths,
    /// Verifications that were approved.
    Approvals,
    /// Verifications whose life ended.
    Expired,
    /// Verifications that were called off.
    Canceled,
    /// Verifications that were locked.
    Locked,
    /// Verifications of test numbers that began.
    TestStarts,
    /// Verifications of test numbers that were approved.
    TestApprovals,
    /// Refusals of this class, one of [`Refusal::CLASSES`].
    Refused(&'static str),
    /// What the gateway said to an SMS.
    Answered(SendAnswer),
    /// Approvals that took so long: the number of the bucket, below [`BUCKETS`].
    Took(u8),
}

const PLAIN: [(Measure, &str); 11] = [
    (Measure::Starts, "starts"),
    (Measure::Sends, "sends"),
    (Measure::Resends, "resends"),
    (Measure::Segments, "segments"),
    (Measure::CreditThousandths, "credit-thousandths"),
    (Measure::Approvals, "approvals"),
    (Measure::Expired, "expired"),
    (Measure::Canceled, "canceled"),
    (Measure::Locked, "locked"),
    (Measure::TestStarts, "test-starts"),
    (Measure::TestApprovals, "test-approvals"),
];
const REFUSALS: usize = PLAIN.len();
const ANSWERS: usize = REFUSALS + Refusal::CLASSES.len();
const TIMES: usize = ANSWERS + SendAnswer::ALL.len();

impl Measure {
    /// How many measures there are.
    pub const COUNT: usize = TIMES + BUCKETS;

    /// Its place among all, below [`Self::COUNT`].
    fn place(self) -> usize {
        let place = |found: Option<usize>| found.unwrap_or_default();
        match self {
            Self::Refused(class) => {
                REFUSALS + place(Refusal::CLASSES.iter().position(|known| *known == class))
            }
            Self::Answered(answer) => {
                ANSWERS + place(SendAnswer::ALL.iter().position(|known| *known == answer))
            }
            Self::Took(bucket) => TIMES + usize::from(bucket).min(BUCKETS - 1),
            Self::Starts
            | Self::Sends
            | Self::Resends
            | Self::Segments
            | Self::CreditThousandths
            | Self::Approvals
            | Self::Expired
            | Self::Canceled
            | Self::Locked
            | Self::TestStarts
            | Self::TestApprovals => place(PLAIN.iter().position(|(known, _)| *known == self)),
        }
    }

    /// Every measure, in the order of their places.
    pub fn all() -> impl Iterator<Item = Self> {
        let plain = PLAIN.into_iter().map(|(measure, _)| measure);
        let refused = Refusal::CLASSES.into_iter().map(Self::Refused);
        let answered = SendAnswer::ALL.into_iter().map(Self::Answered);
        let took = (0..=u8::MAX).take(BUCKETS).map(Self::Took);
        plain.chain(refused).chain(answered).chain(took)
    }

    /// The name in storage.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Refused(class) => format!("refused:{class}"),
            Self::Answered(answer) => format!("answered:{}", answer.as_str()),
            Self::Took(bucket) => format!("took:{bucket}"),
            Self::Starts
            | Self::Sends
            | Self::Resends
            | Self::Segments
            | Self::CreditThousandths
            | Self::Approvals
            | Self::Expired
            | Self::Canceled
            | Self::Locked
            | Self::TestStarts
            | Self::TestApprovals => PLAIN.get(self.place()).map_or("", |(_, name)| name).to_owned(),
        }
    }

    /// The measure of this name; none for one of a newer release.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.split_once(':') {
            None => PLAIN.into_iter().find(|(_, known)| *known == name).map(|(measure, _)| measure),
            Some(("refused", class)) => {
                Refusal::CLASSES.into_iter().find(|known| *known == class).map(Self::Refused)
            }
            Some(("answered", answer)) => SendAnswer::parse(answer).map(Self::Answered),
            Some(("took", bucket)) => {
                bucket.parse().ok().filter(|bucket| usize::from(*bucket) < BUCKETS).map(Self::Took)
            }
            Some(_) => None,
        }
    }
}

/// Amounts of every measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amounts(Box<[u64; Measure::COUNT]>);

impl Default for Amounts {
    fn default() -> Self {
        Self(Box::new([0; Measure::COUNT]))
    }
}

impl Amounts {
    /// Adds to a measure.
    pub fn add(&mut self, measure: Measure, amount: u64) {
        if let Some(place) = self.0.get_mut(measure.place()) {
            *place = place.saturating_add(amount);
        }
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        for (place, amount) in self.0.iter_mut().zip(*other.0) {
            *place = place.saturating_add(amount);
        }
    }

    /// How much of a measure there is.
    #[must_use]
    pub fn of(&self, measure: Measure) -> u64 {
        self.0.get(measure.place()).copied().unwrap_or_default()
    }

    /// All measures of which there is any.
    pub fn present(&self) -> impl Iterator<Item = (Measure, u64)> {
        Measure::all().zip(*self.0).filter(|(_, amount)| *amount > 0)
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|amount| *amount == 0)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.fill(0);
    }

    /// The part of the verifications that began which were approved, in thousandths; `None` when none began. An
    /// approval may fall on another day than its beginning, so that it can be more than all.
    #[must_use]
    pub fn conversion_thousandths(&self) -> Option<u64> {
        self.of(Measure::Approvals).saturating_mul(1000).checked_div(self.of(Measure::Starts))
    }

    /// Wrong codes that were compared.
    #[must_use]
    pub fn wrong_checks(&self) -> u64 {
        self.of(Measure::Refused(Refusal::CodeIncorrect.class()))
    }

    /// Within which time this part of the approvals (in percent) came, with the error of [`super::middle_of`]; `None`
    /// when none came.
    #[must_use]
    pub fn time_to_verify(&self, percent: u64) -> Option<Duration> {
        let mut buckets = [0; BUCKETS];
        for (bucket, amount) in buckets.iter_mut().zip(self.0.iter().skip(TIMES)) {
            *bucket = *amount;
        }
        quantile(&buckets, percent)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_measure_has_a_place_and_a_name_of_its_own() {
        assert_eq!(Measure::all().count(), Measure::COUNT);
        let mut names = BTreeSet::new();
        for (place, measure) in Measure::all().enumerate() {
            assert_eq!(measure.place(), place, "{measure:?}");
            assert_eq!(Measure::parse(&measure.name()), Some(measure));
            assert!(measure.name().len() <= 60, "{measure:?} fits its column");
            assert!(names.insert(measure.name()), "{measure:?}");
        }
        for name in ["", "took:200", "took:x", "refused:nothing", "answered:", "starts ", "new:starts"] {
            assert_eq!(Measure::parse(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_added_is_there_and_nothing_else() {
        let mut amounts = Amounts::default();
        assert!(amounts.is_empty());
        assert_eq!((amounts.conversion_thousandths(), amounts.time_to_verify(50)), (None, None));
        let added = [(Measure::Starts, 8), (Measure::Approvals, 6), (Measure::Took(9), u64::MAX)];
        for (measure, amount) in added {
            amounts.add(measure, amount);
        }
        amounts.add(Measure::Took(9), 1);
        assert_eq!(amounts.present().collect::<Vec<_>>(), added);
        assert_eq!(amounts.conversion_thousandths(), Some(750));
        let mut twice = amounts.clone();
        twice.add_all(&amounts);
        assert_eq!(twice.of(Measure::Starts), 16);
        amounts.clear();
        assert!(amounts.is_empty());
    }
}
