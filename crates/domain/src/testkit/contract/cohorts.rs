//! The contract of the store of statistics, as far as it is about cohorts of SMS.

use std::sync::Arc;

use super::super::demand::{kept, present};
use super::ground::Ground;
use super::race::{RACERS, race};
use crate::application::ApplicationId;
use crate::deliverability::{
    Cohort, CohortKey, CohortLine, CohortMeasure, CohortSums, KEPT_SLOTS, Slot, Window,
};
use crate::id::StatisticWriterId;
use crate::phone::Operator;
use crate::ports::{StatisticBatch, StatisticStore};
use crate::route::RouteName;

/// The contract of [`StatisticStore`] about cohorts, but for what old ones become: see [`cohort_sweep`].
///
/// # Panics
/// When a promise is not kept.
pub async fn cohort_store(statistics: Arc<dyn StatisticStore>, ground: &Ground) {
    let bench = Bench { statistics, ground };
    what_is_added_is_told_by_application_operator_and_route(&bench).await;
    a_window_tells_what_is_settled_from_what_is_recent(&bench).await;
    a_batch_of_cohorts_counts_once(&bench).await;
    racing_batches_of_cohorts_all_count(&bench).await;
}

/// What becomes of old cohorts.
///
/// # Panics
/// When a promise is not kept.
pub async fn cohort_sweep(statistics: Arc<dyn StatisticStore>, ground: &Ground) {
    let bench = Bench { statistics, ground };
    let application = bench.ground.application();
    let young = bench.key(&application);
    let at = |back: u16| CohortKey { slot: young.slot.minus(back), ..young.clone() };
    let two = [(CohortMeasure::Sent, 2), (CohortMeasure::Verified, 1)];
    let old = [at(KEPT_SLOTS + 30), at(KEPT_SLOTS + 19), at(KEPT_SLOTS + 1), at(KEPT_SLOTS)];
    let lines: Vec<_> = old.iter().chain([&young]).map(|key| line(key, &two)).collect();
    bench.add(&lines).await;
    let sweep = || bench.statistics.sweep_cohorts(young.slot.minus(KEPT_SLOTS));
    assert_eq!(kept(sweep().await), 4, "the oldest hour must go first, and all of it at once");
    assert_eq!(kept(sweep().await), 2, "the next hour must follow");
    assert_eq!(kept(sweep().await), 0, "what is young must stay");
    let all = Window { since: Slot::from_number(0), recent: Slot::from_number(0) };
    let left = kept(bench.statistics.read_cohorts(Some(&application), all).await);
    assert_eq!(left.iter().map(|sums| sums.recent.sent()).collect::<Vec<_>>(), [4]);
}

struct Bench<'a> {
    statistics: Arc<dyn StatisticStore>,
    ground: &'a Ground,
}

impl Bench<'_> {
    /// Settled as of now.
    fn key(&self, application: &ApplicationId) -> CohortKey {
        CohortKey {
            slot: Window::at(self.ground.now()).since,
            application: application.clone(),
            operator: Some(Operator::Ntc),
            route: route("nepal"),
        }
    }

    fn batch(&self, number: u32, cohorts: &[CohortLine]) -> StatisticBatch {
        let writer = kept(StatisticWriterId::new(self.ground.now(), self.ground.entropy()));
        StatisticBatch { writer, number, lines: Vec::new(), cohorts: cohorts.to_vec() }
    }

    async fn add(&self, cohorts: &[CohortLine]) {
        kept(self.statistics.add_statistics(&self.batch(1, cohorts)).await);
    }

    /// What there is of an application, by operators and routes.
    async fn read(&self, application: &ApplicationId) -> Vec<CohortSums> {
        let window = Window::at(self.ground.now());
        let mut read = kept(self.statistics.read_cohorts(Some(application), window).await);
        read.sort_by(|left, right| (left.operator, &left.route).cmp(&(right.operator, &right.route)));
        read
    }
}

fn route(name: &str) -> RouteName {
    present(RouteName::parse(name), "the route's name must be a slug")
}

fn cohort(of: &[(CohortMeasure, u64)]) -> Cohort {
    let mut cohort = Cohort::default();
    for (measure, amount) in of {
        cohort.add(*measure, *amount);
    }
    cohort
}

