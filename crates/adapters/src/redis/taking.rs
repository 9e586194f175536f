//! One take from all counters of a send. Owns that it is all of them or none, where several servers keep them.
//!
//! On a cluster the servers know nothing of each other: each is asked to take from its counters, all at once, and when
//! one refuses, what the others have taken is undone before the refusal is answered. Until then it counts, so that a
//! limit is never exceeded; but then a hundred sends at once, each holding for a moment what another one needs, could
//! all be refused. So a refusal that goes back to what was taken a moment ago is not final: a few times it is tried
//! again, one server after the other, in an order that all keep. Who holds the last one needed gives nothing back.

use std::sync::Arc;
use std::time::Duration;

use domain::limit::Take;
use domain::ports::{Receipt, Taken, chain};
use domain::time::Timestamp;
use redis::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::failure::Failure;
use super::script::{self, TakeAnswer, Written};
use super::{Servers, Shared};

/// So often it is tried again at most.
const TRIES_MORE: u32 = 5;
/// The longest pause before the first of them; it doubles with each.
const PAUSE: Duration = Duration::from_millis(4);

/// A take under way.
pub(super) struct Taking<'a> {
    shared: &'a Arc<Shared>,
    takes: &'a [Take],
    now: Timestamp,
    groups: Vec<Group<'a>>,
}

/// Takes from counters that one server keeps, and their places among all.
struct Group<'a> {
    about: &'a str,
    takes: Vec<&'a Take>,
    places: Vec<usize>,
}

/// How one try went, over all groups.
#[derive(Default)]
struct Outcome {
    /// What was taken: the group's place, and what was written there.
    written: Vec<(usize, Vec<Written>)>,
    full: Option<Full>,
    failure: Option<Failure>,
}

/// The first take without room.
#[derive(Clone, Copy)]
struct Full {
    place: usize,
    room_at: i64,
    /// Whether any refusal does not go back to what was taken a moment ago.
    firm: bool,
}

impl<'a> Taking<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, takes: &'a [Take], now: Timestamp) -> Self {
        let apart = match shared.servers {
            Servers::One(_) => false,
            Servers::Many(_) => true,
        };
        Self { shared, takes, now, groups: groups(takes, apart) }
    }

    pub(super) async fn take(&self) -> Result<Taken, Failure> {
        let deadline = self.shared.deadline();
        // Trying again must leave time for the last answer.
        let last_try = Instant::now() + self.shared.answer_timeout / 2;
        let mut outcome = self.ask(0..self.groups.len(), Outcome::default(), deadline).await;
        for tries in 0..=TRIES_MORE {
            if let Some(failure) = outcome.failure.take() {
                self.undo(&outcome, deadline).await;
                return Err(failure);
            }
            let Some(full) = outcome.full else {
                return Ok(Taken::All(self.receipt(&outcome)));
            };
            self.undo(&outcome, deadline).await;
            if full.firm || self.groups.len() < 2 || tries == TRIES_MORE || Instant::now() >= last_try {
                return Ok(self.refused(full));
            }
            sleep((PAUSE * (1 << tries)).mul_f64(rand::random_range(0.0..=1.0))).await;
            outcome = self.ask_in_turn(deadline).await;
        }
        Err(Failure::Late)
    }

    /// One group after the other, as long as they have room.
    async fn ask_in_turn(&self, deadline: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        for place in 0..self.groups.len() {
            outcome = self.ask(place..place + 1, outcome, deadline).await;
            if outcome.full.is_some() || outcome.failure.is_some() {
                break;
            }
        }
        outcome
    }

    /// Some groups, all at once.
    async fn ask(&self, places: std::ops::Range<usize>, mut outcome: Outcome, deadline: Instant) -> Outcome {
        let prefix = &self.shared.key_prefix;
        let groups = &self.groups[places.clone()];
        let calls: Vec<_> =
            groups.iter().map(|group| script::take(prefix, group.about, &group.takes, self.now)).collect();
        for (place, answer) in places.zip(self.shared.run(&calls, deadline).await) {
            outcome.note(place, &self.groups[place], answer);
        }
        outcome
    }

    /// Undoes what was taken, in a task that outlives the call, and waits for it while there is time. When it fails
    /// the counts stay.
    async fn undo(&self, outcome: &Outcome, deadline: Instant) {
        if outcome.written.is_empty() {
            return;
        }
        let prefix = &self.shared.key_prefix;
        let undoing = outcome.written.iter().map(|(place, written)| {
            let group = &self.groups[*place];
            let writings: Vec<_> = group.takes.iter().copied().zip(written).collect();
            script::undo(prefix, group.about, &writings)
        });
        let (shared, calls) = (Arc::clone(self.shared), undoing.collect::<Vec<_>>());
        let undoing = tokio::spawn(async move {
            let answers = shared.run(&calls, shared.deadline()).await;
            if let Some(failure) = answers.into_iter().find_map(Result::err) {
                tracing::warn!(
                    cause = chain(&failure),
                    "what a refused send has counted was not undone; limits stay stricter until their windows pass"
                );
            }
        });
        // An error means that there is no time left, or that the runtime is going down.
        let _ended = timeout_at(deadline, undoing).await;
    }

    /// What was not counted before, in the order of the takes.
    fn receipt(&self, outcome: &Outcome) -> Receipt {
        let new_places = outcome.written.iter().flat_map(|(place, written)| {
            let places = self.groups[*place].places.iter().zip(written);
            places.filter(|(_, written)| written.is_new()).map(|(place, _)| *place)
        });
        let mut places: Vec<_> = new_places.collect();
        places.sort_unstable();
        Receipt(
            places
                .into_iter()
                .map(|place| (self.takes[place].key.clone(), self.takes[place].member))
                .collect(),
        )
    }

    fn refused(&self, full: Full) -> Taken {
        let millis = full.room_at.saturating_sub(self.now.as_millisecond()).max(1);
        Taken::Refused {
            name: self.takes[full.place].name,
            retry_after: Duration::from_millis(millis.unsigned_abs()),
        }
    }
}

impl Outcome {
    fn note(&mut self, place: usize, group: &Group<'_>, answer: Result<Value, Failure>) {
        let takes = group.takes.len();
        match answer.and_then(|answer| script::read_take(&answer, takes).ok_or(Failure::Shape)) {
            Ok(TakeAnswer::Taken(written)) => self.written.push((place, written)),
            Ok(TakeAnswer::Full { place, room_at, firm }) => {
                let full = Full { place: group.places[place], room_at, firm };
                self.full = Some(self.full.map_or(full, |other| other.and(full)));
            }
            Err(failure) => self.failure = Some(failure),
        }
    }
}

impl Full {
    fn and(self, other: Self) -> Self {
        let first = if other.place < self.place { other } else { self };
        Self { firm: self.firm || other.firm, ..first }
    }
}

/// All takes together, or those about each subject apart; in their order.
fn groups(takes: &[Take], apart: bool) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::with_capacity(2);
    for (place, take) in takes.iter().enumerate() {
        let about = take.key.about();
        let known = groups.iter().position(|group| !apart || group.about == about);
        let at = known.unwrap_or_else(|| {
            groups.push(Group { about, takes: Vec::new(), places: Vec::new() });
            groups.len() - 1
        });
        groups[at].takes.push(take);
        groups[at].places.push(place);
    }
    groups
}
