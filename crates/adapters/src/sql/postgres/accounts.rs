//! How operators take a phone from an account, or give it one.

use domain::account::VerifiedPhone;
use domain::application::ApplicationId;
use domain::id::AccountId;
use domain::ports::{PhoneMoved, PhoneSet};
use domain::time::Timestamp;
use sqlx::Row as _;

use super::Database;
use super::failure::constraint;
use super::verifications::PHONE_IS_UNIQUE;
use crate::sql::accounts::moved;
use crate::sql::arguments::Arguments as _;
use crate::sql::columns::{Columns, account_columns};
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

/// Takes the phone from the account `$2` of the application `$1` at `$3`, which is told, and answers the account as it was.
/// The row is locked before it is read: what it says is what is taken. The lock of the phone is not needed, because whoever binds it
/// meanwhile looks at the holder's row again.
const UNLINK: &str = concat!(
    "WITH before AS MATERIALIZED (
        SELECT ",
    account_columns!(),
    " FROM accounts a WHERE a.id = $2 AND a.application = $1 FOR NO KEY UPDATE
     ), unlinked AS (
        UPDATE accounts AS a SET phone = NULL, phone_verified_at = NULL
        FROM before WHERE a.id = before.id AND before.phone IS NOT NULL
     )
     SELECT before.*, CASE WHEN before.phone IS NOT NULL
        THEN add_event($1, 'phone.unlinked', $3, NULL, NULL, before.id, before.phone, NULL) END
     FROM before"
);

/// Gives the phone `$3`, proved at `$4`, to the account `$2` of the application `$1` at `$5`, unless another holds it, and
/// tells so where something has changed; answers the outcome, and the account as it was. First the lock of the phone,
/// then the row, as in an approval.
const SET: &str = concat!(
    "WITH locked AS MATERIALIZED (
        SELECT pg_advisory_xact_lock(lock_of_phone($3))
     ), before AS MATERIALIZED (
        SELECT ",
    account_columns!(),
    " FROM locked CROSS JOIN accounts a WHERE a.id = $2 AND a.application = $1 FOR NO KEY UPDATE OF a
     )
     SELECT before.*, b.outcome,
        CASE WHEN b.outcome = 'bound'
            AND (before.phone IS DISTINCT FROM $3 OR before.phone_verified_at IS DISTINCT FROM $4)
        THEN add_event($1, 'phone.changed', $5, NULL, NULL, before.id, $3, NULL) END
     FROM before
     CROSS JOIN LATERAL bind_phone(before.id, before.application, $3, $4, false, NULL, NULL) AS b"
);

pub(super) async fn unlink_phone(
    database: &Database,
    application: &ApplicationId,
    id: AccountId,
    now: Timestamp,
) -> Result<Option<PhoneMoved>, Failure> {
    let query = sqlx::query(UNLINK).text(application.as_str()).uuid(id.uuid()).instant(now);
    // A second time it is gone already, and nobody would be told what it was.
    let told = database.run(query, Twice::Different).await?;
    let Some(row) = told.rows.first() else { return Ok(None) };
    Ok(Some(moved(Columns::of(row, &database.vault).account()?, None)))
}

pub(super) async fn set_phone(
    database: &Database,
    application: &ApplicationId,
    id: AccountId,
    phone: VerifiedPhone,
    now: Timestamp,
) -> Result<PhoneSet, Failure> {
    let sealed = database.vault.seal(phone.phone);
    let query = sqlx::query(SET)
        .text(application.as_str())
        .uuid(id.uuid())
        .bytes(sealed.as_slice())
        .instant(phone.verified_at)
        .instant(now);
    let told = match database.run(query, Twice::Different).await {
        Ok(told) => told,
        // An account that was added with the phone has it without the lock.
        Err(Failure::Database(error)) if constraint(&error) == Some(PHONE_IS_UNIQUE) => {
            return Ok(PhoneSet::Taken);
        }
        Err(failure) => return Err(failure),
    };
    let Some(row) = told.rows.first() else { return Ok(PhoneSet::NoAccount) };
    match row.try_get("outcome")? {
        "bound" => {
            let before = Columns::of(row, &database.vault).account()?;
            Ok(PhoneSet::Set(moved(before, Some(phone))))
        }
        "taken" => Ok(PhoneSet::Taken),
        "no account" => Ok(PhoneSet::NoAccount),
        _ => Err(RowFault("outcome").into()),
    }
}