fn line(key: &CohortKey, of: &[(CohortMeasure, u64)]) -> CohortLine {
    CohortLine { key: key.clone(), cohort: cohort(of) }
}

fn sums(key: &CohortKey, settled: Cohort, recent: Cohort) -> CohortSums {
    let CohortKey { slot: _, application, operator, route } = key.clone();
    CohortSums { application, operator, route, settled, recent }
}

async fn what_is_added_is_told_by_application_operator_and_route(bench: &Bench<'_>) {
    let (application, other) = (bench.ground.application(), bench.ground.application());
    let ntc = bench.key(&application);
    let abroad = CohortKey { operator: None, ..ntc.clone() };
    let backup = CohortKey { route: route("backup"), ..ntc.clone() };
    let foreign = bench.key(&other);
    let one = [(CohortMeasure::Sent, 3), (CohortMeasure::Verified, 2), (CohortMeasure::Took(17), 2)];
    let two = [(CohortMeasure::Sent, 1), (CohortMeasure::Took(3), 1)];
    bench.add(&[line(&ntc, &one), line(&abroad, &two), line(&foreign, &one)]).await;
    bench.add(&[line(&ntc, &two), line(&backup, &one)]).await;
    bench.add(&[]).await;
    let mut both = cohort(&one);
    both.add_all(&cohort(&two));
    let expected = [
        sums(&abroad, cohort(&two), Cohort::default()),
        sums(&backup, cohort(&one), Cohort::default()),
        sums(&ntc, both, Cohort::default()),
    ];
    assert_eq!(bench.read(&application).await, expected, "each must be told by itself");
    let all = kept(bench.statistics.read_cohorts(None, Window::at(bench.ground.now())).await);
    for application in [&application, &other] {
        assert!(all.iter().any(|sums| sums.application == *application), "all must hold each");
    }
}

async fn a_window_tells_what_is_settled_from_what_is_recent(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let window = Window::at(bench.ground.now());
    let at = |slot| CohortKey { slot, ..bench.key(&application) };
    let sent = |amount| [(CohortMeasure::Sent, amount)];
    let lines = [
        line(&at(window.since.minus(1)), &sent(1)),
        line(&at(window.since), &sent(10)),
        line(&at(window.recent.minus(1)), &sent(100)),
        line(&at(window.recent), &sent(1000)),
        line(&at(Slot::of(bench.ground.now())), &sent(10_000)),
    ];
    bench.add(&lines).await;
    let expected = sums(&at(window.since), cohort(&sent(110)), cohort(&sent(11_000)));
    assert_eq!(bench.read(&application).await, [expected]);
}

async fn a_batch_of_cohorts_counts_once(bench: &Bench<'_>) {
    let key = bench.key(&bench.ground.application());
    let first = bench.batch(1, &[line(&key, &[(CohortMeasure::Sent, 1)])]);
    let third = StatisticBatch { number: 3, ..first.clone() };
    for batch in [&first, &first, &third, &first, &third] {
        kept(bench.statistics.add_statistics(batch).await);
    }
    let read = bench.read(&key.application).await;
    assert_eq!(
        read.iter().map(|sums| sums.settled.sent()).collect::<Vec<_>>(),
        [2],
        "a batch must count once"
    );
}

async fn racing_batches_of_cohorts_all_count(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let keys = [bench.key(&application), CohortKey { operator: None, ..bench.key(&application) }];
    race(|racer| {
        let statistics = Arc::clone(&bench.statistics);
        let mut lines =
            keys.clone().map(|key| line(&key, &[(CohortMeasure::Sent, 2), (CohortMeasure::Verified, 1)]));
        // In whichever order they come, nobody waits for somebody who waits for him.
        if racer % 2 == 0 {
            lines.reverse();
        }
        let batch = bench.batch(1, &lines);
        async move { kept(statistics.add_statistics(&batch).await) }
    })
    .await;
    let count = RACERS as u64;
    for sums in bench.read(&application).await {
        assert_eq!((sums.settled.sent(), sums.settled.verified()), (2 * count, count), "all must count");
    }
}
