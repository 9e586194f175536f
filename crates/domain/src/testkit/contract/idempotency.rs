//! The contract of what keeps the answers to calls that have an idempotency key.

use std::sync::Arc;
use std::time::Duration;

use super::super::demand::{kept, present};
use super::Ground;
use super::race::{RACERS, race};
use crate::credential::Caller;
use crate::idempotency::{
    ANSWER_BYTES_MAX, Attempt, Begun, Fingerprint, IdempotencyKey, KeyPlace, Owner, StoredAnswer,
};
use crate::phone_key::PhoneKey;
use crate::ports::IdempotencyStore;
use crate::time::{Timestamp, after};

const LEASE: Duration = Duration::from_secs(45);
const KEPT: Duration = Duration::from_hours(24);

/// The contract of [`IdempotencyStore`], sweeping excepted.
///
/// # Panics
/// When a promise is not kept.
pub async fn idempotency_store(store: Arc<dyn IdempotencyStore>, ground: &Ground) {
    let bench = Bench { store, ground };
    of_two_the_first_is_new_and_the_second_waits(&bench).await;
    an_owner_that_asks_twice_is_told_the_same(&bench).await;
    what_is_done_is_answered_as_it_was(&bench).await;
    another_payload_is_told_at_every_stage(&bench).await;
    what_is_released_is_new_again(&bench).await;
    what_is_done_is_not_released(&bench).await;
    a_lease_that_is_over_is_taken_over_by_the_same_payload_only(&bench).await;
    whoever_lost_the_lease_changes_nothing(&bench).await;
    an_answer_outlives_the_lease_and_ends_with_the_key(&bench).await;
    places_do_not_meet(&bench).await;
    of_many_at_once_one_is_new(&bench).await;
    of_many_that_take_over_at_once_one_is_new(&bench).await;
}

/// That [`IdempotencyStore::sweep_keys`] deletes what is forgotten, bounded, and nothing else. It needs the keys from
/// before 2002 for itself.
///
/// # Panics
/// When a promise is not kept.
pub async fn idempotency_sweep(store: Arc<dyn IdempotencyStore>, ground: &Ground) {
    let bench = Bench { store, ground };
    let begin = present(Timestamp::from_second(1_000_000_000).ok(), "it is an instant");
    let minutes = |minutes: u64| after(begin, Duration::from_mins(minutes));
    while kept(bench.store.sweep_keys(minutes(1000), 1000).await) > 0 {}
    let mut attempts = Vec::new();
    for minute in 1..=7 {
        let attempt = Attempt { lease_until: begin, expires_at: minutes(minute), ..bench.attempt() };
        assert_eq!(bench.begin_at(&attempt, begin).await, Begun::New, "a key must begin");
        if minute % 2 == 0 {
            bench.finish(&attempt, &answer(200)).await;
        }
        attempts.push(attempt);
    }
    let swept = [
        kept(bench.store.sweep_keys(minutes(5), 3).await),
        kept(bench.store.sweep_keys(minutes(5), 3).await),
    ];
    assert_eq!(swept, [3, 2], "a sweep must delete what is forgotten, and no more than it may");
    assert_eq!(kept(bench.store.sweep_keys(minutes(5), 3).await), 0, "what is kept must stay");
    let sixth = Attempt { owner: bench.owner(), ..attempts[5] };
    let found = bench.begin_at(&sixth, minutes(5)).await;
    assert_eq!(found, Begun::Done(answer(200)), "an answer that is not forgotten must be there");
    assert_eq!(
        kept(bench.store.sweep_keys(minutes(1000), 1000).await),
        2,
        "the rest must go when its time is over"
    );
}

struct Bench<'a> {
    store: Arc<dyn IdempotencyStore>,
    ground: &'a Ground,
}

