//! The counters of the limits: sliding windows, exact, in the same file. Owns how they are counted; what they limit is
//! the rules' affair.

use std::time::Duration;

use async_trait::async_trait;
use domain::limit::{LimitName, Take};
use domain::ports::{Counters, Dependency, PortError, Receipt, Taken};
use domain::time::{Timestamp, after};
use sqlx::sqlite::SqliteConnection;

use super::{Database, SqliteCounters};
use crate::sql::failure::Failure;

/// How many members that count no more a take clears away: more than it adds, so that they do not pile up.
const CLEARED_AT_ONCE: u32 = 100;

pub(super) const CLEAR: &str = "DELETE FROM counter_members WHERE (counter, member) IN
     (SELECT counter, member FROM counter_members WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2)";

/// Adds a member, or one that had counted before and does no more; nothing where it counts now, or where as many as
/// the limit allows do.
pub(super) const ADD: &str = "INSERT INTO counter_members (counter, member, ends_at)
     SELECT $1, $2, $3 WHERE NOT EXISTS
        (SELECT 1 FROM counter_members WHERE counter = $1 AND ends_at > $4 LIMIT 1 OFFSET $5)
     ON CONFLICT (counter, member) DO UPDATE SET ends_at = excluded.ends_at WHERE ends_at <= $4";

/// Begins the life of a member that counts now anew.
pub(super) const RENEW: &str =
    "UPDATE counter_members SET ends_at = $3 WHERE counter = $1 AND member = $2 AND ends_at > $4";

/// When a full counter has room: when the youngest but `$3` stops to count.
pub(super) const ROOM_AT: &str = "SELECT ends_at FROM counter_members WHERE counter = $1 AND ends_at > $2
     ORDER BY ends_at DESC LIMIT 1 OFFSET $3";

pub(super) const GIVE_BACK: &str = "DELETE FROM counter_members WHERE counter = $1 AND member = $2";

#[async_trait]
impl Counters for SqliteCounters {
    async fn take(&self, takes: &[Take], now: Timestamp) -> Result<Taken, PortError> {
        self.0.take(takes, now).await.map_err(failed)
    }

    async fn refund(&self, receipt: &Receipt) -> Result<(), PortError> {
        self.0.refund(receipt).await.map_err(failed)
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.0.reach_for_the_lock().await.map_err(failed)
    }
}

fn failed(failure: Failure) -> PortError {
    failure.of(Dependency::Counters)
}

/// How one take went.
enum OneTaken {
    Added,
    Renewed,
    Full { room_at: Timestamp },
}

impl Database {
    async fn take(&self, takes: &[Take], now: Timestamp) -> Result<Taken, Failure> {
        if takes.is_empty() {
            return Ok(Taken::All(Receipt::default()));
        }
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        sqlx::query(CLEAR)
            .bind(now.as_millisecond())
            .bind(CLEARED_AT_ONCE)
            .execute(&mut *transaction)
            .await?;
        let mut added = Vec::with_capacity(takes.len());
        for take in takes {
            match take_one(take, now, &mut transaction).await? {
                OneTaken::Added => added.push((take.key.clone(), take.member)),
                OneTaken::Renewed => {}
                // What was taken before goes with the transaction.
                OneTaken::Full { room_at } => return Ok(refused(take.name, room_at, now)),
            }
        }
        transaction.commit().await?;
        turn.settle();
        Ok(Taken::All(Receipt(added)))
    }

    async fn refund(&self, receipt: &Receipt) -> Result<(), Failure> {
        if receipt.0.is_empty() {
            return Ok(());
        }
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        for (key, member) in &receipt.0 {
            sqlx::query(GIVE_BACK)
                .bind(key.as_str())
                .bind(member.0.to_vec())
                .execute(&mut *transaction)
                .await?;
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

async fn take_one(
    take: &Take,
    now: Timestamp,
    transaction: &mut SqliteConnection,
) -> Result<OneTaken, Failure> {
    // Where so many count now and one more, there is no room for another.
    let Some(last) = take.limit.max.checked_sub(1) else {
        return Ok(OneTaken::Full { room_at: after(now, take.limit.window) });
    };
    let ends_at = after(now, take.limit.window).as_millisecond();
    let now = now.as_millisecond();
    let added = sqlx::query(ADD)
        .bind(take.key.as_str())
        .bind(take.member.0.to_vec())
        .bind(ends_at)
        .bind(now)
        .bind(last)
        .execute(&mut *transaction)
        .await?;
    if added.rows_affected() == 1 {
        return Ok(OneTaken::Added);
    }
    let renewed = sqlx::query(RENEW)
        .bind(take.key.as_str())
        .bind(take.member.0.to_vec())
        .bind(ends_at)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
    if renewed.rows_affected() == 1 {
        return Ok(OneTaken::Renewed);
    }
    let room_at: Option<i64> = sqlx::query_scalar(ROOM_AT)
        .bind(take.key.as_str())
        .bind(now)
        .bind(last)
        .fetch_optional(&mut *transaction)
        .await?;
    let room_at = Timestamp::from_millisecond(room_at.unwrap_or(ends_at)).unwrap_or(Timestamp::MAX);
    Ok(OneTaken::Full { room_at })
}

fn refused(name: LimitName, room_at: Timestamp, now: Timestamp) -> Taken {
    let millis = room_at.as_millisecond().saturating_sub(now.as_millisecond()).max(1);
    Taken::Refused { name, retry_after: Duration::from_millis(millis.unsigned_abs()) }
}
