//! The counters of the limits: sliding windows, exact, in the same file. Owns how they are counted; what they limit is
//! the rules' affair.

use std::time::Duration;

use async_trait::async_trait;
use domain::limit::{Counter, CounterKey, LimitName, Take, Usage};
use domain::ports::{Counters, Dependency, PortError, Receipt, Taken};
use domain::time::{Timestamp, after};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::failure::makes_no_sense;
use super::{Database, SqliteCounters};
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

/// The members to take, as a table; they are bound.
const TAKES: &str = "WITH takes (counter, member, taken_at, ends_at, max) AS (";

/// Takes all of them, or none when one has no room: a member that counts now always has, another one where fewer than
/// the limit allows count now. One that has counted before and does no more begins as if it were new. No two takes are
/// of one counter.
const TAKE: &str = ")
    INSERT INTO counter_members (counter, member, taken_at, ends_at, times)
    SELECT counter, member, taken_at, ends_at, 1 FROM takes
    WHERE NOT EXISTS
        (SELECT 1 FROM takes t
         WHERE (SELECT count(*) FROM counter_members m WHERE m.counter = t.counter AND m.ends_at > t.taken_at) >= t.max
         AND NOT EXISTS
            (SELECT 1 FROM counter_members m
             WHERE m.counter = t.counter AND m.member = t.member AND m.ends_at > t.taken_at))
    ON CONFLICT (counter, member) DO UPDATE SET
        times = CASE WHEN counter_members.ends_at > excluded.taken_at THEN counter_members.times + 1 ELSE 1 END,
        taken_at = excluded.taken_at, ends_at = excluded.ends_at
    RETURNING counter, member, times";

/// When a counter that has no room for the member `$2` has room again: when the youngest but `$4` stops to count.
pub(super) const FULL_UNTIL: &str = "
    SELECT ends_at FROM counter_members
    WHERE counter = $1 AND ends_at > $3
    AND NOT EXISTS (SELECT 1 FROM counter_members WHERE counter = $1 AND member = $2 AND ends_at > $3)
    ORDER BY ends_at DESC LIMIT 1 OFFSET $4";

/// How much a counter holds, and when the youngest but `$3` of it stops to count.
pub(super) const USAGE: &str = "
    SELECT (SELECT count(*) FROM counter_members WHERE counter = $1 AND ends_at > $2),
        (SELECT ends_at FROM counter_members WHERE counter = $1 AND ends_at > $2
         ORDER BY ends_at DESC LIMIT 1 OFFSET $3)";

pub(super) const CLEAR: &str = "DELETE FROM counter_members WHERE counter = $1";

const GIVE_BACK: &str = "DELETE FROM counter_members WHERE (counter, member) IN (";

#[async_trait]
impl Counters for SqliteCounters {
    async fn take(&self, takes: &[Take], now: Timestamp) -> Result<Taken, PortError> {
        self.0.take(takes, now).await.map_err(failed)
    }

    async fn refund(&self, receipt: &Receipt) -> Result<(), PortError> {
        self.0.refund(receipt).await.map_err(failed)
    }

    async fn usage(&self, counters: &[Counter], now: Timestamp) -> Result<Vec<Usage>, PortError> {
        self.0.usage(counters, now).await.map_err(failed)
    }

    async fn clear(&self, counters: &[CounterKey]) -> Result<(), PortError> {
        self.0.clear(counters).await.map_err(failed)
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.0.reach_for_the_lock().await.map_err(failed)
    }
}

fn failed(failure: Failure) -> PortError {
    failure.of(Dependency::Counters, makes_no_sense)
}

impl Database {
    async fn take(&self, takes: &[Take], now: Timestamp) -> Result<Taken, Failure> {
        if takes.is_empty() {
            return Ok(Taken::All(Receipt::default()));
        }
        let mut turn = self.writer.turn().await?;
        if let Some(receipt) = take_all(takes, now, &mut turn).await? {
            turn.settle();
            return Ok(Taken::All(receipt));
        }
        // Which one has no room is asked under the lock, where nothing changes between the question and its answer.
        let mut transaction = turn.begin().await?;
        if let Some(receipt) = take_all(takes, now, &mut transaction).await? {
            transaction.commit().await?;
            turn.settle();
            return Ok(Taken::All(receipt));
        }
        for take in takes {
            if let Some(room_at) = full_until(take, now, &mut transaction).await? {
                return Ok(refused(take.name, room_at, now));
            }
        }
        Err(RowFault("counter").into())
    }

