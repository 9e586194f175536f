//! Reads rows: one column after the other, in the order of the statement. Owns which columns a value has and in which
//! order; never their meaning, which is in [`crate::sql::rows`].

use std::time::Duration;

use domain::account::{Account, Username, VerifiedPhone};
use domain::code::{CodeLength, Nonce, PepperId};
use domain::credential::Credential;
use domain::guess::GuessTotals;
use domain::id::{AccountId, CredentialId, VerificationId};
use domain::message::{AppHash, Locale, Origin};
use domain::phone::Phone;
use domain::time::Timestamp;
use domain::verification::{
    Budget, Delivery, DeliveryState, Generation, MessageOptions, Purpose, Subject, Verification,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row as _, Sqlite, Type, ValueRef as _};
use uuid::Uuid;

use super::failure::Failure;
use crate::phone_vault::PhoneVault;
use crate::sql::rows::{self, RowFault};

/// The columns of [`Columns::verification`]; the table goes by `v`, that of its account by `a`.
macro_rules! verification_columns {
    () => {
        "v.id, v.version, v.application, v.account_id, v.phone, v.purpose, a.username, v.state, v.final_at, \
         v.nonce, v.pepper, v.code_length, v.expires_at, v.locale, v.app_hash, v.origin, \
         v.delivery_number, v.delivery_state, v.delivery_at, v.created_at, v.sent_at, v.resend_at, \
         v.sends_used, v.checks_used, v.lifetime_ms, v.renew_below_ms, v.checks_max, v.cooldowns_ms"
    };
}

/// The columns of [`Columns::account`]; the table goes by `a`.
macro_rules! account_columns {
    () => {
        "a.id, a.application, a.username, a.phone, a.phone_verified_at, a.created_at"
    };
}

/// The columns of [`Columns::credential`]; the table goes by the name that is given.
macro_rules! credential_columns {
    ($table:literal) => {
        concat!(
            $table,
            ".id, ",
            $table,
            ".application, ",
            $table,
            ".kind, ",
            $table,
            ".account_id, ",
            $table,
            ".created_at, ",
            $table,
            ".expires_at, ",
            $table,
            ".revoked_at"
        )
    };
}

pub(super) use {account_columns, credential_columns, verification_columns};

/// A row, read from the left to the right.
pub(super) struct Columns<'row> {
    row: &'row SqliteRow,
    vault: &'row PhoneVault,
    next: usize,
}

impl<'row> Columns<'row> {
    pub(super) const fn of(row: &'row SqliteRow, vault: &'row PhoneVault) -> Self {
        Self { row, vault, next: 0 }
    }

    /// Whether the next column is empty; it is not passed.
    pub(super) fn is_null(&self) -> Result<bool, Failure> {
        Ok(self.row.try_get_raw(self.next)?.is_null())
    }

    pub(super) fn verification(&mut self) -> Result<Verification, Failure> {
        // The fields are read in the order in which they are written here.
        Ok(Verification {
            id: VerificationId::from_uuid(self.take()?),
            version: self.take()?,
            subject: self.subject()?,
            username: self.username()?,
            state: {
                let name = self.take()?;
                rows::state(name, self.optional_instant()?)?
            },
            generation: Generation {
                nonce: Nonce::from_bytes(self.bytes("nonce")?),
                pepper: PepperId::from_bytes(self.bytes("pepper")?),
                length: CodeLength::new(self.take()?).ok_or(RowFault("code_length"))?,
                expires_at: self.instant()?,
            },
            message: self.message_options()?,
            delivery: Delivery {
                number: self.take()?,
                state: DeliveryState::parse(self.take()?).ok_or(RowFault("delivery_state"))?,
                at: self.instant()?,
            },
            created_at: self.instant()?,
            sent_at: self.instant()?,
            resend_at: self.instant()?,
            sends_used: self.take()?,
            checks_used: self.take()?,
            budget: Budget {
                lifetime: self.millis()?,
                renew_below: self.millis()?,
                checks_max: self.take()?,
                cooldowns: rows::cooldowns(self.take()?)?,
            },
        })
    }