impl Bench<'_> {
    fn owner(&self) -> Owner {
        kept(Owner::new(self.ground.entropy()))
    }

    fn secret(&self) -> PhoneKey {
        present(PhoneKey::new(&self.ground.bytes::<32>()).ok(), "32 bytes are a key")
    }

    /// An attempt at a place of its own, which begins now.
    fn attempt(&self) -> Attempt {
        let secret = self.secret();
        let caller = Caller::Application(self.ground.application());
        let key = present(IdempotencyKey::parse("k").ok(), "a letter is a key");
        let now = self.ground.now();
        Attempt {
            place: KeyPlace::of(&secret, &caller, "POST", "/v1/verifications", &key),
            fingerprint: Fingerprint::of(&secret, b"{}"),
            owner: self.owner(),
            lease_until: after(now, LEASE),
            expires_at: after(now, KEPT),
        }
    }

    /// The same call, made by another one.
    fn again(&self, attempt: &Attempt) -> Attempt {
        Attempt { owner: self.owner(), ..*attempt }
    }

    /// Another body under the same key.
    fn otherwise(&self, attempt: &Attempt) -> Attempt {
        let fingerprint = Fingerprint::of(&self.secret(), b"{}");
        Attempt { fingerprint, owner: self.owner(), ..*attempt }
    }

    async fn begin(&self, attempt: &Attempt) -> Begun {
        self.begin_at(attempt, self.ground.now()).await
    }

    async fn begin_at(&self, attempt: &Attempt, now: Timestamp) -> Begun {
        kept(self.store.begin(attempt, now).await)
    }

    async fn finish(&self, attempt: &Attempt, answer: &StoredAnswer) {
        kept(self.store.finish(&attempt.place, &attempt.owner, answer).await);
    }

    async fn release(&self, attempt: &Attempt) {
        kept(self.store.release(&attempt.place, &attempt.owner).await);
    }

    /// An attempt that was begun.
    async fn begun(&self) -> Attempt {
        let attempt = self.attempt();
        assert_eq!(self.begin(&attempt).await, Begun::New, "a key that nobody has used must be new");
        attempt
    }
}

fn answer(status: u16) -> StoredAnswer {
    StoredAnswer {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: br#"{"id":"1"}"#.to_vec(),
    }
}

async fn of_two_the_first_is_new_and_the_second_waits(bench: &Bench<'_>) {
    let first = bench.begun().await;
    for _ in 0..2 {
        assert_eq!(
            bench.begin(&bench.again(&first)).await,
            Begun::Running,
            "a call under way must be running"
        );
    }
}

async fn an_owner_that_asks_twice_is_told_the_same(bench: &Bench<'_>) {
    let first = bench.begun().await;
    assert_eq!(bench.begin(&first).await, Begun::New, "an owner that asks twice must be told the same");
}

async fn what_is_done_is_answered_as_it_was(bench: &Bench<'_>) {
    let answers = [
        answer(201),
        StoredAnswer { status: 422, headers: Vec::new(), body: Vec::new() },
        StoredAnswer {
            status: 409,
            headers: vec![
                ("retry-after".to_owned(), "60".to_owned()),
                ("location".to_owned(), "/v1/x".to_owned()),
            ],
            body: (0..=255).cycle().take(ANSWER_BYTES_MAX).collect(),
        },
    ];
    for answer in answers {
        let first = bench.begun().await;
        bench.finish(&first, &answer).await;
        for _ in 0..2 {
            let found = bench.begin(&bench.again(&first)).await;
            assert_eq!(found, Begun::Done(answer.clone()), "what is done must be answered as it was");
        }
        bench.finish(&first, &answer).await;
        let found = bench.begin(&bench.again(&first)).await;
        assert_eq!(found, Begun::Done(answer), "finishing twice must change nothing");
    }
}

async fn another_payload_is_told_at_every_stage(bench: &Bench<'_>) {
    let first = bench.begun().await;
    let other = bench.otherwise(&first);
    assert_eq!(
        bench.begin(&other).await,
        Begun::OtherPayload,
        "another payload must be told while the first runs"
    );
    bench.finish(&first, &answer(201)).await;
    assert_eq!(bench.begin(&other).await, Begun::OtherPayload, "another payload must be told afterwards");
    let found = bench.begin(&bench.again(&first)).await;
    assert_eq!(found, Begun::Done(answer(201)), "another payload must change nothing");
}

async fn what_is_released_is_new_again(bench: &Bench<'_>) {
    let first = bench.begun().await;
    bench.release(&first).await;
    let other = bench.otherwise(&first);
    assert_eq!(bench.begin(&other).await, Begun::New, "what was released must be free, for any payload");
    bench.release(&first).await;
    assert_eq!(bench.begin(&bench.again(&other)).await, Begun::Running, "a release must be of one's own");
}

async fn what_is_done_is_not_released(bench: &Bench<'_>) {
    let first = bench.begun().await;
    bench.finish(&first, &answer(200)).await;
    bench.release(&first).await;
    assert_eq!(bench.begin(&bench.again(&first)).await, Begun::Done(answer(200)), "what is done must stay");
}