    async fn refund(&self, receipt: &Receipt) -> Result<(), Failure> {
        if receipt.0.is_empty() {
            return Ok(());
        }
        let mut turn = self.writer.turn().await?;
        giving_back(receipt).build().execute(&mut *turn).await?;
        turn.settle();
        Ok(())
    }

    async fn usage(&self, counters: &[Counter], now: Timestamp) -> Result<Vec<Usage>, Failure> {
        let mut usages = Vec::with_capacity(counters.len());
        for counter in counters {
            let row = sqlx::query(USAGE)
                .bind(counter.key.as_str())
                .bind(now.as_millisecond())
                .bind(counter.limit.max.saturating_sub(1))
                .fetch_one(&self.readers)
                .await?;
            let room_at: Option<i64> = row.try_get(1)?;
            let room_at = room_at.map(|millis| Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX));
            usages.push(Usage { used: row.try_get(0)?, room_at });
        }
        Ok(usages)
    }

    async fn clear(&self, counters: &[CounterKey]) -> Result<(), Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        for counter in counters {
            sqlx::query(CLEAR).bind(counter.as_str()).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        turn.settle();
        Ok(())
    }

    /// Takes the file's lock, which every take needs, and lets go of it.
    async fn reach_for_the_lock(&self) -> Result<(), Failure> {
        let mut turn = self.writer.turn().await?;
        turn.begin().await?.rollback().await?;
        turn.settle();
        Ok(())
    }
}

/// Takes one from each; `None`, and nothing is taken, when one of them has no room.
async fn take_all(
    takes: &[Take],
    now: Timestamp,
    connection: &mut SqliteConnection,
) -> Result<Option<Receipt>, Failure> {
    let rows = taking(takes, now).build().fetch_all(connection).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut added = Vec::with_capacity(takes.len());
    for row in &rows {
        let (counter, member): (&str, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
        let is_it = |take: &&Take| take.key.as_str() == counter && take.member.0 == member;
        if row.try_get::<i64, _>(2)? == 1 {
            added.extend(takes.iter().find(is_it).map(|take| (take.key.clone(), take.member)));
        }
    }
    Ok(Some(Receipt(added)))
}

/// The statement that takes; it depends on nothing but their number.
pub(super) fn taking(takes: &[Take], now: Timestamp) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(TAKES);
    statement.push_values(takes, |mut row, take| {
        row.push_bind(take.key.as_str().to_owned())
            .push_bind(take.member.0.to_vec())
            .push_bind(now.as_millisecond())
            .push_bind(after(now, take.limit.window).as_millisecond())
            .push_bind(take.limit.max);
    });
    statement.push(TAKE);
    statement
}

/// The statement that gives back; it depends on nothing but their number.
pub(super) fn giving_back(receipt: &Receipt) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(GIVE_BACK);
    statement.push_values(&receipt.0, |mut row, (key, member)| {
        row.push_bind(key.as_str().to_owned()).push_bind(member.0.to_vec());
    });
    statement.push(")");
    statement
}

/// When a counter has room again; `None` when it has room for this member now.
async fn full_until(
    take: &Take,
    now: Timestamp,
    connection: &mut SqliteConnection,
) -> Result<Option<Timestamp>, Failure> {
    let Some(others) = take.limit.max.checked_sub(1) else {
        // A limit of none never has room.
        return Ok(Some(after(now, take.limit.window)));
    };
    let room_at: Option<i64> = sqlx::query_scalar(FULL_UNTIL)
        .bind(take.key.as_str())
        .bind(take.member.0.to_vec())
        .bind(now.as_millisecond())
        .bind(others)
        .fetch_optional(connection)
        .await?;
    Ok(room_at.map(|millis| Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)))
}

fn refused(name: LimitName, room_at: Timestamp, now: Timestamp) -> Taken {
    let millis = room_at.as_millisecond().saturating_sub(now.as_millisecond()).max(1);
    Taken::Refused { name, retry_after: Duration::from_millis(millis.unsigned_abs()) }
}
