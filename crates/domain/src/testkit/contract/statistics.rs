//! The contract of the store of statistics.

use std::sync::Arc;

use super::super::demand::kept;
use super::ground::Ground;
use super::race::{RACERS, race};
use crate::application::ApplicationId;
use crate::id::StatisticWriterId;
use crate::phone::Operator;
use crate::ports::{SendAnswer, StatisticBatch, StatisticStore};
use crate::statistic::{Amounts, Measure, StatisticBy, StatisticKey, StatisticLine, StatisticRow};
use crate::time::Day;
use crate::verification::Purpose;

/// The contract of [`StatisticStore`], but for what old days become: see [`statistic_sweep`].
///
/// # Panics
/// When a promise is not kept.
pub async fn statistic_store(statistics: Arc<dyn StatisticStore>, ground: &Ground) {
    let bench = Bench { statistics, ground };
    what_is_added_is_put_together_as_asked_for(&bench).await;
    applications_and_days_are_told_apart(&bench).await;
    a_batch_counts_once(&bench).await;
    racing_additions_all_count(&bench).await;
    racing_repetitions_count_once(&bench).await;
    great_amounts_are_kept(&bench).await;
}

/// What becomes of old days.
///
/// # Panics
/// When a promise is not kept.
pub async fn statistic_sweep(statistics: Arc<dyn StatisticStore>, ground: &Ground) {
    let bench = Bench { statistics, ground };
    let application = bench.ground.application();
    let old = [3, 5, 5].map(|day| StatisticKey { day: Day::from_number(day), ..bench.key(&application) });
    let mut again = old[2].clone();
    again.operator = None;
    let young = bench.key(&application);
    let two = [(Measure::Starts, 1), (Measure::Sends, 1)];
    let lines = [&old[0], &old[1], &again, &young].map(|key| line(key, &two));
    bench.add(&lines).await;
    let sweep = |before| bench.statistics.sweep_statistics(Day::from_number(before));
    assert_eq!(kept(sweep(3).await), 0, "a day must not go before it is old");
    assert_eq!(kept(sweep(6).await), 2, "the oldest day must go first");
    assert_eq!(bench.read(&application, old[0].day, StatisticBy::Day).await, [], "what went must be gone");
    assert_eq!(bench.read(&application, old[1].day, StatisticBy::Day).await.len(), 1, "a day goes by itself");
    assert_eq!(kept(sweep(6).await), 4, "all of a day must go at once");
    assert_eq!(kept(sweep(6).await), 0, "what is young must stay");
    assert_eq!(
        bench.read(&application, young.day, StatisticBy::Day).await.len(),
        1,
        "what is young must stay"
    );
}

struct Bench<'a> {
    statistics: Arc<dyn StatisticStore>,
    ground: &'a Ground,
}

impl Bench<'_> {
    fn key(&self, application: &ApplicationId) -> StatisticKey {
        StatisticKey {
            day: Day::of(self.ground.now()),
            application: application.clone(),
            operator: Some(Operator::Ntc),
            purpose: Some(Purpose::Contact),
            gateway: "sparrow".into(),
        }
    }

    fn batch(&self, number: u32, lines: &[StatisticLine]) -> StatisticBatch {
        let writer = kept(StatisticWriterId::new(self.ground.now(), self.ground.entropy()));
        StatisticBatch { writer, number, lines: lines.to_vec(), cohorts: Vec::new() }
    }

    /// Adds as a writer of its own.
    async fn add(&self, lines: &[StatisticLine]) {
        kept(self.statistics.add_statistics(&self.batch(1, lines)).await);
    }

    /// What there is of an application on a day.
    async fn read(&self, application: &ApplicationId, day: Day, by: StatisticBy) -> Vec<StatisticRow> {
        kept(self.statistics.read_statistics(Some(application), day, day, by).await)
    }

    /// The same, when there is one row.
    async fn only(&self, key: &StatisticKey) -> Amounts {
        let mut rows = self.read(&key.application, key.day, StatisticBy::Application).await;
        assert_eq!(rows.len(), 1, "an application must have one row");
        rows.remove(0).amounts
    }
}

fn amounts(of: &[(Measure, u64)]) -> Amounts {
    let mut amounts = Amounts::default();
    for (measure, amount) in of {
        amounts.add(*measure, *amount);
    }
    amounts
}

fn line(key: &StatisticKey, of: &[(Measure, u64)]) -> StatisticLine {
    StatisticLine { key: key.clone(), amounts: amounts(of) }
}

fn row(since: Day, name: &str, amounts: &Amounts) -> StatisticRow {
    StatisticRow { name: name.to_owned(), amounts: amounts.clone(), since }
}

