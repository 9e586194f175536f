//! Reads rows of events, deliveries and attempts.

use std::time::Duration;

use domain::event::{Event, EventAccount, EventCredit, EventKind, EventPlace};
use domain::id::{AccountId, BlockId, EventId, VerificationId, WebhookDeliveryId};
use domain::verification::Purpose;
use domain::webhook::{
    Attempt, AttemptFault, AttemptOutcome, DeliveryStatus, DueDelivery, WebhookDelivery, WebhookId,
};

use crate::sql::columns::{Cells, Columns};
use crate::sql::failure::Failure;
use crate::sql::rows::{self, RowFault};

/// The columns of [`Columns::event`]; the table goes by `e`, that of its account by `a`.
macro_rules! event_columns {
    () => {
        "e.id, e.place, e.application, e.kind, e.at, e.verification_id, e.purpose, e.account_id, a.username, \
         e.phone, e.reason, e.block_id, e.prefix, \
         e.gateway, e.thousandths"
    };
}

/// The columns of [`Columns::delivery`]; the table goes by `d`, that of its event by `e` and that of an attempt by `t`.
macro_rules! delivery_columns {
    () => {
        "d.id, d.webhook, d.event_id, e.kind, d.status, d.attempts, d.created_at, d.next_at, \
         t.at, t.took_ms, t.outcome, t.http_status, t.fault"
    };
}

pub(in crate::sql) use {delivery_columns, event_columns};

pub(super) const TAKEN: &str = "taken";
pub(super) const REFUSED: &str = "refused";
pub(super) const FAILED: &str = "failed";

impl<Row: Cells> Columns<'_, Row> {
    pub(in crate::sql) fn event(&mut self) -> Result<Event, Failure> {
        // The fields are read in the order in which they are written here.
        Ok(Event {
            id: EventId::from_uuid(self.uuid("id")?),
            place: EventPlace(self.whole("place")?),
            application: rows::application(self.text("application")?)?,
            kind: self.kind()?,
            at: self.instant("at")?,
            verification: self.optional_uuid()?.map(VerificationId::from_uuid),
            purpose: {
                let purpose = self.optional_text()?;
                purpose.map(|name| Purpose::parse(name).ok_or(RowFault("purpose"))).transpose()?
            },
            account: {
                let (id, username) = (self.optional_uuid()?, self.username()?);
                match (id.map(AccountId::from_uuid), username) {
                    (Some(id), Some(username)) => Some(EventAccount { id, username }),
                    (None, None) => None,
                    (Some(_), None) | (None, Some(_)) => return Err(RowFault("account of an event").into()),
                }
            },
            phone: self.optional_phone()?,
            reason: self.optional_text()?.map(Box::from),
            block: self.optional_uuid()?.map(BlockId::from_uuid),
            prefix: self.optional_prefix()?,
            credit: match (self.optional_text()?, self.optional_balance()?) {
                (Some(gateway), Some(balance)) => Some(EventCredit { gateway: gateway.into(), balance }),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => return Err(RowFault("credit of an event").into()),
            },
        })
    }

    pub(in crate::sql) fn delivery(&mut self) -> Result<WebhookDelivery, Failure> {
        // The fields are read in the order in which they are written here.
        Ok(WebhookDelivery {
            id: WebhookDeliveryId::from_uuid(self.uuid("id")?),
            webhook: self.webhook()?,
            event: EventId::from_uuid(self.uuid("event_id")?),
            kind: self.kind()?,
            status: DeliveryStatus::parse(self.text("status")?).ok_or(RowFault("status"))?,
            attempts: self.whole("attempts")?,
            created_at: self.instant("created_at")?,
            next_at: self.optional_instant()?,
            last: self.optional_attempt()?,
        })
    }

    pub(in crate::sql) fn due_delivery(&mut self) -> Result<DueDelivery, Failure> {
        Ok(DueDelivery {
            id: WebhookDeliveryId::from_uuid(self.uuid("id")?),
            webhook: self.webhook()?,
            attempts: self.whole("attempts")?,
            event: self.event()?,
        })
    }

    fn webhook(&mut self) -> Result<WebhookId, Failure> {
        Ok(WebhookId::parse(self.text("webhook")?).ok_or(RowFault("webhook"))?)
    }

    fn kind(&mut self) -> Result<EventKind, Failure> {
        Ok(EventKind::parse(self.text("kind")?).ok_or(RowFault("kind"))?)
    }

    /// The attempt, unless its columns are empty.
    fn optional_attempt(&mut self) -> Result<Option<Attempt>, Failure> {
        let Some(at) = self.optional_instant()? else { return Ok(None) };
        let took = Duration::from_millis(self.whole("took_ms")?);
        let (outcome, status, fault) =
            (self.text("outcome")?, self.optional_within("http_status")?, self.optional_text()?);
        let outcome = match (outcome, status, fault.and_then(AttemptFault::parse)) {
            (TAKEN, Some(status), None) => AttemptOutcome::Taken { status },
            (REFUSED, Some(status), None) => AttemptOutcome::Refused { status },
            (FAILED, None, Some(fault)) => AttemptOutcome::Failed(fault),
            _ => return Err(RowFault("outcome of an attempt").into()),
        };
        Ok(Some(Attempt { at, took, outcome }))
    }
}
