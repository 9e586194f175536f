//! The contract of the counters.

mod racing;

use std::sync::Arc;
use std::time::Duration;

use super::super::demand::{kept, present};
use super::ground::Ground;
use crate::limit::{Counter, Limit, Member, SendParties, Take, Usage, takes_of_a_send};
use crate::phone_key::PhoneKey;
use crate::policy::{Limits, Policy};
use crate::ports::{Counters, Receipt, Taken};
use crate::time::{Timestamp, after};

/// The contract of [`Counters`].
///
/// # Panics
/// When a promise is not kept.
pub async fn counters(counters: Arc<dyn Counters>, ground: &Ground) {
    let bench = Bench { counters, ground };
    kept(bench.counters.ping().await);
    nothing_to_take_is_taken(&bench).await;
    a_limit_is_kept_exactly(&bench).await;
    the_window_slides(&bench).await;
    there_is_no_double_burst_at_the_edge_of_a_window(&bench).await;
    a_whole_window_later_there_is_all_the_room(&bench).await;
    counters_are_independent(&bench).await;
    a_member_counts_once_and_lives_from_its_last_take(&bench).await;
    a_lowered_limit_counts_what_was_taken_before(&bench).await;
    a_refusal_leaves_nothing(&bench).await;
    a_refusal_leaves_what_was_held_before(&bench).await;
    a_refund_gives_back(&bench).await;
    a_refund_gives_back_no_more_than_was_taken(&bench).await;
    racing::all(&bench).await;
    usage_tells_how_full_a_counter_is(&bench).await;
    what_is_cleared_is_empty_and_nothing_else_is(&bench).await;
}

struct Bench<'a> {
    counters: Arc<dyn Counters>,
    ground: &'a Ground,
}

/// The window of most tests here.
const WINDOW: Duration = Duration::from_mins(10);

impl Bench<'_> {
    /// A take from a counter that nobody else has.
    fn counter(&self, max: u32) -> Take {
        self.counter_with(Limit { max, window: WINDOW })
    }

    fn counter_with(&self, limit: Limit) -> Take {
        let limits = Limits {
            sends_per_phone: vec![limit],
            sends_per_account: Vec::new(),
            phones_per_account: Vec::new(),
        };
        let key: [u8; 32] = self.ground.bytes();
        let phone = present(PhoneKey::new(&key).ok(), "32 bytes are a key").fingerprint(self.ground.phone());
        let parties = SendParties { application: &self.ground.application(), account: None, phone };
        let attempt = Member(self.ground.bytes());
        let takes = takes_of_a_send(&Policy { limits, ..Policy::default() }, &parties, attempt);
        present(takes.into_iter().next(), "one limit makes one take")
    }

    /// The same counter for another member.
    fn another(&self, take: &Take) -> Take {
        Take { member: Member(self.ground.bytes()), ..take.clone() }
    }

    async fn take(&self, takes: &[Take], now: Timestamp) -> Taken {
        kept(self.counters.take(takes, now).await)
    }

    /// Takes one, for which there must be room.
    async fn take_one(&self, take: &Take, now: Timestamp) -> Receipt {
        match self.take(std::slice::from_ref(take), now).await {
            Taken::All(receipt) => receipt,
            Taken::Refused { .. } => present(None, "there must be room below the limit"),
        }
    }

    /// Takes new members until one is refused: how much room there is.
    async fn room(&self, take: &Take, now: Timestamp) -> u32 {
        let mut room = 0;
        while room <= take.limit.max {
            match self.take(&[self.another(take)], now).await {
                Taken::All(_) => room += 1,
                Taken::Refused { .. } => break,
            }
        }
        room
    }
}

fn counter_of(take: &Take) -> Counter {
    Counter { name: take.name, limit: take.limit, key: take.key.clone() }
}

async fn usage_tells_how_full_a_counter_is(bench: &Bench<'_>) {
    let (counter, untouched) = (bench.counter(2), bench.counter(1));
    let both = [counter_of(&counter), counter_of(&untouched)];
    let lower = [Counter { limit: Limit { max: 1, window: WINDOW }, ..counter_of(&counter) }];
    let begin = bench.ground.now();
    let at = |seconds| after(begin, Duration::from_secs(seconds));
    let empty = Usage::default();
    assert_eq!(kept(bench.counters.usage(&[], begin).await), [], "of no counters there is no usage");
    assert_eq!(
        kept(bench.counters.usage(&both, begin).await),
        [empty, empty],
        "a fresh counter must be empty"
    );
    bench.take_one(&counter, begin).await;
    let held = Usage { used: 1, room_at: None };
    assert_eq!(kept(bench.counters.usage(&both, begin).await), [held, empty], "what was taken must be told");
    bench.take_one(&bench.another(&counter), at(10)).await;
    let full = Usage { used: 2, room_at: Some(at(600)) };
    assert_eq!(
        kept(bench.counters.usage(&both, at(10)).await),
        [full, empty],
        "a full counter must tell when the first of what it holds stops to count"
    );
    assert_eq!(
        kept(bench.counters.usage(&lower, at(10)).await),
        [Usage { used: 2, room_at: Some(at(610)) }],
        "under a lower limit, as many must go as are too many"
    );
    assert_eq!(
        kept(bench.counters.usage(&both, at(600)).await),
        [held, empty],
        "what counts no more must not be told"
    );
    assert_eq!(kept(bench.counters.usage(&both, at(610)).await), [empty, empty], "nothing counts for ever");
    assert!(
        refused(&bench.take(&[bench.another(&counter)], at(20)).await).is_some(),
        "looking changes nothing"
    );
}