async fn what_is_added_is_put_together_as_asked_for(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let ntc = bench.key(&application);
    let other = StatisticKey { operator: None, purpose: None, gateway: "backup".into(), ..ntc.clone() };
    let refused = Measure::Refused("rate-limited");
    let first = [(Measure::Starts, 2), (Measure::Took(17), 1), (refused, 3)];
    bench.add(&[line(&ntc, &first), line(&other, &[(Measure::Starts, 5)])]).await;
    let answered = Measure::Answered(SendAnswer::Accepted);
    bench.add(&[line(&ntc, &[(Measure::Starts, 1), (answered, 1)])]).await;
    bench.add(&[]).await;
    let of_ntc = amounts(&[(Measure::Starts, 3), (Measure::Took(17), 1), (refused, 3), (answered, 1)]);
    let of_other = amounts(&[(Measure::Starts, 5)]);
    let mut all = of_ntc.clone();
    all.add_all(&of_other);
    let row = |name, amounts| row(ntc.day, name, amounts);
    let expected = [
        (StatisticBy::Operator, vec![row("", &of_other), row("NTC", &of_ntc)]),
        (StatisticBy::Purpose, vec![row("", &of_other), row("contact", &of_ntc)]),
        (StatisticBy::Gateway, vec![row("backup", &of_other), row("sparrow", &of_ntc)]),
        (StatisticBy::Application, vec![row(application.as_str(), &all)]),
        (StatisticBy::Day, vec![row("2026-01-15", &all)]),
    ];
    for (by, expected) in expected {
        let read = bench.read(&application, ntc.day, by).await;
        assert_eq!(read, expected, "what was added must be put together by {}", by.as_str());
    }
}

async fn applications_and_days_are_told_apart(bench: &Bench<'_>) {
    let (here, there) = (bench.ground.application(), bench.ground.application());
    let key = bench.key(&here);
    let before = StatisticKey { day: key.day.minus(1), ..key.clone() };
    let starts = [(Measure::Starts, 1)];
    bench.add(&[line(&key, &starts), line(&before, &starts)]).await;
    assert_eq!(bench.read(&there, key.day, StatisticBy::Day).await, [], "another application has none of it");
    assert_eq!(bench.read(&here, key.day, StatisticBy::Day).await.len(), 1, "a day must be that day");
    let both = bench.statistics.read_statistics(Some(&here), before.day, key.day, StatisticBy::Day).await;
    let both = kept(both);
    let days: Vec<_> = both.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(days, ["2026-01-14", "2026-01-15"], "days must come in their order");
    let whole =
        bench.statistics.read_statistics(Some(&here), before.day.minus(6), key.day, StatisticBy::Gateway);
    let whole: Vec<_> = kept(whole.await).iter().map(|row| (row.name.clone(), row.since)).collect();
    assert_eq!(whole, [("sparrow".to_owned(), before.day)], "it must be told since when there is something");
    let of_all = bench.statistics.read_statistics(None, key.day, key.day, StatisticBy::Application).await;
    assert!(kept(of_all).iter().any(|row| row.name == here.as_str()), "all must hold each");
}

async fn a_batch_counts_once(bench: &Bench<'_>) {
    let key = bench.key(&bench.ground.application());
    let starts = line(&key, &[(Measure::Starts, 1)]);
    let first = bench.batch(1, std::slice::from_ref(&starts));
    let third = StatisticBatch { number: 3, ..first.clone() };
    for batch in [&first, &first, &third, &first, &third] {
        kept(bench.statistics.add_statistics(batch).await);
    }
    assert_eq!(bench.only(&key).await, amounts(&[(Measure::Starts, 2)]), "a batch must count once");
    bench.add(&[starts]).await;
    assert_eq!(
        bench.only(&key).await,
        amounts(&[(Measure::Starts, 3)]),
        "another writer has its own numbers"
    );
}

async fn racing_additions_all_count(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let keys = [bench.key(&application), StatisticKey { operator: None, ..bench.key(&application) }];
    race(|racer| {
        let statistics = Arc::clone(&bench.statistics);
        let mut lines = keys.clone().map(|key| line(&key, &[(Measure::Starts, 1), (Measure::Sends, 2)]));
        // In whichever order they come, nobody waits for somebody who waits for him.
        if racer % 2 == 0 {
            lines.reverse();
        }
        let batch = bench.batch(1, &lines);
        async move { kept(statistics.add_statistics(&batch).await) }
    })
    .await;
    let count = RACERS as u64 * 2;
    let expected = amounts(&[(Measure::Starts, count), (Measure::Sends, 2 * count)]);
    assert_eq!(bench.only(&keys[0]).await, expected, "all must count");
}

async fn racing_repetitions_count_once(bench: &Bench<'_>) {
    let key = bench.key(&bench.ground.application());
    let batch = bench.batch(7, &[line(&key, &[(Measure::Starts, 1)])]);
    race(|_| {
        let (statistics, batch) = (Arc::clone(&bench.statistics), batch.clone());
        async move { kept(statistics.add_statistics(&batch).await) }
    })
    .await;
    assert_eq!(bench.only(&key).await, amounts(&[(Measure::Starts, 1)]), "a batch must count once");
}

async fn great_amounts_are_kept(bench: &Bench<'_>) {
    let key = bench.key(&bench.ground.application());
    let great = 1 << 60;
    bench.add(&[line(&key, &[(Measure::CreditThousandths, great)])]).await;
    bench.add(&[line(&key, &[(Measure::CreditThousandths, 1)])]).await;
    assert_eq!(
        bench.only(&key).await.of(Measure::CreditThousandths),
        great + 1,
        "great amounts must be exact"
    );
}
