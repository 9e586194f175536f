//! What every SQL store keeps besides the contracts of the ports: under names, instants and accounts of which the rules
//! make no use, and over several stores of one database at once.

use std::sync::Arc;

use domain::account::{Account, Username, VerifiedPhone};
use domain::application::ApplicationId;
use domain::id::AccountId;
use domain::ports::{
    AccountStore, Approval, Approved, Change, CredentialStore, Inserted, PortErrorKind, VerificationStore,
};
use domain::verification::{Command, step};
use tokio::sync::Barrier;

use crate::material::{account, approve, begin, begun, guess, inserted, phone, seconds, subject, today};

/// A store, whichever it is.
pub(crate) trait Store:
    VerificationStore + AccountStore + CredentialStore + Clone + Send + Sync + 'static
{
}

impl<S: VerificationStore + AccountStore + CredentialStore + Clone + Send + Sync + 'static> Store for S {}

pub(crate) const RACERS: usize = 64;

/// Runs a task for each racer, on each of some stores of one database in turn, none before all are ready.
pub(crate) async fn race<S: Store, Run>(stores: &[S], run: impl Fn(usize, S) -> Run) -> Vec<Run::Output>
where
    Run: Future + Send + 'static,
    Run::Output: Send,
{
    let start = Arc::new(Barrier::new(RACERS));
    let racers: Vec<_> = (0..RACERS)
        .map(|racer| {
            let (start, run) = (Arc::clone(&start), run(racer, stores[racer % stores.len()].clone()));
            tokio::spawn(async move {
                start.wait().await;
                run.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(RACERS);
    for racer in racers {
        answers.push(racer.await.unwrap());
    }
    answers
}

pub(crate) fn count<Answer: PartialEq>(answers: &[Answer], wanted: &Answer) -> usize {
    answers.iter().filter(|answer| *answer == wanted).count()
}

pub(crate) async fn of_many_right_codes_one_approves(stores: &[impl Store]) {
    let ram = account(&stores[0], "ram", 1).await;
    let live = inserted(&stores[0], Some(&ram), 1).await;
    let approved = step(&live, Command::Check { matches: true }, seconds(60)).next;
    let answers = race(stores, |_, store| {
        let (approved, account) = (approved.clone(), ram.id);
        async move {
            let approval = Approval {
                change: Change { next: &approved, expected: 0, guess: Some(guess(today(), false)) },
                account,
                phone: VerifiedPhone { phone: phone(), verified_at: seconds(60) },
                transfer: false,
            };
            store.approve(&approval).await.unwrap()
        }
    })
    .await;
    assert_eq!(count(&answers, &Approved::Stored { transferred_from: None }), 1);
    assert_eq!(count(&answers, &Approved::Conflict), RACERS - 1);
}

pub(crate) async fn of_many_starts_one_is_stored(stores: &[impl Store]) {
    // One whose life is over stands in the way first, so that each settles it or finds it settled.
    inserted(&stores[0], None, 1000).await;
    let answers = race(stores, |racer, store| {
        let verification = begun(None, racer as u64, seconds(601));
        async move { store.insert(&verification).await.unwrap() }
    })
    .await;
    assert_eq!(count(&answers, &Inserted::Stored), 1);
    assert_eq!(count(&answers, &Inserted::LiveExists), RACERS - 1);
}

pub(crate) async fn of_many_adds_of_one_name_one_account_comes(stores: &[impl Store]) {
    let answers =
        race(stores, |racer, store| async move { account(&store, "ram", racer as u64).await.id }).await;
    assert_eq!(count(&answers, &answers[0]), RACERS);
}

pub(crate) async fn an_approval_for_an_account_that_is_not_the_applications_stores_nothing(
    store: &impl Store,
) {
    let holder = account(store, "holder", 3).await;
    let held = inserted(store, Some(&holder), 3).await;
    approve(store, &held, &holder).await;
    let holder = store.load_account(holder.id).await.unwrap().unwrap();
    let live = inserted(store, None, 1).await;
    let nobody = AccountId::from_uuid(uuid::Uuid::from_u128(7));
    let foreign = Account {
        id: AccountId::from_uuid(uuid::Uuid::from_u128(8)),
        application: ApplicationId::parse("other").unwrap(),
        username: Username::parse("ram").unwrap(),
        phone: None,
        created_at: begin(),
    };
    store.add(&foreign).await.unwrap();
    let approved = step(&live, Command::Check { matches: true }, seconds(1)).next;
    for account in [nobody, foreign.id] {
        let approval = Approval {
            change: Change { next: &approved, expected: 0, guess: None },
            account,
            phone: VerifiedPhone { phone: phone(), verified_at: seconds(1) },
            transfer: true,
        };
        assert_eq!(store.approve(&approval).await.unwrap_err().kind, PortErrorKind::Inconsistent);
        assert_eq!(store.load(live.id, today()).await.unwrap().unwrap().verification, live);
        assert_eq!(store.load_account(foreign.id).await.unwrap().as_ref(), Some(&foreign));
        assert_eq!(store.load_account(holder.id).await.unwrap().as_ref(), Some(&holder));
    }
}

pub(crate) async fn a_clock_that_was_put_back_does_not_hide_the_live_verification(store: &impl Store) {
    let ram = account(store, "ram", 1).await;
    let before = begun(Some(&ram), 1, seconds(3600));
    store.insert(&before).await.unwrap();
    approve(store, &before, &ram).await;
    let live = begun(Some(&ram), 2, begin());
    store.insert(&live).await.unwrap();
    let standing = store.standing(&subject(Some(&ram)), today()).await.unwrap();
    assert_eq!(standing.latest, Some(live));
}

/// What begins in one millisecond and ends in it is as young as its place in the order of insertion says.
pub(crate) async fn of_two_of_one_millisecond_the_second_is_the_younger(store: &impl Store) {
    for seed in 0..8 {
        let begun = begun(None, seed, begin());
        store.insert(&begun).await.unwrap();
        let over = step(&begun, Command::Cancel, begin()).next;
        store.save(&Change { next: &over, expected: 0, guess: None }).await.unwrap();
        let standing = store.standing(&subject(None), today()).await.unwrap();
        assert_eq!(standing.latest, Some(over));
    }
}

pub(crate) async fn a_name_is_looked_up_in_its_application_only(store: &impl Store) {
    let ram = account(store, "ram", 1).await;
    let other = ApplicationId::parse("other").unwrap();
    assert_eq!(store.find(&other, &ram.username).await.unwrap(), None);
    assert_eq!(store.find(&ram.application, &ram.username).await.unwrap(), Some(ram));
}
