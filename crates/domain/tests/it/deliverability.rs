//! Laws of the estimates: shares are shares, intervals hold them and narrow, and replicas together know what one would.

use std::time::Duration;

use domain::application::ApplicationId;
use domain::deliverability::{
    Cohort, CohortKey, CohortLine, CohortMeasure, CohortSums, Estimate, Estimates, Pace, SENDS_MIN, Share,
    Window,
};
use domain::id::StatisticWriterId;
use domain::phone::Operator;
use domain::ports::{SendAnswer, StatisticBatch, StatisticStore};
use domain::route::RouteName;
use domain::statistic::{Happening, Observation, SmsRef, Tally, bucket_of};
use domain::testkit::{MemoryStore, phone};
use domain::time::{Timestamp, after};
use proptest::prelude::*;
use uuid::Uuid;

fn route(name: &str) -> RouteName {
    RouteName::parse(name).unwrap()
}

/// Of so many sends, those that were verified, and after how many seconds.
fn cohort(sent: u64, seconds: &[u64]) -> Cohort {
    let mut cohort = Cohort::default();
    cohort.add(CohortMeasure::Sent, sent);
    for second in seconds {
        cohort.add(CohortMeasure::Verified, 1);
        cohort.add(CohortMeasure::Took(bucket_of(Duration::from_secs(*second))), 1);
    }
    cohort
}

fn sums(operator: Operator, name: &str, settled: Cohort) -> CohortSums {
    CohortSums {
        application: ApplicationId::default_application(),
        operator: Some(operator),
        route: route(name),
        settled,
        recent: Cohort::default(),
    }
}

fn window() -> Window {
    Window::at(Timestamp::from_second(1_768_464_000).unwrap())
}

const MINUTE: Duration = Duration::from_mins(1);

proptest! {
    #[test]
    fn a_share_is_one_and_lies_in_its_interval(verified in 0_u64..100_000, sends in 1_u64..100_000) {
        let share = Share::of(verified, sends).unwrap();
        prop_assert!(0.0 <= share.low && share.low <= share.value, "{share:?}");
        prop_assert!(share.value <= share.high && share.high <= 1.0, "{share:?}");
    }

    #[test]
    fn more_of_the_same_narrows_the_interval(verified in 0_u64..500, lost in 0_u64..500, times in 2_u64..50) {
        prop_assume!(verified + lost > 0);
        let one = Share::of(verified, verified + lost).unwrap();
        let many = Share::of(times * verified, times * (verified + lost)).unwrap();
        prop_assert!(many.high - many.low < one.high - one.low, "{one:?} {many:?}");
        prop_assert!((many.value - one.value).abs() < 1e-12);
    }

    #[test]
    fn one_more_that_came_back_never_lowers_a_share(verified in 0_u64..1000, lost in 1_u64..1000) {
        let (sends, share) = (verified + lost, |verified| Share::of(verified, verified + lost).unwrap());
        let (before, behind) = (share(verified), Share::of(verified + 1, sends).unwrap());
        prop_assert!(before.low < behind.low && before.high <= behind.high);
    }

    #[test]
    fn the_median_is_never_below_what_it_is_at_least(seconds in proptest::collection::vec(1_u64..600, 0..200)) {
        let estimate = Estimate::of(&cohort(300, &seconds), &Cohort::default());
        let (p50, p90) = (estimate.p50.unwrap_or_default(), estimate.p90.unwrap_or_default());
        prop_assert!(p50 <= p90);
        prop_assert!(estimate.p50_low.unwrap_or_default() <= p50);
        prop_assert!(!estimate.is_slower_than(p50 + Duration::from_millis(1)));
    }

    #[test]
    fn the_order_of_the_sums_and_whose_they_are_change_nothing(
        parts in proptest::collection::vec((0..3_usize, 0..2_usize, 1_u64..60, 0_u64..60), 0..20),
        turned in any::<bool>(),
    ) {
        let operators = [Operator::Ntc, Operator::Ncell, Operator::Utl];
        let part = |(operator, way, sent, verified): &(usize, usize, u64, u64)| {
            let verified = vec![20; usize::try_from(*verified.min(sent)).unwrap()];
            sums(operators[*operator], ["one", "two"][*way], cohort(*sent, &verified))
        };
        let mut all: Vec<_> = parts.iter().map(part).collect();
        let expected = Estimates::new(window(), &all);
        if turned {
            all.reverse();
        }
        for (sums, number) in all.iter_mut().zip(0..) {
            sums.application = ApplicationId::parse(&format!("app-{}", number % 3)).unwrap();
        }
        prop_assert_eq!(&Estimates::new(window(), &all), &expected);
        for row in expected.rows() {
            prop_assert!(!row.lossy || row.estimate.sends >= SENDS_MIN, "too few sends say nothing");
        }
    }
}

/// What a process was told of an SMS: which, by which way, whether it came back, and after how many seconds.
type Sms = (u8, bool, Option<u16>);

