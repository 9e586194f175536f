//! Listing: what was asked for, of one application, youngest first, in pages that do not lose or repeat.

use super::super::super::demand::kept;
use super::super::verifications::{final_states, finished};
use super::{ALL, Stage};
use crate::application::ApplicationId;
use crate::event::{Event, EventKind};
use crate::id::{AccountId, EventId};
use crate::ports::{EventFilter, Page};
use crate::verification::{Purpose, Subject};

pub(super) async fn all(stage: &Stage<'_>) {
    filters_are_kept(stage).await;
    pages_hold_everything_once(stage).await;
    another_application_sees_nothing(stage).await;
}

/// Eight events of one application, youngest first: four of an account, four of none.
async fn eight(stage: &Stage<'_>) -> (ApplicationId, AccountId, Vec<Event>) {
    let bench = &stage.bench;
    let account = bench.account(&bench.ground.application(), "ram").await;
    for owner in [Some(account.id), None] {
        for state in final_states(bench.ground.now()) {
            let subject = Subject {
                application: account.application.clone(),
                account: owner,
                phone: bench.ground.phone(),
                purpose: Purpose::Contact,
            };
            let begun = bench.begun(&subject).await;
            bench.must_save(&finished(&begun, state), None).await;
        }
    }
    let all = stage.list(&account.application, &EventFilter::default(), ALL).await;
    assert_eq!(all.len(), 8, "every event of an application must be listed");
    assert!(all.is_sorted_by(|younger, older| younger.place > older.place), "youngest must come first");
    (account.application, account.id, all)
}

async fn filters_are_kept(stage: &Stage<'_>) {
    let (application, account, all) = eight(stage).await;
    for kind in EventKind::ALL {
        let filter = EventFilter { kind: Some(kind), ..EventFilter::default() };
        let wanted: Vec<_> = all.iter().filter(|event| event.kind == kind).cloned().collect();
        assert_eq!(stage.list(&application, &filter, ALL).await, wanted, "a kind must be kept to");
    }
    let filter = EventFilter { account: Some(account), ..EventFilter::default() };
    assert_eq!(stage.list(&application, &filter, ALL).await, all[4..], "an account must be kept to");
    for event in &all {
        let filter = EventFilter { verification: event.verification, ..EventFilter::default() };
        let found = stage.list(&application, &filter, ALL).await;
        assert_eq!(found, std::slice::from_ref(event), "a verification must be kept to");
        let filter = EventFilter { account: Some(account), kind: Some(event.kind), ..filter };
        let both = event.account.as_ref().map(|_| event.clone());
        assert_eq!(
            stage.list(&application, &filter, ALL).await,
            Vec::from_iter(both),
            "all filters must hold at once"
        );
    }
}

async fn pages_hold_everything_once(stage: &Stage<'_>) {
    let (application, account, all) = eight(stage).await;
    let of_account = EventFilter { account: Some(account), ..EventFilter::default() };
    for (filter, all) in [(EventFilter::default(), &all[..]), (of_account, &all[4..])] {
        for limit in [1, 3, 8, 9] {
            let mut found = Vec::new();
            let mut page = Page { before: None, limit };
            loop {
                let part = stage.list(&application, &filter, page).await;
                assert!(part.len() <= usize::from(limit), "a page must hold no more than was asked for");
                let Some(last) = part.last() else { break };
                page.before = Some(last.place);
                found.extend(part);
                assert!(found.len() <= all.len(), "pages must come to an end");
            }
            assert_eq!(found, all, "pages of {limit} must hold everything once, youngest first");
        }
    }
}

async fn another_application_sees_nothing(stage: &Stage<'_>) {
    let (_, account, all) = eight(stage).await;
    let ground = stage.bench.ground;
    let other = ground.application();
    let of_account = EventFilter { account: Some(account), ..EventFilter::default() };
    let of_verification = EventFilter { verification: all[0].verification, ..EventFilter::default() };
    for filter in [EventFilter::default(), of_account, of_verification] {
        assert_eq!(stage.list(&other, &filter, ALL).await, [], "an application must see its own events only");
    }
    let loaded = kept(stage.events.load_event(&other, all[0].id).await);
    assert_eq!(loaded, None, "an application must load its own events only");
    let unknown = kept(EventId::new(ground.now(), ground.entropy()));
    assert_eq!(
        kept(stage.events.load_event(&all[0].application, unknown).await),
        None,
        "what is not there must not be found"
    );
}