async fn a_lease_that_is_over_is_taken_over_by_the_same_payload_only(bench: &Bench<'_>) {
    let first = bench.begun().await;
    let just_before = first.lease_until.saturating_sub(Duration::from_millis(1)).unwrap_or(first.lease_until);
    let second = Attempt { lease_until: after(first.lease_until, LEASE), ..bench.again(&first) };
    assert_eq!(
        bench.begin_at(&second, just_before).await,
        Begun::Running,
        "a lease must be respected to its end"
    );
    let other = bench.otherwise(&first);
    let told = bench.begin_at(&other, first.lease_until).await;
    assert_eq!(told, Begun::OtherPayload, "a lease that is over must not be taken over by another payload");
    assert_eq!(
        bench.begin_at(&second, first.lease_until).await,
        Begun::New,
        "a lease that is over must be free"
    );
    let third = bench.again(&first);
    let told = bench.begin_at(&third, first.lease_until).await;
    assert_eq!(told, Begun::Running, "whoever took over must have a lease of his own");
}

async fn whoever_lost_the_lease_changes_nothing(bench: &Bench<'_>) {
    let first = bench.begun().await;
    let second = Attempt { lease_until: after(first.lease_until, LEASE), ..bench.again(&first) };
    assert_eq!(
        bench.begin_at(&second, first.lease_until).await,
        Begun::New,
        "a lease that is over must be free"
    );
    bench.finish(&first, &answer(503)).await;
    bench.release(&first).await;
    let told = bench.begin_at(&bench.again(&first), first.lease_until).await;
    assert_eq!(told, Begun::Running, "whoever lost the lease must change nothing");
    bench.finish(&second, &answer(201)).await;
    let told = bench.begin_at(&bench.again(&first), first.lease_until).await;
    assert_eq!(told, Begun::Done(answer(201)), "the answer of whoever took over must hold");
}

async fn an_answer_outlives_the_lease_and_ends_with_the_key(bench: &Bench<'_>) {
    let first = bench.begun().await;
    bench.finish(&first, &answer(201)).await;
    let just_before = first.expires_at.saturating_sub(Duration::from_millis(1)).unwrap_or(first.expires_at);
    let told = bench.begin_at(&bench.again(&first), just_before).await;
    assert_eq!(told, Begun::Done(answer(201)), "an answer must be kept for as long as its key");
    let mut later = bench.otherwise(&first);
    later.lease_until = after(first.expires_at, LEASE);
    later.expires_at = after(first.expires_at, KEPT);
    assert_eq!(bench.begin_at(&later, first.expires_at).await, Begun::New, "a forgotten key must be new");
    let told = bench.begin_at(&bench.again(&later), first.expires_at).await;
    assert_eq!(told, Begun::Running, "the answer of a forgotten key must be gone");
}

async fn places_do_not_meet(bench: &Bench<'_>) {
    let (first, second) = (bench.begun().await, bench.begun().await);
    bench.finish(&first, &answer(201)).await;
    assert_eq!(bench.begin(&bench.again(&second)).await, Begun::Running, "places must be apart");
}

async fn of_many_at_once_one_is_new(bench: &Bench<'_>) {
    let first = bench.attempt();
    let attempts: Vec<_> = (0..RACERS).map(|_| bench.again(&first)).collect();
    one_is_new(bench, &attempts, bench.ground.now()).await;
}

async fn of_many_that_take_over_at_once_one_is_new(bench: &Bench<'_>) {
    let first = bench.begun().await;
    let lease_until = after(first.lease_until, LEASE);
    let attempts: Vec<_> = (0..RACERS).map(|_| Attempt { lease_until, ..bench.again(&first) }).collect();
    one_is_new(bench, &attempts, first.lease_until).await;
}

async fn one_is_new(bench: &Bench<'_>, attempts: &[Attempt], now: Timestamp) {
    let answers = race(|racer| {
        let (store, attempt) = (Arc::clone(&bench.store), attempts[racer]);
        async move { kept(store.begin(&attempt, now).await) }
    })
    .await;
    let new = answers.iter().filter(|begun| **begun == Begun::New).count();
    let running = answers.iter().filter(|begun| **begun == Begun::Running).count();
    assert_eq!((new, running), (1, RACERS - 1), "of {RACERS} at once one must be new, and the others wait");
}
