//! What is counted of a cohort, and amounts of it. Owns the names in storage.

use crate::statistic::BUCKETS;

/// What is counted, in storage one row for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CohortMeasure {
    /// SMS that a gateway took, or may have.
    Sent,
    /// Those of them that were the last of their verification when its code came back.
    Verified,
    /// Those of them whose verification took so long: the number of the bucket, below [`BUCKETS`].
    Took(u8),
}

impl CohortMeasure {
    /// The name in storage.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Sent => "sent".to_owned(),
            Self::Verified => "verified".to_owned(),
            Self::Took(bucket) => format!("took:{bucket}"),
        }
    }

    /// The measure of this name; none for one of a newer release.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "sent" => Some(Self::Sent),
            "verified" => Some(Self::Verified),
            other => {
                let bucket: u8 = other.strip_prefix("took:")?.parse().ok()?;
                (usize::from(bucket) < BUCKETS).then_some(Self::Took(bucket))
            }
        }
    }
}

/// How many SMS of a cohort were sent and verified, and how long that took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    sent: u64,
    verified: u64,
    took: Box<[u64; BUCKETS]>,
}

impl Default for Cohort {
    fn default() -> Self {
        Self { sent: 0, verified: 0, took: Box::new([0; BUCKETS]) }
    }
}

impl Cohort {
    /// SMS that were sent.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Those of them that were verified: never more than were sent, also where a process that died has lost a send.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.verified.min(self.sent)
    }

    /// How many took how long, by bucket.
    #[must_use]
    pub const fn took(&self) -> &[u64; BUCKETS] {
        &self.took
    }

    fn place(&mut self, measure: CohortMeasure) -> Option<&mut u64> {
        match measure {
            CohortMeasure::Sent => Some(&mut self.sent),
            CohortMeasure::Verified => Some(&mut self.verified),
            CohortMeasure::Took(bucket) => self.took.get_mut(usize::from(bucket)),
        }
    }

    /// Adds to a measure.
    pub fn add(&mut self, measure: CohortMeasure, amount: u64) {
        if let Some(place) = self.place(measure) {
            *place = place.saturating_add(amount);
        }
    }

    /// Adds all of another.
    pub fn add_all(&mut self, other: &Self) {
        for (measure, amount) in other.present() {
            self.add(measure, amount);
        }
    }

    /// What is left of it without another that it holds.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        for (measure, amount) in other.present() {
            if let Some(place) = rest.place(measure) {
                *place = place.saturating_sub(amount);
            }
        }
        rest
    }

    /// Every measure of which there is any, as it was added.
    pub fn present(&self) -> impl Iterator<Item = (CohortMeasure, u64)> {
        let took = (0..=u8::MAX).map(CohortMeasure::Took).zip(self.took.iter().copied());
        [(CohortMeasure::Sent, self.sent), (CohortMeasure::Verified, self.verified)]
            .into_iter()
            .chain(took)
            .filter(|(_, amount)| *amount > 0)
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.present().next().is_none()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        (self.sent, self.verified) = (0, 0);
        self.took.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_a_name_of_its_own() {
        let all =
            [CohortMeasure::Sent, CohortMeasure::Verified, CohortMeasure::Took(0), CohortMeasure::Took(87)];
        for measure in all {
            assert_eq!(CohortMeasure::parse(&measure.name()), Some(measure));
        }
        for name in ["", "Sent", "took:", "took:88", "took:x", "lost"] {
            assert_eq!(CohortMeasure::parse(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_added_is_there_and_can_be_taken_away() {
        let (mut one, mut two) = (Cohort::default(), Cohort::default());
        let measures = [(CohortMeasure::Sent, 9), (CohortMeasure::Verified, 4), (CohortMeasure::Took(7), 4)];
        for (measure, amount) in measures {
            one.add(measure, amount);
            two.add(measure, amount);
        }
        assert_eq!(one.present().collect::<Vec<_>>(), measures);
        two.add_all(&one);
        assert_eq!((two.sent(), two.verified(), two.took()[7]), (18, 8, 8));
        assert_eq!(two.without(&one), one);
        one.clear();
        assert!(one.is_empty());
    }

    #[test]
    fn no_more_is_verified_than_was_sent() {
        let mut cohort = Cohort::default();
        cohort.add(CohortMeasure::Verified, 2);
        assert_eq!(cohort.verified(), 0);
        cohort.add(CohortMeasure::Sent, 1);
        assert_eq!(cohort.verified(), 1);
    }
}
