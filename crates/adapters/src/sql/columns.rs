//! Reads rows: one column after the other, in the order of the statement. Owns which columns a value has and in which
//! order; never their meaning, which is in [`super::rows`], nor how a database keeps a cell.

mod operators;

use std::time::Duration;

use domain::account::{Account, AccountIdentity, Username, VerifiedPhone};
use domain::code::{CodeLength, Nonce, PepperId};
use domain::credential::{Credential, CredentialName};
use domain::delivery::{Credits, DeliveryRecord, GatewayTally, MessageId};
use domain::guess::GuessTotals;
use domain::id::{AccountId, CredentialId, DeliveryId, VerificationId};
use domain::message::{AppHash, Locale, Origin};
use domain::phone::Phone;
use domain::ports::{Expired, SendAnswer, SendReport};
use domain::route::RouteName;
use domain::time::Timestamp;
use domain::verification::{
    Budget, Delivery, DeliveryState, Generation, MessageOptions, Purpose, Subject, Verification,
};
use uuid::Uuid;

use super::failure::Failure;
use super::rows::{self, RowFault};
use crate::phone_vault::PhoneVault;

/// The columns of [`Columns::verification`]; the table goes by `v`, that of its account by `a`.
macro_rules! verification_columns {
    () => {
        "v.id, v.version, v.application, v.account_id, v.phone, v.purpose, a.username, v.state, v.final_at, \
         v.nonce, v.pepper, v.code_length, v.expires_at, v.locale, v.app_hash, v.origin, \
         v.delivery_number, v.delivery_state, v.delivery_at, v.created_at, v.sent_at, v.resend_at, \
         v.sends_used, v.checks_used, v.lifetime_ms, v.renew_below_ms, v.checks_max, v.cooldowns_ms, v.sent_by"
    };
}

/// The columns of [`Columns::account`]; the table goes by `a`.
macro_rules! account_columns {
    () => {
        "a.id, a.application, a.username, a.phone, a.phone_verified_at, a.created_at"
    };
}

/// The columns of [`Columns::proved`]; the table goes by `a`.
macro_rules! proved_columns {
    () => {
        "a.phone, a.phone_verified_at"
    };
}

/// The columns of [`Columns::optional_identity`]; the table goes by `a`.
macro_rules! identity_columns {
    () => {
        "a.id, a.application, a.username"
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
            ".name, ",
            $table,
            ".created_at, ",
            $table,
            ".expires_at, ",
            $table,
            ".revoked_at"
        )
    };
}

/// The columns of [`Columns::delivery_record`]; the table goes by `d`, that of its verification by `v`.
macro_rules! delivery_columns {
    () => {
        "d.id, d.application, d.verification_id, d.number, d.attempt, v.phone, d.route, d.gateway, d.answer, \
         d.message_id, d.credits_thousandths, d.answered_at, d.took_ms, d.segments, d.template"
    };
}

/// The columns of [`Columns::block`]; the table goes by the name that is given.
macro_rules! block_columns {
    ($table:literal) => {
        concat!(
            $table,
            ".id, ",
            $table,
            ".application, ",
            $table,
            ".action, ",
            $table,
            ".phone, ",
            $table,
            ".prefix, ",
            $table,
            ".account_id, ",
            $table,
            ".reason, ",
            $table,
            ".created_at, ",
            $table,
            ".expires_at"
        )
    };
}

/// Whether a block is about somebody of whom this release knows; the table goes by the name that is given.
macro_rules! known_block {
    ($table:literal) => {
        concat!(
            "(",
            $table,
            ".phone IS NOT NULL OR ",
            $table,
            ".prefix IS NOT NULL OR ",
            $table,
            ".account_id IS NOT NULL)"
        )
    };
}

pub(super) use {
    account_columns, block_columns, credential_columns, delivery_columns, identity_columns, known_block,
    proved_columns, verification_columns,
};

/// A row, by the kinds of cells that there are. A cell that is empty is `None`.
pub(super) trait Cells {
    fn text(&self, column: usize) -> Result<Option<&str>, Failure>;
    fn uuid(&self, column: usize) -> Result<Option<Uuid>, Failure>;
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, Failure>;
    fn whole(&self, column: usize) -> Result<Option<i64>, Failure>;
    fn instant(&self, column: usize) -> Result<Option<Timestamp>, Failure>;
}

/// A row, read from the left to the right.
pub(super) struct Columns<'row, Row> {
    row: &'row Row,
    vault: &'row PhoneVault,
    next: usize,
}

impl<'row, Row: Cells> Columns<'row, Row> {
    pub(super) const fn of(row: &'row Row, vault: &'row PhoneVault) -> Self {
        Self { row, vault, next: 0 }
    }

