//! Telling that operators took a phone from an account or gave it one: once for each change, and for nothing else.

use super::super::super::demand::kept;
use super::{ALL, Stage};
use crate::account::{Account, VerifiedPhone};
use crate::event::{Event, EventAccount, EventKind};
use crate::phone::Phone;
use crate::ports::{EventFilter, PhoneSet};
use crate::time::Timestamp;

pub(super) async fn all(stage: &Stage<'_>) {
    what_operators_do_to_a_phone_is_told(stage).await;
    what_changes_nothing_is_not_told(stage).await;
}

fn proved(stage: &Stage<'_>) -> VerifiedPhone {
    VerifiedPhone { phone: stage.bench.ground.phone(), verified_at: stage.bench.ground.now() }
}

async fn unlink(stage: &Stage<'_>, account: &Account) -> Timestamp {
    let now = stage.bench.ground.now();
    kept(stage.bench.accounts.unlink_phone(&account.application, account.id, now).await);
    now
}

async fn set(stage: &Stage<'_>, account: &Account, phone: VerifiedPhone) -> (PhoneSet, Timestamp) {
    let now = stage.bench.ground.now();
    (kept(stage.bench.accounts.set_phone(&account.application, account.id, phone, now).await), now)
}

/// The events about an account, oldest first.
async fn about(stage: &Stage<'_>, account: &Account) -> Vec<Event> {
    let filter = EventFilter { account: Some(account.id), ..EventFilter::default() };
    let mut events = stage.list(&account.application, &filter, ALL).await;
    events.reverse();
    events
}

fn expected(account: &Account, kind: EventKind, phone: Phone, at: Timestamp, given: &Event) -> Event {
    Event {
        id: given.id,
        place: given.place,
        application: account.application.clone(),
        kind,
        at,
        verification: None,
        purpose: None,
        account: Some(EventAccount { id: account.id, username: account.username.clone() }),
        phone: Some(phone),
        reason: None,
        block: None,
        prefix: None,
        credit: None,
    }
}

async fn what_operators_do_to_a_phone_is_told(stage: &Stage<'_>) {
    let account = stage.bench.account(&stage.bench.ground.application(), "ram").await;
    let (first, second) = (proved(stage), proved(stage));
    let later = VerifiedPhone { verified_at: stage.bench.ground.now(), ..second };
    let (_, at_first) = set(stage, &account, first).await;
    let (_, at_second) = set(stage, &account, second).await;
    let (_, at_later) = set(stage, &account, later).await;
    let at_end = unlink(stage, &account).await;
    let told = [
        (EventKind::PhoneChanged, first.phone, at_first),
        (EventKind::PhoneChanged, second.phone, at_second),
        (EventKind::PhoneChanged, second.phone, at_later),
        (EventKind::PhoneUnlinked, second.phone, at_end),
    ];
    let events = about(stage, &account).await;
    assert_eq!(events.len(), told.len(), "each change of a phone by an operator must be told once");
    for (event, (kind, phone, at)) in events.iter().zip(told) {
        assert_eq!(
            *event,
            expected(&account, kind, phone, at, event),
            "a change of a phone by an operator must be told as it was, in its order"
        );
    }
}

async fn what_changes_nothing_is_not_told(stage: &Stage<'_>) {
    let application = stage.bench.ground.application();
    let ram = stage.bench.account(&application, "ram").await;
    let sita = stage.bench.account(&application, "sita").await;
    unlink(stage, &ram).await;
    let phone = proved(stage);
    set(stage, &ram, phone).await;
    set(stage, &ram, phone).await;
    let (taken, _) = set(stage, &sita, phone).await;
    assert_eq!(taken, PhoneSet::Taken, "a phone must not be taken from its holder");
    unlink(stage, &ram).await;
    unlink(stage, &ram).await;
    let stranger = Account { application: stage.bench.ground.application(), ..ram.clone() };
    set(stage, &stranger, phone).await;
    unlink(stage, &stranger).await;
    let kinds: Vec<_> = about(stage, &ram).await.iter().map(|event| event.kind).collect();
    let told = [EventKind::PhoneChanged, EventKind::PhoneUnlinked];
    assert_eq!(kinds, told, "what changes nothing must not be told");
    assert_eq!(about(stage, &sita).await, [], "what was refused must not be told");
    let elsewhere = stage.list(&stranger.application, &EventFilter::default(), ALL).await;
    assert_eq!(elsewhere, [], "what found no account must not be told");
}