async fn what_is_cleared_is_empty_and_nothing_else_is(bench: &Bench<'_>) {
    let (cleared, other) = (bench.counter(1), bench.counter(1));
    let begin = bench.ground.now();
    for counter in [&cleared, &other] {
        bench.take_one(counter, begin).await;
    }
    kept(bench.counters.clear(&[]).await);
    kept(bench.counters.clear(&[cleared.key.clone(), bench.counter(1).key]).await);
    let usages = kept(bench.counters.usage(&[counter_of(&cleared), counter_of(&other)], begin).await);
    let used: Vec<_> = usages.iter().map(|usage| usage.used).collect();
    assert_eq!(used, [0, 1], "what is cleared must be empty, and nothing else");
    bench.take_one(&bench.another(&cleared), begin).await;
    assert!(refused(&bench.take(&[bench.another(&cleared)], begin).await).is_some(), "it must count again");
}

fn refused(taken: &Taken) -> Option<Duration> {
    match taken {
        Taken::All(_) => None,
        Taken::Refused { name: _, retry_after } => Some(*retry_after),
    }
}

async fn nothing_to_take_is_taken(bench: &Bench<'_>) {
    let taken = bench.take(&[], bench.ground.now()).await;
    assert_eq!(taken, Taken::All(Receipt::default()), "no limits at all must refuse nothing");
}

async fn a_limit_is_kept_exactly(bench: &Bench<'_>) {
    for max in [1, 2, 7] {
        let counter = bench.counter(max);
        let begin = bench.ground.now();
        for _ in 0..max {
            bench.take_one(&bench.another(&counter), begin).await;
        }
        let later = after(begin, Duration::from_millis(12_345));
        let taken = bench.take(&[bench.another(&counter)], later).await;
        let expected = Taken::Refused {
            name: counter.name,
            retry_after: WINDOW.saturating_sub(Duration::from_millis(12_345)),
        };
        assert_eq!(
            taken, expected,
            "past {max}, a take must be refused until the oldest one leaves its window"
        );
    }
}

async fn the_window_slides(bench: &Bench<'_>) {
    let counter = bench.counter(3);
    let begin = bench.ground.now();
    let at = |seconds| after(begin, Duration::from_secs(seconds));
    for seconds in [0, 10, 30] {
        bench.take_one(&bench.another(&counter), at(seconds)).await;
    }

    let just_before = after(begin, WINDOW.saturating_sub(Duration::from_millis(1)));
    let taken = bench.take(&[bench.another(&counter)], just_before).await;
    assert_eq!(refused(&taken), Some(Duration::from_millis(1)), "a take must count for its whole window");

    bench.take_one(&bench.another(&counter), at(600)).await;
    let taken = bench.take(&[bench.another(&counter)], at(600)).await;
    assert_eq!(
        refused(&taken),
        Some(Duration::from_secs(10)),
        "one that leaves must make room for one and no more"
    );
    bench.take_one(&bench.another(&counter), at(610)).await;
    let taken = bench.take(&[bench.another(&counter)], at(629)).await;
    assert_eq!(
        refused(&taken),
        Some(Duration::from_secs(1)),
        "the next room must come when the next one leaves"
    );
}

async fn there_is_no_double_burst_at_the_edge_of_a_window(bench: &Bench<'_>) {
    let counter = bench.counter(5);
    // Where a fixed window would end: at a whole multiple of its length.
    let length = i64::try_from(WINDOW.as_secs()).unwrap_or(i64::MAX);
    let edge = (bench.ground.now().as_second() / length + 1) * length;
    let edge = present(Timestamp::from_second(edge).ok(), "the edge is an instant");
    let before = edge.saturating_sub(Duration::from_millis(1)).unwrap_or(edge);
    assert_eq!(bench.room(&counter, before).await, 5, "a fresh counter must have all its room");
    let behind = after(edge, Duration::from_millis(1));
    assert_eq!(
        bench.room(&counter, behind).await,
        0,
        "the edge of a fixed window must not give a second burst"
    );
}

async fn a_whole_window_later_there_is_all_the_room(bench: &Bench<'_>) {
    for window in [Duration::from_secs(1), Duration::from_hours(24), Duration::from_hours(24 * 30)] {
        let counter = bench.counter_with(Limit { max: 4, window });
        let begin = bench.ground.now();
        assert_eq!(bench.room(&counter, begin).await, 4, "a fresh counter must have all its room");
        assert_eq!(
            bench.room(&counter, after(begin, window)).await,
            4,
            "a window later there must be all of it again"
        );
    }
}