    /// The verification, unless its columns are empty.
    pub(super) fn optional_verification(&mut self) -> Result<Option<Verification>, Failure> {
        // The first column of each is its id.
        let empty = self.row.uuid(self.next)?.is_none();
        if empty { Ok(None) } else { self.verification().map(Some) }
    }

    /// What of an account never changes, unless its columns are empty.
    pub(super) fn optional_identity(&mut self) -> Result<Option<AccountIdentity>, Failure> {
        let Some(id) = self.optional_uuid()? else { return Ok(None) };
        Ok(Some(AccountIdentity {
            id: AccountId::from_uuid(id),
            application: rows::application(self.text("application")?)?,
            username: rows::username(self.text("username")?)?,
        }))
    }

    pub(super) fn verification(&mut self) -> Result<Verification, Failure> {
        // The fields are read in the order in which they are written here.
        Ok(Verification {
            id: VerificationId::from_uuid(self.uuid("id")?),
            version: self.count("version")?,
            subject: self.subject()?,
            username: self.username()?,
            state: {
                let name = self.text("state")?;
                rows::state(name, self.optional_instant()?)?
            },
            generation: Generation {
                nonce: Nonce::from_bytes(self.bytes("nonce")?),
                pepper: PepperId::from_bytes(self.bytes("pepper")?),
                length: CodeLength::new(self.whole("code_length")?).ok_or(RowFault("code_length"))?,
                expires_at: self.instant("expires_at")?,
            },
            message: self.message_options()?,
            delivery: Delivery {
                number: self.count("delivery_number")?,
                state: DeliveryState::parse(self.text("delivery_state")?)
                    .ok_or(RowFault("delivery_state"))?,
                at: self.instant("delivery_at")?,
            },
            created_at: self.instant("created_at")?,
            sent_at: self.instant("sent_at")?,
            resend_at: self.instant("resend_at")?,
            sends_used: self.count("sends_used")?,
            checks_used: self.count("checks_used")?,
            budget: Budget {
                lifetime: Duration::from_millis(self.whole("lifetime_ms")?),
                renew_below: Duration::from_millis(self.whole("renew_below_ms")?),
                checks_max: self.count("checks_max")?,
                cooldowns: rows::cooldowns(self.text("cooldowns_ms")?)?,
            },
            sent_by: self.optional_route("sent_by")?,
        })
    }

    pub(super) fn delivery_record(&mut self) -> Result<DeliveryRecord, Failure> {
        // The fields are read in the order in which they are written here.
        Ok(DeliveryRecord {
            id: DeliveryId::from_uuid(self.uuid("id")?),
            application: rows::application(self.text("application")?)?,
            verification: VerificationId::from_uuid(self.uuid("verification_id")?),
            number: self.count("number")?,
            // What is older than routes was the first attempt.
            attempt: self.optional_within("attempt")?.unwrap_or(1),
            phone: self.optional_phone()?.ok_or(RowFault("phone"))?,
            route: self.optional_route("route")?,
            gateway: self.text("gateway")?.into(),
            report: SendReport {
                answer: SendAnswer::parse(self.text("answer")?).ok_or(RowFault("answer"))?,
                message_id: match self.optional_text()? {
                    Some(text) => Some(MessageId::parse(text).ok_or(RowFault("message_id"))?),
                    None => None,
                },
                credits: match self.optional_whole()? {
                    Some(number) => Some(Credits::from_thousandths(
                        u32::try_from(number).map_err(|_| RowFault("credits_thousandths"))?,
                    )),
                    None => None,
                },
            },
            at: self.instant("answered_at")?,
            took: Duration::from_millis(self.whole("took_ms")?),
            segments: self.whole("segments")?,
            template: self.optional_within("template")?,
        })
    }

    fn optional_route(&mut self, name: &'static str) -> Result<Option<RouteName>, Failure> {
        let route = self.optional_text()?;
        Ok(route.map(|route| RouteName::parse(route).ok_or(RowFault(name))).transpose()?)
    }

    pub(super) fn gateway_tally(&mut self) -> Result<GatewayTally, Failure> {
        Ok(GatewayTally {
            gateway: self.text("gateway")?.into(),
            answer: SendAnswer::parse(self.text("answer")?).ok_or(RowFault("answer"))?,
            count: self.whole("count")?,
            last_at: self.instant("answered_at")?,
        })
    }

    pub(super) fn subject(&mut self) -> Result<Subject, Failure> {
        Ok(Subject {
            application: rows::application(self.text("application")?)?,
            account: self.optional_uuid()?.map(AccountId::from_uuid),
            phone: self.optional_phone()?.ok_or(RowFault("phone"))?,
            purpose: Purpose::parse(self.text("purpose")?).ok_or(RowFault("purpose"))?,
        })
    }

