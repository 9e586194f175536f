//! Listing: filters, and pages without gap or duplicate.

use super::super::super::demand::kept;
use super::{Bench, changed, final_states, finished};
use crate::id::VerificationId;
use crate::ports::{Page, VerificationFilter};
use crate::time::after;
use crate::verification::{Purpose, Subject, Verification};

pub(super) async fn all(bench: &Bench<'_>) {
    a_listing_is_youngest_first_and_names_the_accounts(bench).await;
    filters_narrow_together(bench).await;
    pages_have_no_gap_and_no_duplicate(bench).await;
    pages_are_stable_while_others_begin(bench).await;
    what_is_listed_is_what_is_loaded(bench).await;
    a_life_that_is_over_counts_as_pending(bench).await;
}

const ALL: Page<VerificationId> = Page { before: None, limit: 100 };

async fn listed(
    bench: &Bench<'_>,
    filter: &VerificationFilter,
    page: Page<VerificationId>,
) -> Vec<Verification> {
    kept(bench.verifications.list(filter, page).await)
}

async fn ids(
    bench: &Bench<'_>,
    filter: &VerificationFilter,
    page: Page<VerificationId>,
) -> Vec<VerificationId> {
    listed(bench, filter, page).await.into_iter().map(|verification| verification.id).collect()
}

/// A subject of this one's application and no account, with a phone of its own.
fn neighbour(bench: &Bench<'_>, subject: &Subject) -> Subject {
    Subject { account: None, phone: bench.ground.phone(), ..subject.clone() }
}

fn of(subject: &Subject) -> VerificationFilter {
    VerificationFilter { application: Some(subject.application.clone()), ..VerificationFilter::default() }
}

async fn a_listing_is_youngest_first_and_names_the_accounts(bench: &Bench<'_>) {
    let with_account = bench.subject_with_account().await;
    let without = neighbour(bench, &with_account);
    let oldest = bench.begun(&with_account).await;
    let middle = bench.begun(&without).await;
    let youngest = bench.begun(&neighbour(bench, &without)).await;
    // A change makes nothing younger.
    let oldest = {
        let next = changed(&oldest);
        bench.must_save(&next, None).await;
        next
    };
    assert!(oldest.username.is_some(), "the oldest has an account");
    let expected = [youngest, middle, oldest];
    let found = listed(bench, &of(&with_account), ALL).await;
    assert_eq!(found, expected, "a listing must be youngest first, with the usernames of the accounts");
    let nobody = of(&bench.ground.subject());
    assert_eq!(
        listed(bench, &nobody, ALL).await,
        [],
        "a listing of an application without any must be empty"
    );
}

async fn filters_narrow_together(bench: &Bench<'_>) {
    let ram = bench.subject_with_account().await;
    let sita = bench.account(&ram.application, "sita").await;
    let sita = Subject { account: Some(sita.id), ..ram.clone() };
    let rams = bench.begun(&ram).await;
    let sitas = bench.begun(&sita).await;
    let elsewhere = Subject { phone: ram.phone, ..bench.ground.subject() };
    let stranger = bench.begun(&elsewhere).await;
    let mut finals = Vec::new();
    for (state, purpose) in final_states(bench.ground.now()).into_iter().zip(Purpose::ALL) {
        let begun = bench.begun(&Subject { purpose, ..neighbour(bench, &ram) }).await;
        let over = finished(&begun, state);
        bench.must_save(&over, None).await;
        finals.push(over);
    }

    for over in finals {
        let filter = VerificationFilter { state: Some(over.state.as_str()), ..of(&ram) };
        assert_eq!(ids(bench, &filter, ALL).await, [over.id], "a filter by state must keep the others out");
        let filter = VerificationFilter { phone: Some(over.subject.phone), ..of(&ram) };
        assert_eq!(ids(bench, &filter, ALL).await, [over.id], "a filter by phone must keep the others out");
    }
    let pending = VerificationFilter { state: Some("pending"), ..of(&ram) };
    assert_eq!(ids(bench, &pending, ALL).await, [sitas.id, rams.id], "a filter by state must find every one");
    let account = VerificationFilter { account: ram.account, ..of(&ram) };
    assert_eq!(ids(bench, &account, ALL).await, [rams.id], "a filter by account must keep the others out");
    let account = VerificationFilter { account: ram.account, ..VerificationFilter::default() };
    assert_eq!(ids(bench, &account, ALL).await, [rams.id], "a filter by account must work by itself");
    let phone = VerificationFilter { phone: Some(ram.phone), ..VerificationFilter::default() };
    let everywhere = [stranger.id, sitas.id, rams.id];
    assert_eq!(
        ids(bench, &phone, ALL).await,
        everywhere,
        "a filter by phone must work over all applications"
    );
    let phone = VerificationFilter { phone: Some(ram.phone), ..of(&ram) };
    assert_eq!(ids(bench, &phone, ALL).await, [sitas.id, rams.id], "filters must narrow each other");
    let nothing = VerificationFilter { account: ram.account, state: Some("approved"), ..of(&ram) };
    assert_eq!(ids(bench, &nothing, ALL).await, [], "filters that nothing passes together must find nothing");
    let all = VerificationFilter { account: ram.account, state: Some("pending"), ..phone };
    assert_eq!(
        ids(bench, &all, ALL).await,
        [rams.id],
        "all filters together must find what passes all of them"
    );
}

