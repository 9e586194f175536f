//! Verifications and the ledger of wrong checks.

pub(super) mod statements;

use domain::delivery::DeliveryRecord;
use domain::event::EventKind;
use domain::guess::GuessClass;
use domain::id::{AccountId, VerificationId};
use domain::ports::{Approval, Approved, Change, Inserted, Loaded, Saved, Standing};
use domain::time::{Day, Timestamp};
use domain::verification::{Subject, Verification};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use self::statements::{
    ASK, BIND_PHONE, CHARGE, INSERT, KEEP_DELIVERY, LOAD, SAVE, SETTLE, STANDING, SWEEP_LEDGER,
    SWEEP_VERIFICATIONS, TAKE_PHONE_AWAY,
};
use super::Database;
use super::events::{self, NewEvent};
use crate::phone_vault::PhoneVault;
use crate::sql::arguments::{self, Arguments as _};
use crate::sql::columns::Columns;
use crate::sql::engine::Engine as _;
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;
use crate::sql::verifications as read;

/// The statement answers one row, whatever there is.
pub(super) async fn standing(
    database: &Database,
    subject: &Subject,
    today: Day,
) -> Result<Standing, Failure> {
    let query = arguments::days(sqlx::query(STANDING), today);
    let phone = database.vault.seal(subject.phone);
    let rows = database.ask(arguments::subject(query, &phone, subject)).await?;
    read::standing(Columns::of(rows.first().ok_or(RowFault("standing"))?, &database.vault))
}

/// The statement answers one row, or none.
pub(super) async fn load(
    database: &Database,
    id: VerificationId,
    today: Day,
) -> Result<Option<Loaded>, Failure> {
    let rows = database.ask(arguments::days(sqlx::query(LOAD), today).uuid(id.uuid())).await?;
    rows.first().map(|row| read::loaded(Columns::of(row, &database.vault))).transpose()
}

pub(super) async fn insert(database: &Database, verification: &Verification) -> Result<Inserted, Failure> {
    let phone = database.vault.seal(verification.subject.phone);
    let mut turn = database.writer.turn().await?;
    // Mostly nothing is pending, and one statement does it.
    let inserted =
        arguments::new_verification(sqlx::query(INSERT), &phone, verification).execute(&mut *turn).await?;
    if inserted.rows_affected() == 1 {
        turn.settle();
        return Ok(Inserted::Stored);
    }
    let mut transaction = turn.begin().await?;
    let now = verification.created_at.as_millisecond();
    arguments::subject(sqlx::query(SETTLE).bind(now).bind(now), &phone, &verification.subject)
        .execute(&mut *transaction)
        .await?;
    let inserted = arguments::new_verification(sqlx::query(INSERT), &phone, verification)
        .execute(&mut *transaction)
        .await?;
    if inserted.rows_affected() == 0 {
        return Ok(Inserted::LiveExists);
    }
    transaction.commit().await?;
    turn.settle();
    Ok(Inserted::Stored)
}

pub(super) async fn save(database: &Database, change: &Change<'_>) -> Result<Saved, Failure> {
    let mut turn = database.writer.turn().await?;
    if change.guess.is_none() {
        let written = write(change, &mut turn).await?;
        turn.settle();
        return Ok(written.map_or(Saved::Conflict, |_| Saved::Stored));
    }
    let mut transaction = turn.begin().await?;
    let saved = write_and_count(&database.vault, change, &mut transaction).await?;
    if saved == Saved::Stored {
        transaction.commit().await?;
        turn.settle();
    }
    Ok(saved)
}