async fn counters_are_independent(bench: &Bench<'_>) {
    let (one, other) = (bench.counter(2), bench.counter(2));
    let now = bench.ground.now();
    assert_eq!(bench.room(&one, now).await, 2, "a fresh counter must have all its room");
    assert_eq!(bench.room(&other, now).await, 2, "a full counter must not fill another one");
}

async fn a_member_counts_once_and_lives_from_its_last_take(bench: &Bench<'_>) {
    let counter = bench.counter(1);
    let begin = bench.ground.now();
    let half = after(begin, WINDOW / 2);
    bench.take_one(&counter, begin).await;
    bench.take_one(&counter, half).await;

    let taken = bench.take(&[bench.another(&counter)], after(begin, WINDOW)).await;
    assert_eq!(
        refused(&taken),
        Some(WINDOW / 2),
        "a member taken again must live a whole window from then on"
    );
    let room = bench.room(&counter, after(half, WINDOW)).await;
    assert_eq!(room, 1, "a member taken twice must leave once and for all");
}

async fn a_lowered_limit_counts_what_was_taken_before(bench: &Bench<'_>) {
    let counter = bench.counter(5);
    let begin = bench.ground.now();
    for seconds in 0..5 {
        bench.take_one(&bench.another(&counter), after(begin, Duration::from_secs(seconds))).await;
    }
    let lowered = Take { limit: Limit { max: 2, window: WINDOW }, ..bench.another(&counter) };
    let taken = bench.take(std::slice::from_ref(&lowered), after(begin, Duration::from_secs(4))).await;
    let until_one_is_left = WINDOW.saturating_sub(Duration::from_secs(1));
    assert_eq!(refused(&taken), Some(until_one_is_left), "there must be room when only one of two is left");
    bench.take_one(&lowered, after(begin, Duration::from_secs(3) + WINDOW)).await;
}

async fn a_refusal_leaves_nothing(bench: &Bench<'_>) {
    for full_first in [true, false] {
        let (roomy, full) = (bench.counter(3), bench.counter(1));
        let now = bench.ground.now();
        bench.take_one(&bench.another(&full), now).await;
        let mut call = [roomy.clone(), full.clone()];
        if full_first {
            call.reverse();
        }
        let taken = bench.take(&call, now).await;
        assert!(refused(&taken).is_some(), "one full counter must refuse the whole call");
        assert_eq!(
            bench.room(&roomy, now).await,
            3,
            "a refused call must take nothing from the counters with room"
        );
        let a_window_later = after(now, WINDOW);
        assert_eq!(
            bench.room(&full, a_window_later).await,
            1,
            "a refused call must not stay in the full counter"
        );
    }
}

async fn a_refusal_leaves_what_was_held_before(bench: &Bench<'_>) {
    for full_first in [true, false] {
        let (held, full) = (bench.counter(1), bench.counter(1));
        let begin = bench.ground.now();
        bench.take_one(&held, begin).await;
        let half = after(begin, WINDOW / 2);
        bench.take_one(&bench.another(&full), half).await;
        let mut call = [held.clone(), full];
        if full_first {
            call.reverse();
        }
        let taken = bench.take(&call, half).await;
        assert!(refused(&taken).is_some(), "one full counter must refuse the whole call");
        let taken = bench.take(&[bench.another(&held)], half).await;
        assert_eq!(
            refused(&taken),
            Some(WINDOW / 2),
            "a refused call must neither remove a member that was held before nor begin its life anew"
        );
    }
}

async fn a_refund_gives_back(bench: &Bench<'_>) {
    let (one, other) = (bench.counter(2), bench.counter(2));
    let now = bench.ground.now();
    let kept_one = bench.another(&one);
    bench.take_one(&kept_one, now).await;
    let Taken::All(receipt) = bench.take(&[one.clone(), other.clone()], now).await else {
        return present(None, "there must be room below the limits");
    };
    for _ in 0..2 {
        kept(bench.counters.refund(&receipt).await);
    }
    assert_eq!(bench.room(&one, now).await, 1, "a refund must give back one, however often it is asked for");
    assert_eq!(
        bench.room(&other, now).await,
        2,
        "a refund must give back to every counter that was taken from"
    );

    kept(bench.counters.refund(&Receipt::default()).await);
    let never_taken = bench.counter(1);
    let stale = Receipt(vec![(never_taken.key.clone(), never_taken.member)]);
    kept(bench.counters.refund(&stale).await);
    assert_eq!(bench.room(&never_taken, now).await, 1, "giving back what is gone must give nothing");
}

async fn a_refund_gives_back_no_more_than_was_taken(bench: &Bench<'_>) {
    let counter = bench.counter(1);
    let now = bench.ground.now();
    bench.take_one(&counter, now).await;
    let again = bench.take_one(&counter, now).await;
    kept(bench.counters.refund(&again).await);
    let room = bench.room(&counter, now).await;
    assert_eq!(
        room, 0,
        "a take that counted nothing, because the member was held, must have nothing to give back"
    );
}