/// Seven of one application, youngest first; three of them begin in one millisecond.
async fn seven(bench: &Bench<'_>, subject: &Subject) -> Vec<VerificationId> {
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(bench.begun(&neighbour(bench, subject)).await.id);
    }
    let at_once = bench.ground.now();
    for _ in 0..3 {
        let twin = bench.ground.verification_at(&neighbour(bench, subject), at_once);
        bench.must_insert(&twin).await;
        all.push(twin.id);
    }
    all.sort_unstable();
    all.reverse();
    all
}

async fn pages_have_no_gap_and_no_duplicate(bench: &Bench<'_>) {
    let subject = bench.ground.subject();
    let all = seven(bench, &subject).await;
    for limit in [1, 2, 3, 7, 8] {
        let mut found = Vec::new();
        let mut page = Page { before: None, limit };
        loop {
            let part = ids(bench, &of(&subject), page).await;
            assert!(part.len() <= usize::from(limit), "a page must hold no more than was asked for");
            let Some(last) = part.last() else { break };
            page.before = Some(*last);
            found.extend(part);
            assert!(found.len() <= all.len(), "pages must come to an end");
        }
        assert_eq!(found, all, "pages of {limit} must hold everything once, youngest first");
    }
}

async fn pages_are_stable_while_others_begin(bench: &Bench<'_>) {
    let subject = bench.ground.subject();
    let all = seven(bench, &subject).await;
    let first = ids(bench, &of(&subject), Page { before: None, limit: 3 }).await;
    assert_eq!(first, all[..3], "the first page must hold the youngest");
    bench.begun(&neighbour(bench, &subject)).await;
    let second = ids(bench, &of(&subject), Page { before: Some(first[2]), limit: 3 }).await;
    assert_eq!(second, all[3..6], "a page must go on where the last one ended, whatever began meanwhile");
}

async fn what_is_listed_is_what_is_loaded(bench: &Bench<'_>) {
    let subject = bench.subject_with_account().await;
    let begun = bench.begun(&subject).await;
    let next = finished(&changed(&begun), final_states(bench.ground.now())[3]);
    bench.must_save(&changed(&begun), None).await;
    bench.must_save(&next, None).await;
    let found = listed(bench, &of(&subject), ALL).await;
    assert_eq!(found.len(), 1, "one verification must be listed once");
    for verification in found {
        assert_eq!(verification, bench.reload(&begun).await, "a listing must tell what a load tells");
    }
}

async fn a_life_that_is_over_counts_as_pending(bench: &Bench<'_>) {
    let subject = bench.ground.subject();
    let old = bench.begun(&subject).await;
    bench.begun(&neighbour(bench, &subject)).await;
    // Another subject begins long after the life of the first is over: that must not touch it.
    let later = after(old.generation.expires_at, old.budget.lifetime);
    bench.must_insert(&bench.ground.verification_at(&neighbour(bench, &subject), later)).await;
    let pending = VerificationFilter { state: Some("pending"), ..of(&subject) };
    let found = ids(bench, &pending, ALL).await;
    assert_eq!(found.len(), 3, "a pending verification must count as pending until it is touched");
    assert_eq!(
        found.last(),
        Some(&old.id),
        "a pending verification must count as pending until it is touched"
    );
}
