//! How operators take a phone from an account, or give it one.

use domain::account::{Account, VerifiedPhone};
use domain::application::ApplicationId;
use domain::event::EventKind;
use domain::id::AccountId;
use domain::ports::{PhoneMoved, PhoneSet};
use domain::time::Timestamp;
use sqlx::sqlite::SqliteConnection;

use super::Database;
use super::events::{self, NewEvent};
use super::verifications::statements::BIND_PHONE;
use crate::phone_vault::PhoneVault;
use crate::sql::accounts::moved;
use crate::sql::columns::Columns;
use crate::sql::failure::Failure;
use crate::sql::statements::LOAD_ACCOUNT;

pub(super) const UNLINK: &str = "UPDATE accounts SET phone = NULL, phone_verified_at = NULL WHERE id = $1";

pub(super) async fn unlink_phone(
    database: &Database,
    application: &ApplicationId,
    id: AccountId,
    now: Timestamp,
) -> Result<Option<PhoneMoved>, Failure> {
    let mut turn = database.writer.turn().await?;
    let mut transaction = turn.begin().await?;
    let Some(before) = load(&database.vault, application, id, &mut transaction).await? else {
        return Ok(None);
    };
    if let Some(held) = before.phone {
        sqlx::query(UNLINK).bind(id.uuid()).execute(&mut *transaction).await?;
        let sealed = database.vault.seal(held.phone);
        tell(&before, EventKind::PhoneUnlinked, &sealed, now, &mut transaction).await?;
    }
    transaction.commit().await?;
    turn.settle();
    Ok(Some(moved(before, None)))
}

pub(super) async fn set_phone(
    database: &Database,
    application: &ApplicationId,
    id: AccountId,
    phone: VerifiedPhone,
    now: Timestamp,
) -> Result<PhoneSet, Failure> {
    let sealed = database.vault.seal(phone.phone);
    let mut turn = database.writer.turn().await?;
    let mut transaction = turn.begin().await?;
    let Some(before) = load(&database.vault, application, id, &mut transaction).await? else {
        return Ok(PhoneSet::NoAccount);
    };
    let bound = sqlx::query(BIND_PHONE)
        .bind(id.uuid())
        .bind(application.as_str())
        .bind(sealed.as_slice())
        .bind(phone.verified_at.as_millisecond())
        .execute(&mut *transaction)
        .await;
    match bound {
        Ok(_) => {}
        // Only the phone is unique among what is written.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(PhoneSet::Taken),
        Err(error) => return Err(error.into()),
    }
    if before.phone != Some(phone) {
        tell(&before, EventKind::PhoneChanged, &sealed, now, &mut transaction).await?;
    }
    transaction.commit().await?;
    turn.settle();
    Ok(PhoneSet::Set(moved(before, Some(phone))))
}

async fn tell(
    account: &Account,
    kind: EventKind,
    phone: &[u8],
    now: Timestamp,
    transaction: &mut SqliteConnection,
) -> Result<(), Failure> {
    let event = NewEvent {
        application: &account.application,
        kind,
        at: now,
        verification: None,
        purpose: None,
        account: Some(account.id),
        phone: Some(phone),
        reason: None,
        block: None,
        prefix: None,
        credit: None,
    };
    events::add(&event, transaction).await
}

/// The account as it is, before this transaction changes it.
async fn load(
    vault: &PhoneVault,
    application: &ApplicationId,
    id: AccountId,
    transaction: &mut SqliteConnection,
) -> Result<Option<Account>, Failure> {
    let rows = sqlx::query(LOAD_ACCOUNT).bind(id.uuid()).fetch_all(transaction).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let account = Columns::of(row, vault).account()?;
    Ok(Some(account).filter(|account| account.application == *application))
}
