//! How verifications and the ledger of wrong checks change.

pub(super) mod statements;

use domain::delivery::{DeliveryRecord, MessageId};
use domain::guess::GuessClass;
use domain::ports::{Change, Inserted, Saved};
use domain::route::RouteName;
use domain::time::{Day, Timestamp};
use domain::verification::Verification;
use jiff_sqlx::ToSqlx as _;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use self::statements::{ASK, IS_THERE, KEEP_DELIVERIES, RECORD_DELIVERIES, SAVE, SETTLE_AND_INSERT, SWEEP};
use super::engine::Query;
use super::failure::constraint;
use super::{Access, Database};
use crate::sql::arguments::{self, Arguments as _};
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

/// Stores a new verification that another seemed to be in the way of: that one may be over, and is settled then.
pub(super) async fn settle_and_insert(
    access: &Access,
    give_up_at: Instant,
    new: &Verification,
) -> Result<Inserted, Failure> {
    let phone = access.vault.seal(new.subject.phone);
    let query = arguments::new_verification(sqlx::query(SETTLE_AND_INSERT), &phone, new);
    let stored = match access.run_by(give_up_at, query, Twice::Harmless).await {
        Ok(told) => only(&told.rows)?.try_get(0)?,
        Err(Failure::Database(error)) if constraint(&error) == Some(ID_IS_UNIQUE) => false,
        Err(failure) => return Err(failure),
    };
    // A statement that ran twice meets what it has stored itself. It saw the database as it was when it began, which may
    // have been before; this one looks anew.
    if stored || is_there(access, give_up_at, new).await? {
        Ok(Inserted::Stored)
    } else {
        Ok(Inserted::LiveExists)
    }
}

const ID_IS_UNIQUE: &str = "verifications_pkey";

async fn is_there(
    access: &Access,
    give_up_at: Instant,
    verification: &Verification,
) -> Result<bool, Failure> {
    let query = sqlx::query(IS_THERE).uuid(verification.id.uuid());
    let told = access.run_by(give_up_at, query, Twice::Harmless).await?;
    Ok(only(&told.rows)?.try_get(0)?)
}

pub(super) async fn save(database: &Database, change: &Change<'_>) -> Result<Saved, Failure> {
    let changes = change.next.version != change.expected;
    let Some(guess) = change.guess else {
        let told = database.run(changing(SAVE, change), Twice::Different).await?;
        return Ok(if told.changed == 1 { Saved::Stored } else { Saved::Conflict });
    };
    if changes {
        return database.together.save_guess(change).await;
    }
    // A question may be asked twice; a wrong check must not be charged twice.
    let twice = if guess.wrong { Twice::Different } else { Twice::Harmless };
    let told = database.run(asking(ASK, change), twice).await?;
    match only(&told.rows)?.try_get(0)? {
        "stored" => Ok(Saved::Stored),
        "conflict" => Ok(Saved::Conflict),
        "spent" => Ok(Saved::BudgetSpent),
        _ => Err(RowFault("outcome").into()),
    }
}

pub(super) async fn record_delivery(
    database: &Database,
    change: &Change<'_>,
    attempts: &[DeliveryRecord],
) -> Result<Saved, Failure> {
    let changes = change.next.version != change.expected;
    let query = match attempts {
        [] => return save(database, change).await,
        [attempt] if changes => return database.together.record_delivery(change, attempt).await,
        several => {
            let query =
                if changes { changing(RECORD_DELIVERIES, change) } else { asking(KEEP_DELIVERIES, change) };
            delivery_records(query, several)
        }
    };
    let told = database.run(query, Twice::Different).await?;
    Ok(if told.changed == 0 { Saved::Conflict } else { Saved::Stored })
}

/// An array for each column, in the order of [`arguments::delivery_record`].
fn delivery_records<'q>(query: Query<'q>, attempts: &[DeliveryRecord]) -> Query<'q> {
    fn column<T>(attempts: &[DeliveryRecord], cell: impl Fn(&DeliveryRecord) -> T) -> Vec<T> {
        attempts.iter().map(cell).collect()
    }
    let whole = |cell: fn(&DeliveryRecord) -> i64| column(attempts, cell);
    let text = |cell: fn(&DeliveryRecord) -> Option<&str>| {
        column(attempts, |attempt| cell(attempt).map(str::to_owned))
    };
    query
        .bind(column(attempts, |attempt| attempt.id.uuid()))
        .bind(whole(|attempt| i64::from(attempt.number)))
        .bind(text(|attempt| Some(&*attempt.gateway)))
        .bind(text(|attempt| Some(attempt.report.answer.as_str())))
        .bind(column(attempts, |attempt| attempt.at.to_sqlx()))
        .bind(whole(|attempt| arguments::millis(attempt.took)))
        .bind(whole(|attempt| i64::from(attempt.segments)))
        .bind(text(|attempt| attempt.report.message_id.as_ref().map(MessageId::as_str)))
        .bind(column(attempts, |attempt| {
            attempt.report.credits.map(|credits| i64::from(credits.thousandths()))
        }))
        .bind(whole(|attempt| i64::from(attempt.attempt)))
        .bind(text(|attempt| attempt.route.as_ref().map(RouteName::as_str)))
        .bind(column(attempts, |attempt| attempt.template.map(i64::from)))
}

pub(super) const PHONE_IS_UNIQUE: &str = "accounts_by_phone";

pub(super) async fn sweep(
    database: &Database,
    before: Timestamp,
    ledger_before: Day,
    max: u32,
) -> Result<u64, Failure> {
    let query =
        sqlx::query(SWEEP).instant(before).whole(i64::from(max)).whole(i64::from(ledger_before.number()));
    let told = database.run(query, Twice::Harmless).await?;
    let swept: i64 = only(&told.rows)?.try_get(0)?;
    Ok(u64::try_from(swept).map_err(|_| RowFault("count"))?)
}

/// The statement about the version that a change was made from, and the guess it comes from.
fn asking(statement: &'static str, change: &Change<'_>) -> Query<'static> {
    let guess = change.guess;
    sqlx::query(statement)
        .uuid(change.next.id.uuid())
        .whole(i64::from(change.expected))
        .whole(guess.map(|guess| i64::from(guess.day.number())))
        .truth(guess.is_some_and(|guess| guess.class == GuessClass::Short))
        .whole(guess.map(|guess| i64::from(guess.short_ceiling)))
        .whole(guess.map(|guess| i64::from(guess.ceiling)))
        .truth(guess.is_some_and(|guess| guess.wrong))
}

/// The same, with what changes.
fn changing(statement: &'static str, change: &Change<'_>) -> Query<'static> {
    arguments::changed_verification(asking(statement, change), change.next)
}

/// The only row of an answer.
fn only(rows: &[PgRow]) -> Result<&PgRow, Failure> {
    Ok(rows.first().ok_or(RowFault("answer"))?)
}
