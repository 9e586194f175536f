//! How verifications and the ledger of wrong checks change.

pub(super) mod statements;

use domain::delivery::{DeliveryRecord, MessageId};
use domain::guess::GuessClass;
use domain::id::AccountId;
use domain::ports::{Approval, Approved, Change, Inserted, Saved};
use domain::route::RouteName;
use domain::time::{Day, Timestamp};
use domain::verification::Verification;
use jiff_sqlx::ToSqlx as _;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tokio::time::Instant;
use uuid::Uuid;

use self::statements::{
    APPROVE, ASK, INSERT, IS_THERE, KEEP_DELIVERIES, KEEP_DELIVERY, RECORD_DELIVERIES, RECORD_DELIVERY, SAVE,
    SAVE_GUESS, SWEEP,
};
use super::Database;
use super::engine::Query;
use super::failure::constraint;
use crate::sql::arguments::{self, Arguments as _};
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

/// How often an approval is tried that met an account that got the phone without the lock: one that was added with it.
const APPROVALS_MAX: u32 = 3;

pub(super) async fn insert(database: &Database, new: &Verification) -> Result<Inserted, Failure> {
    let phone = database.vault.seal(new.subject.phone);
    let query = arguments::new_verification(sqlx::query(INSERT), &phone, new);
    let stored = match database.run(query, Twice::Harmless).await {
        Ok(told) => only(&told.rows)?.try_get(0)?,
        Err(Failure::Database(error)) if constraint(&error) == Some(ID_IS_UNIQUE) => false,
        Err(failure) => return Err(failure),
    };
    // A statement that ran twice meets what it has stored itself. It saw the database as it was when it began, which may
    // have been before; this one looks anew.
    if stored || is_there(database, new).await? { Ok(Inserted::Stored) } else { Ok(Inserted::LiveExists) }
}

const ID_IS_UNIQUE: &str = "verifications_pkey";

async fn is_there(database: &Database, verification: &Verification) -> Result<bool, Failure> {
    let told = database.run(sqlx::query(IS_THERE).uuid(verification.id.uuid()), Twice::Harmless).await?;
    Ok(only(&told.rows)?.try_get(0)?)
}

pub(super) async fn save(database: &Database, change: &Change<'_>) -> Result<Saved, Failure> {
    let changes = change.next.version != change.expected;
    if changes && change.guess.is_none() {
        let told = database.run(changing(SAVE, change), Twice::Different).await?;
        return Ok(if told.changed == 1 { Saved::Stored } else { Saved::Conflict });
    }
    // A question may be asked twice; a wrong check must not be charged twice.
    let asks = !changes && !change.guess.is_some_and(|guess| guess.wrong);
    let twice = if asks { Twice::Harmless } else { Twice::Different };
    let query = if changes { changing(SAVE_GUESS, change) } else { asking(ASK, change) };
    let told = database.run(query, twice).await?;
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
        [attempt] => {
            let query =
                if changes { changing(RECORD_DELIVERY, change) } else { asking(KEEP_DELIVERY, change) };
            arguments::delivery_record(query, attempt)
        }
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

pub(super) async fn approve(database: &Database, approval: &Approval<'_>) -> Result<Approved, Failure> {
    let give_up_at = database.deadline();
    let mut tries_left = APPROVALS_MAX;
    loop {
        tries_left -= 1;
        match approve_by(give_up_at, database, approval).await {
            Err(Failure::Database(error))
                if tries_left > 0 && constraint(&error) == Some(PHONE_IS_UNIQUE) => {}
            answer => return answer,
        }
    }
}

pub(super) const PHONE_IS_UNIQUE: &str = "accounts_by_phone";

async fn approve_by(
    give_up_at: Instant,
    database: &Database,
    approval: &Approval<'_>,
) -> Result<Approved, Failure> {
    let phone = database.vault.seal(approval.phone.phone);
    let query = changing(APPROVE, &approval.change)
        .uuid(approval.account.uuid())
        .bytes(phone.as_slice())
        .instant(approval.phone.verified_at)
        .truth(approval.transfer)
        .text(approval.change.next.subject.purpose.as_str());
    let told = database.run_by(give_up_at, query, Twice::Different).await?;
    let answer = only(&told.rows)?;
    match answer.try_get(0)? {
        "bound" => {
            let loser: Option<Uuid> = answer.try_get(1)?;
            Ok(Approved::Stored { transferred_from: loser.map(AccountId::from_uuid) })
        }
        "taken" => Ok(Approved::PhoneTaken),
        "conflict" => Ok(Approved::Conflict),
        "spent" => Ok(Approved::BudgetSpent),
        "no account" => Err(RowFault("account of a verification").into()),
        _ => Err(RowFault("outcome").into()),
    }
}

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