    pub(super) fn expired(&mut self) -> Result<Expired, Failure> {
        Ok(Expired { subject: self.subject()?, sent_by: self.optional_route("sent_by")? })
    }

    fn message_options(&mut self) -> Result<MessageOptions, Failure> {
        let locale = self.text("locale")?;
        let app_hash = self.optional_text()?;
        let origin = self.optional_text()?;
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
        Ok(GuessTotals {
            short_in_window: self.count("short_codes")?,
            short_today: self.count("short_codes")?,
            long_today: self.count("long_codes")?,
        })
    }

    pub(super) fn account(&mut self) -> Result<Account, Failure> {
        Ok(Account {
            id: AccountId::from_uuid(self.uuid("id")?),
            application: rows::application(self.text("application")?)?,
            username: rows::username(self.text("username")?)?,
            phone: self.proved()?,
            created_at: self.instant("created_at")?,
        })
    }

    /// The phone that an account has proved, unless its columns are empty.
    pub(super) fn proved(&mut self) -> Result<Option<VerifiedPhone>, Failure> {
        let phone = self.optional_phone()?;
        let verified_at = self.optional_instant()?;
        Ok(phone.zip(verified_at).map(|(phone, verified_at)| VerifiedPhone { phone, verified_at }))
    }

    pub(super) fn credential(&mut self) -> Result<Credential, Failure> {
        Ok(Credential {
            id: CredentialId::from_uuid(self.uuid("id")?),
            application: rows::application(self.text("application")?)?,
            kind: {
                let name = self.text("kind")?;
                rows::credential_kind(name, self.optional_uuid()?.map(AccountId::from_uuid))?
            },
            name: {
                let name = self.optional_text()?;
                name.map(|name| CredentialName::parse(name).ok_or(RowFault("name"))).transpose()?
            },
            created_at: self.instant("created_at")?,
            expires_at: self.optional_instant()?,
            revoked_at: self.optional_instant()?,
        })
    }

    pub(super) fn username(&mut self) -> Result<Option<Username>, Failure> {
        Ok(self.optional_text()?.map(rows::username).transpose()?)
    }

    /// The next column; empty is `None`.
    fn next<T>(
        &mut self,
        read: impl FnOnce(&'row Row, usize) -> Result<Option<T>, Failure>,
    ) -> Result<Option<T>, Failure> {
        let column = self.next;
        self.next += 1;
        read(self.row, column)
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<&'row str>, Failure> {
        self.next(Row::text)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<&'row str, Failure> {
        Ok(self.optional_text()?.ok_or(RowFault(name))?)
    }

    fn optional_whole(&mut self) -> Result<Option<i64>, Failure> {
        self.next(Row::whole)
    }

    pub(super) fn optional_uuid(&mut self) -> Result<Option<Uuid>, Failure> {
        self.next(Row::uuid)
    }

    pub(super) fn uuid(&mut self, name: &'static str) -> Result<Uuid, Failure> {
        Ok(self.optional_uuid()?.ok_or(RowFault(name))?)
    }

    fn bytes<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], Failure> {
        let bytes = self.next(Row::bytes)?.ok_or(RowFault(name))?;
        Ok(bytes.try_into().map_err(|_| RowFault(name))?)
    }

    pub(super) fn optional_phone(&mut self) -> Result<Option<Phone>, Failure> {
        let sealed = self.next(Row::bytes)?;
        Ok(sealed.map(|sealed| self.vault.open(sealed)).transpose().map_err(|_| RowFault("phone"))?)
    }

    pub(super) fn optional_within<N: TryFrom<i64>>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<N>, Failure> {
        let number = self.next(Row::whole)?;
        Ok(number.map(N::try_from).transpose().map_err(|_| RowFault(name))?)
    }

    /// A whole number of the range that the value has.
    pub(super) fn whole<N: TryFrom<i64>>(&mut self, name: &'static str) -> Result<N, Failure> {
        let number = self.next(Row::whole)?.ok_or(RowFault(name))?;
        Ok(number.try_into().map_err(|_| RowFault(name))?)
    }

    pub(super) fn count(&mut self, name: &'static str) -> Result<u32, Failure> {
        self.whole(name)
    }

    pub(super) fn optional_instant(&mut self) -> Result<Option<Timestamp>, Failure> {
        self.next(Row::instant)
    }

    pub(super) fn instant(&mut self, name: &'static str) -> Result<Timestamp, Failure> {
        Ok(self.optional_instant()?.ok_or(RowFault(name))?)
    }
}