pub(super) async fn record_delivery(
    database: &Database,
    change: &Change<'_>,
    attempts: &[DeliveryRecord],
) -> Result<Saved, Failure> {
    let mut turn = database.writer.turn().await?;
    let mut transaction = turn.begin().await?;
    if write(change, &mut transaction).await?.is_none() {
        return Ok(Saved::Conflict);
    }
    for attempt in attempts {
        let query = sqlx::query(KEEP_DELIVERY).bind(change.next.id.uuid());
        arguments::delivery_record(query, attempt).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    turn.settle();
    Ok(Saved::Stored)
}

pub(super) async fn approve(database: &Database, approval: &Approval<'_>) -> Result<Approved, Failure> {
    let mut turn = database.writer.turn().await?;
    let mut transaction = turn.begin().await?;
    let phone = database.vault.seal(approval.phone.phone);
    // Before the approval is written, so that the events are in this order: whoever keeps one holder of a phone takes it
    // away before giving it. Where the approval is refused, nothing of this is kept.
    let transferred_from =
        if approval.transfer { take_phone_away(approval, &phone, &mut transaction).await? } else { None };
    match write_and_count(&database.vault, &approval.change, &mut transaction).await? {
        Saved::Stored => {}
        Saved::Conflict => return Ok(Approved::Conflict),
        Saved::BudgetSpent => return Ok(Approved::BudgetSpent),
    }
    if !bind_phone(approval, &phone, &mut transaction).await? {
        return Ok(Approved::PhoneTaken);
    }
    transaction.commit().await?;
    turn.settle();
    Ok(Approved::Stored { transferred_from })
}

/// Stores a change and counts the comparison it comes from. What was written must not be kept unless this answers
/// [`Saved::Stored`].
async fn write_and_count(
    vault: &PhoneVault,
    change: &Change<'_>,
    transaction: &mut SqliteConnection,
) -> Result<Saved, Failure> {
    let Some((short_today, long_today)) = write(change, transaction).await? else {
        return Ok(Saved::Conflict);
    };
    let Some(guess) = change.guess else { return Ok(Saved::Stored) };
    if !guess.fits(short_today, long_today) {
        return Ok(Saved::BudgetSpent);
    }
    if guess.wrong {
        let (short, long) = match guess.class {
            GuessClass::Short => (1, 0),
            GuessClass::Long => (0, 1),
        };
        sqlx::query(CHARGE)
            .bind(vault.seal(change.next.subject.phone).to_vec())
            .bind(guess.day.number())
            .bind(short)
            .bind(long)
            .execute(transaction)
            .await?;
    }
    Ok(Saved::Stored)
}

pub(super) async fn sweep(
    database: &Database,
    before: Timestamp,
    ledger_before: Day,
    max: u32,
) -> Result<u64, Failure> {
    let mut turn = database.writer.turn().await?;
    let mut transaction = turn.begin().await?;
    let swept = sqlx::query(SWEEP_VERIFICATIONS)
        .bind(before.as_millisecond())
        .bind(max)
        .execute(&mut *transaction)
        .await?;
    sqlx::query(SWEEP_LEDGER).bind(ledger_before.number()).execute(&mut *transaction).await?;
    transaction.commit().await?;
    turn.settle();
    Ok(swept.rows_affected())
}

/// Stores the verification over the version that it was made from, and answers the wrong checks of the guess's day;
/// `None` when that version is not the stored one.
async fn write(
    change: &Change<'_>,
    connection: &mut SqliteConnection,
) -> Result<Option<(u32, u32)>, Failure> {
    let next = change.next;
    let statement = if next.version == change.expected { ASK } else { SAVE };
    let mut query = sqlx::query(statement)
        .bind(next.id.uuid())
        .bind(change.expected)
        .bind(change.guess.map(|guess| guess.day.number()));
    if next.version != change.expected {
        query = arguments::changed_verification(query, next);
    }
    // All rows are asked for, though there is one at most: only then is a commit that fails heard of.
    let rows = query.fetch_all(connection).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((row.try_get(0)?, row.try_get(1)?)))
}

/// Takes the phone from another account that holds it, tells so, and answers which.
async fn take_phone_away(
    approval: &Approval<'_>,
    phone: &[u8],
    transaction: &mut SqliteConnection,
) -> Result<Option<AccountId>, Failure> {
    let loser: Option<Uuid> = sqlx::query_scalar(TAKE_PHONE_AWAY)
        .bind(approval.change.next.subject.application.as_str())
        .bind(phone)
        .bind(approval.account.uuid())
        .fetch_optional(&mut *transaction)
        .await?;
    let loser = loser.map(AccountId::from_uuid);
    if loser.is_some() {
        let next = approval.change.next;
        let event = NewEvent {
            application: &next.subject.application,
            kind: EventKind::PhoneTransferred,
            at: approval.phone.verified_at,
            verification: Some(next.id),
            purpose: Some(next.subject.purpose),
            account: loser,
            phone: Some(phone),
            reason: None,
            block: None,
            prefix: None,
            credit: None,
        };
        events::add(&event, transaction).await?;
    }
    Ok(loser)
}

/// Binds the phone to the account; `false` when another account holds it.
async fn bind_phone(
    approval: &Approval<'_>,
    phone: &[u8],
    transaction: &mut SqliteConnection,
) -> Result<bool, Failure> {
    let bound = sqlx::query(BIND_PHONE)
        .bind(approval.account.uuid())
        .bind(approval.change.next.subject.application.as_str())
        .bind(phone)
        .bind(approval.phone.verified_at.as_millisecond())
        .execute(transaction)
        .await;
    match bound {
        Ok(done) if done.rows_affected() == 1 => Ok(true),
        Ok(_) => Err(RowFault("account of a verification").into()),
        // Only the phone is unique among what is written.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error.into()),
    }
}