fn observe(tally: &mut Tally, (phone_of, way, came): Sms, arrival: bool) {
    let (application, way) = (ApplicationId::default_application(), route(if way { "one" } else { "two" }));
    let sent_at = window().since.begin();
    let phones = [phone("9841234567"), phone("9801234567")];
    let happening = match (arrival, came) {
        (false, _) => {
            Happening::Sent { again: false, segments: 1, answer: SendAnswer::Accepted, credits: None }
        }
        (true, Some(seconds)) => Happening::Arrived { took: Some(Duration::from_secs(u64::from(seconds))) },
        (true, None) => return,
    };
    tally.observe(&Observation {
        at: after(sent_at, MINUTE * 7),
        application: &application,
        gateway: "sparrow",
        sms: Some(SmsRef { route: &way, sent_at }),
        phone: Some(phones[usize::from(phone_of % 2)]),
        purpose: None,
        happening,
    });
}

async fn hand_over(store: &MemoryStore, tally: &mut Tally, writer: u128, number: u32) {
    let writer = StatisticWriterId::from_uuid(Uuid::from_u128(writer));
    let batch = StatisticBatch { writer, number, lines: tally.take(), cohorts: tally.take_cohorts() };
    store.add_statistics(&batch).await.unwrap();
    // Its answer got lost.
    store.add_statistics(&batch).await.unwrap();
}

proptest! {
    #[test]
    fn what_replicas_were_told_is_what_one_would_know(
        told in proptest::collection::vec((any::<u8>(), any::<bool>(), proptest::option::of(1..600_u16)), 0..120),
        replicas in 2..4_usize,
        every in 1..40_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (one, shared) = (MemoryStore::default(), MemoryStore::default());
            let mut alone = Tally::new(100);
            let mut tallies = vec![Tally::new(100); replicas];
            for (number, sms) in told.iter().enumerate() {
                // The code comes back at another replica than the one that sent.
                for (arrival, at) in [(false, number), (true, number + 1)] {
                    observe(&mut alone, *sms, arrival);
                    observe(&mut tallies[at % replicas], *sms, arrival);
                }
                if number % every == 0 {
                    hand_over(&shared, &mut tallies[0], 1, u32::try_from(number).unwrap() + 1).await;
                }
            }
            hand_over(&one, &mut alone, 9, 1).await;
            for (tally, writer) in tallies.iter_mut().zip(1..) {
                hand_over(&shared, tally, writer, 1000).await;
            }
            let read = |store: MemoryStore| async move { store.read_cohorts(None, window()).await.unwrap() };
            let (one, shared) = (read(one).await, read(shared).await);
            prop_assert_eq!(Estimates::new(window(), &one), Estimates::new(window(), &shared));
            let sent: u64 = one.iter().map(|sums| sums.settled.sent()).sum();
            prop_assert_eq!(sent, told.len() as u64);
            Ok(())
        })?;
    }
}

#[test]
fn a_route_is_compared_with_the_others() {
    let good = || cohort(500, &[15; 430]);
    let estimates = Estimates::new(
        window(),
        &[
            sums(Operator::Ntc, "one", good()),
            sums(Operator::Ntc, "two", cohort(500, &[15; 220])),
            sums(Operator::Ncell, "one", cohort(10, &[])),
            sums(Operator::Ncell, "two", cohort(500, &[90; 420])),
        ],
    );
    let pace = |operator, name| estimates.pace(Some(operator), &route(name), MINUTE);
    assert_eq!(pace(Operator::Ntc, "one"), Pace::Usual);
    assert_eq!(pace(Operator::Ntc, "two"), Pace::Early, "it is lossy");
    assert_eq!(pace(Operator::Ncell, "two"), Pace::Early, "it is slow");
    assert_eq!(
        estimates.pace(Some(Operator::Ncell), &route("two"), MINUTE * 2),
        Pace::Usual,
        "not for this wait"
    );
    let few = estimates.of(Some(Operator::Ncell), &route("one")).unwrap();
    assert_eq!((few.operator, few.estimate.sends), (None, 510), "too few tell nothing: the route answers");
    assert_eq!(pace(Operator::Utl, "one"), Pace::Usual);
    assert_eq!(pace(Operator::Utl, "three"), Pace::Usual, "of what nothing is known, nothing is said");
    let lossy: Vec<_> = estimates.rows().iter().map(|row| row.lossy).collect();
    assert_eq!(lossy, [false, true, false, false]);
}

#[test]
fn where_nothing_arrives_at_all_no_comparison_is_needed() {
    let dead = [sums(Operator::Ntc, "one", cohort(40, &[15; 2]))];
    assert_eq!(Estimates::new(window(), &dead).pace(Some(Operator::Ntc), &route("one"), MINUTE), Pace::Early);
    let few = [sums(Operator::Ntc, "one", cohort(19, &[]))];
    assert_eq!(Estimates::new(window(), &few).pace(Some(Operator::Ntc), &route("one"), MINUTE), Pace::Usual);
}

#[test]
fn what_has_no_room_is_lost_and_said_so() {
    let mut tally = Tally::new(1);
    observe(&mut tally, (0, true, None), false);
    observe(&mut tally, (0, false, None), false);
    observe(&mut tally, (0, true, Some(9)), true);
    assert_eq!(tally.take_lost(), 1);
    let taken: Vec<CohortLine> = tally.take_cohorts();
    let expected = CohortKey {
        slot: window().since,
        application: ApplicationId::default_application(),
        operator: Some(Operator::Ntc),
        route: route("one"),
    };
    assert_eq!(taken, [CohortLine { key: expected, cohort: cohort(1, &[9]) }]);
}