    fn subject(&mut self) -> Result<Subject, Failure> {
        Ok(Subject {
            application: rows::application(self.take()?)?,
            account: self.take::<Option<Uuid>>()?.map(AccountId::from_uuid),
            phone: self.phone()?,
            purpose: Purpose::parse(self.take()?).ok_or(RowFault("purpose"))?,
        })
    }

    fn message_options(&mut self) -> Result<MessageOptions, Failure> {
        let locale: &str = self.take()?;
        let app_hash: Option<&str> = self.take()?;
        let origin: Option<&str> = self.take()?;
        Ok(MessageOptions {
            locale: Locale::ALL
                .into_iter()
                .find(|known| known.as_str() == locale)
                .ok_or(RowFault("locale"))?,
            app_hash: app_hash.map(AppHash::parse).transpose().map_err(|_| RowFault("app_hash"))?,
            origin: origin.map(Origin::parse).transpose().map_err(|_| RowFault("origin"))?,
        })
    }

    pub(super) fn totals(&mut self) -> Result<GuessTotals, Failure> {
        Ok(GuessTotals { short_in_window: self.take()?, short_today: self.take()?, long_today: self.take()? })
    }

    pub(super) fn account(&mut self) -> Result<Account, Failure> {
        Ok(Account {
            id: AccountId::from_uuid(self.take()?),
            application: rows::application(self.take()?)?,
            username: rows::username(self.take()?)?,
            phone: {
                let phone = if self.is_null()? { self.skip() } else { Some(self.phone()?) };
                let verified_at = self.optional_instant()?;
                phone.zip(verified_at).map(|(phone, verified_at)| VerifiedPhone { phone, verified_at })
            },
            created_at: self.instant()?,
        })
    }

    pub(super) fn credential(&mut self) -> Result<Credential, Failure> {
        Ok(Credential {
            id: CredentialId::from_uuid(self.take()?),
            application: rows::application(self.take()?)?,
            kind: {
                let name = self.take()?;
                let account: Option<Uuid> = self.take()?;
                rows::credential_kind(name, account.map(AccountId::from_uuid))?
            },
            created_at: self.instant()?,
            expires_at: self.optional_instant()?,
            revoked_at: self.optional_instant()?,
        })
    }

    pub(super) fn username(&mut self) -> Result<Option<Username>, Failure> {
        let name: Option<&str> = self.take()?;
        Ok(name.map(rows::username).transpose()?)
    }

    /// The next column as it is.
    pub(super) fn take<T: Decode<'row, Sqlite> + Type<Sqlite>>(&mut self) -> Result<T, Failure> {
        let column = self.next;
        self.next += 1;
        Ok(self.row.try_get(column)?)
    }

    /// Passes an empty column.
    const fn skip<T>(&mut self) -> Option<T> {
        self.next += 1;
        None
    }

    fn phone(&mut self) -> Result<Phone, Failure> {
        let sealed: &[u8] = self.take()?;
        Ok(self.vault.open(sealed).map_err(|_| RowFault("phone"))?)
    }

    fn bytes<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], Failure> {
        let bytes: &[u8] = self.take()?;
        Ok(bytes.try_into().map_err(|_| RowFault(name))?)
    }

    fn instant(&mut self) -> Result<Timestamp, Failure> {
        instant(self.take()?)
    }

    fn optional_instant(&mut self) -> Result<Option<Timestamp>, Failure> {
        self.take::<Option<i64>>()?.map(instant).transpose()
    }

    fn millis(&mut self) -> Result<Duration, Failure> {
        let millis: i64 = self.take()?;
        Ok(u64::try_from(millis).map(Duration::from_millis).map_err(|_| RowFault("duration"))?)
    }
}

fn instant(millis: i64) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_millisecond(millis).map_err(|_| RowFault("instant"))?)
}

/// A duration as it is stored: milliseconds.
pub(super) fn stored_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
