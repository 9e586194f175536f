//! What happened: the events of an application, for those who administer it; and the passing of time, which is one of the
//! things that happen.

use super::applications::administered;
use super::{Answer, Failure, Stop, Verifier, answer, statistics};
use crate::account::Username;
use crate::credential::Caller;
use crate::event::{Event, EventKind, EventPlace};
use crate::id::{AccountId, EventId, VerificationId};
use crate::ports::{EventFilter, Expired, Page};
use crate::statistic::Happening;

/// The most verifications that one call of [`expire`] ends, so that it never holds the store for long.
pub const EXPIRE_ROWS_MAX: u32 = 500;

/// Which events are asked for.
#[derive(Clone, Debug, Default)]
pub struct EventsAsked {
    /// About this verification.
    pub verification: Option<VerificationId>,
    /// About this account, by its name or its id.
    pub account: Option<Box<str>>,
    /// Of this kind.
    pub kind: Option<EventKind>,
}

/// A page of the application's events, youngest first. An account that is not there has none.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn list(
    verifier: &Verifier,
    caller: &Caller,
    asked: EventsAsked,
    page: Page<EventPlace>,
) -> Result<Answer<Vec<Event>>, Failure> {
    answer(list_or_stop(verifier, caller, asked, page).await)
}

async fn list_or_stop(
    verifier: &Verifier,
    caller: &Caller,
    asked: EventsAsked,
    page: Page<EventPlace>,
) -> Result<Vec<Event>, Stop> {
    let application = administered(caller)?;
    let mut filter = EventFilter { verification: asked.verification, account: None, kind: asked.kind };
    if let Some(text) = asked.account {
        let named = match Username::parse(&text) {
            Ok(username) => verifier.ports.accounts.find(application, &username).await?,
            Err(_) => None,
        };
        let Some(account) = named.map(|account| account.id).or_else(|| AccountId::parse(&text)) else {
            return Ok(Vec::new());
        };
        filter.account = Some(account);
    }
    Ok(verifier.ports.events.list_events(application, &filter, page).await?)
}

/// One event of the application; `None` when there is no such one.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn find(
    verifier: &Verifier,
    caller: &Caller,
    id: EventId,
) -> Result<Answer<Option<Event>>, Failure> {
    let found = async { Ok(verifier.ports.events.load_event(administered(caller)?, id).await?) };
    answer(found.await)
}

/// Ends at most [`EXPIRE_ROWS_MAX`] verifications of any application whose life is over; answers how many. Call it again
/// while it answers that many.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn expire(verifier: &Verifier) -> Result<u64, Failure> {
    let ended = verifier.ports.events.expire(verifier.now(), EXPIRE_ROWS_MAX).await?;
    for Expired { subject, sent_by } in &ended {
        let gateway = statistics::gateway_of(verifier, sent_by.as_ref());
        statistics::tell(verifier, subject, gateway, Happening::Expired);
    }
    Ok(ended.len() as u64)
}
