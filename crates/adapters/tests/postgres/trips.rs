//! How often a call talks to the server: once.

use std::time::Duration;

use adapters::sql::{PostgresOptions, PostgresStore};
use domain::account::{Account, VerifiedPhone};
use domain::application::ApplicationId;
use domain::delivery::DeliveryRecord;
use domain::id::DeliveryId;
use domain::idempotency::{Attempt, Begun, StoredAnswer};
use domain::ports::{
    AccountStore, Approval, Approved, Change, CredentialFilter, CredentialStore, DeliveryStore,
    IdempotencyStore, Inserted, Page, PhoneMoved, PhoneSet, Saved, SendAnswer, VerificationStore,
};
use domain::testkit::SeededEntropy;
use domain::verification::{Command, Verification, step};

use super::harness::{
    Place, account, attempt, begin, begun, guess, inserted, mistyped, one_of_everything, opened, phone,
    seconds, subject, today,
};
use super::proxy::Proxy;

/// A store with one connection, and the wire to its server.
async fn counted(place: &Place) -> (PostgresStore, Proxy) {
    let proxy = Proxy::before(place.url()).await;
    let url = proxy.url(place.url());
    let address = PostgresOptions::from_url(&url).unwrap().address;
    let options = PostgresOptions { address, connections_max: 1, ..place.options() };
    (opened(&options).await, proxy)
}

fn delivery(of: &Verification, seed: u64) -> DeliveryRecord {
    DeliveryRecord {
        id: DeliveryId::new(seconds(60), &SeededEntropy::new(seed)).unwrap(),
        application: of.subject.application.clone(),
        verification: of.id,
        number: of.delivery.number,
        attempt: 1,
        phone: of.subject.phone,
        route: None,
        gateway: "sparrow".into(),
        report: SendAnswer::Accepted.into(),
        at: seconds(60),
        took: Duration::from_millis(7),
        segments: 1,
        template: None,
    }
}

/// Makes the call twice: the first time a connection learns its statement. Answers how often the second one asked.
async fn trips<Call, Answer>(proxy: &Proxy, mut call: impl FnMut(usize) -> Call) -> (usize, Answer)
where
    Call: Future<Output = Answer>,
{
    call(0).await;
    proxy.questions();
    let answer = call(1).await;
    (proxy.questions(), answer)
}

#[tokio::test]
async fn a_look_is_one_round_trip() {
    let place = Place::new().await;
    let (store, proxy) = counted(&place).await;
    let secret = one_of_everything(&store).await.hash();
    let ram = account(&store, "ram-the-first", 9).await;
    let live = inserted(&store, None, 5).await;
    let connections = proxy.connections();

    let (asked, found) = trips(&proxy, |_| store.standing(&live.subject, today())).await;
    assert_eq!((asked, found.unwrap().latest), (1, Some(live.clone())), "standing");
    let (asked, found) = trips(&proxy, |_| store.load(live.id, today())).await;
    assert_eq!((asked, found.unwrap().map(|found| found.verification)), (1, Some(live)), "load");
    let (asked, found) = trips(&proxy, |_| store.holder(&secret)).await;
    assert_eq!((asked, found.unwrap().is_some()), (1, true), "holder");
    let (asked, found) = trips(&proxy, |_| store.find(&ram.application, &ram.username)).await;
    assert_eq!((asked, found.unwrap().as_ref()), (1, Some(&ram)), "find");
    let (asked, found) = trips(&proxy, |_| store.load_account(ram.id)).await;
    assert_eq!((asked, found.unwrap()), (1, Some(ram)), "load_account");
    let (keys, all) = (CredentialFilter::Keys, Page { before: None, limit: 10 });
    let application = ApplicationId::default_application();
    let key = store.list_credentials(&application, keys, all).await.unwrap()[0].clone();
    let (asked, found) = trips(&proxy, |_| store.load_credential(&application, keys, key.0.id)).await;
    assert_eq!((asked, found.unwrap()), (1, Some(key.clone())), "load_credential");
    let (asked, answer) = trips(&proxy, |_| store.ping()).await;
    assert_eq!((asked, answer.is_ok()), (1, true), "ping");
    let (asked, answer) = trips(&proxy, |_| store.time()).await;
    assert_eq!((asked, answer.is_ok()), (1, true), "time");
    assert_eq!(proxy.connections(), connections, "one connection serves all of them");
}

#[tokio::test]
async fn a_change_is_one_round_trip() {
    let place = Place::new().await;
    let (store, proxy) = counted(&place).await;
    let ram = account(&store, "ram", 1).await;

    let first = [begun(None, 8, begin()), begun(Some(&ram), 1, begin())];
    let (asked, answer) = trips(&proxy, |turn| store.insert(&first[turn])).await;
    assert_eq!((asked, answer.unwrap()), (1, Inserted::Stored), "insert");
    // Each settles the one before, which is looked at in a statement of its own.
    let new = [begun(Some(&ram), 2, seconds(601)), begun(Some(&ram), 3, seconds(1202))];
    let (asked, answer) = trips(&proxy, |turn| store.insert(&new[turn])).await;
    assert_eq!((asked, answer.unwrap()), (2, Inserted::Stored), "insert behind one that is over");
    let settled = store.load(first[1].id, today()).await.unwrap().unwrap().verification;
    assert_eq!(settled.version, 1);
    let (asked, answer) = trips(&proxy, |_| store.insert(&new[1])).await;
    // What was not stored may have been stored by the same statement, which had to run twice.
    assert_eq!((asked, answer.is_ok()), (3, true), "insert of what is there");

    let versions: Vec<Verification> =
        std::iter::successors(Some(new[1].clone()), |before| Some(mistyped(before))).take(5).collect();
    let change =
        |turn: usize, guess| Change { next: &versions[turn + 1], expected: versions[turn].version, guess };
    let wrong = [change(0, Some(guess(today(), true))), change(1, Some(guess(today(), true)))];
    let (asked, answer) = trips(&proxy, |turn| store.save(&wrong[turn])).await;
    assert_eq!((asked, answer.unwrap()), (1, Saved::Stored), "save of a guess");
    let plain = [change(2, None), change(3, None)];
    let (asked, answer) = trips(&proxy, |turn| store.save(&plain[turn])).await;
    assert_eq!((asked, answer.unwrap()), (1, Saved::Stored), "save");
    let records = [delivery(&versions[4], 1), delivery(&versions[4], 2)];
    let unchanged = Change { next: &versions[4], expected: 4, guess: None };
    let (asked, answer) =
        trips(&proxy, |turn| store.record_delivery(&unchanged, &records[turn..=turn])).await;
    assert_eq!((asked, answer.unwrap()), (1, Saved::Stored), "record_delivery");
    let question = Change { next: &versions[4], expected: 4, guess: Some(guess(today(), false)) };
    let (asked, answer) = trips(&proxy, |_| store.save(&question)).await;
    assert_eq!((asked, answer.unwrap()), (1, Saved::Stored), "save of nothing");
}

#[tokio::test]
async fn an_operator_s_change_of_a_phone_is_one_round_trip() {
    let place = Place::new().await;
    let (store, proxy) = counted(&place).await;
    let (ram, sita) = (account(&store, "ram", 1).await, account(&store, "sita", 2).await);
    let proved = VerifiedPhone { phone: phone(), verified_at: begin() };
    let set = |account: &Account| {
        let (store, account) = (store.clone(), account.clone());
        async move { store.set_phone(&account.application, account.id, proved, begin()).await.unwrap() }
    };
    let (asked, answer) = trips(&proxy, |_| set(&ram)).await;
    let account = Account { phone: Some(proved), ..ram.clone() };
    let again = PhoneMoved { account, before: Some(proved) };
    assert_eq!((asked, answer), (1, PhoneSet::Set(again)), "set_phone");
    let (asked, answer) = trips(&proxy, |_| set(&sita)).await;
    assert_eq!((asked, answer), (1, PhoneSet::Taken), "set_phone of what is taken");
    let (asked, answer) = trips(&proxy, |_| store.unlink_phone(&ram.application, ram.id, begin())).await;
    let gone = PhoneMoved { account: ram.clone(), before: None };
    assert_eq!((asked, answer.unwrap()), (1, Some(gone)), "unlink_phone");
}

#[tokio::test]
async fn an_approval_is_one_round_trip_also_when_the_phone_moves() {
    let place = Place::new().await;
    let (store, proxy) = counted(&place).await;
    let mut approved = Vec::new();
    for (name, seed) in [("ram", 1), ("sita", 2)] {
        let account = account(&store, name, seed).await;
        let live = inserted(&store, Some(&account), seed).await;
        assert_eq!(live.subject, subject(Some(&account)));
        approved.push((step(&live, Command::Check { matches: true }, seconds(60)).next, account.id));
    }
    let approvals: Vec<_> = approved
        .iter()
        .map(|(next, account)| Approval {
            change: Change { next, expected: 0, guess: Some(guess(today(), false)) },
            account: *account,
            phone: VerifiedPhone { phone: phone(), verified_at: seconds(60) },
            transfer: true,
        })
        .collect();
    let (asked, answer) = trips(&proxy, |turn| store.approve(&approvals[turn])).await;
    let from_ram = Approved::Stored { transferred_from: Some(approved[0].1) };
    assert_eq!((asked, answer.unwrap()), (1, from_ram));
}

#[tokio::test]
async fn a_call_with_a_key_is_one_round_trip_to_begin_and_one_to_end() {
    let place = Place::new().await;
    let (store, proxy) = counted(&place).await;
    let [first, second] = ["a", "b"].map(attempt);
    let (asked, begun) = trips(&proxy, |turn| {
        let attempt = [first, second][turn];
        let store = store.clone();
        async move { store.begin(&attempt, begin()).await }
    })
    .await;
    assert_eq!((asked, begun.unwrap()), (1, Begun::New), "begin");
    let (asked, begun) = trips(&proxy, |_| async {
        let again = Attempt { owner: first.owner, ..second };
        store.begin(&again, begin()).await
    })
    .await;
    assert_eq!((asked, begun.unwrap()), (1, Begun::Running), "begin of what runs");
    let (asked, told) = trips(&proxy, |_| store.release(&first.place, &first.owner)).await;
    assert_eq!((asked, told.is_ok()), (1, true), "release");
    let answer = StoredAnswer { status: 200, headers: Vec::new(), body: b"{}".to_vec() };
    let (asked, told) = trips(&proxy, |_| store.finish(&second.place, &second.owner, &answer)).await;
    assert_eq!((asked, told.is_ok()), (1, true), "finish");
    let (asked, begun) = trips(&proxy, |_| store.begin(&second, begin())).await;
    assert_eq!((asked, begun.unwrap()), (1, Begun::Done(answer)), "begin of what is done");
}

#[tokio::test]
async fn the_first_call_of_a_connection_costs_no_more_than_learning_its_statement() {
    let place = Place::new().await;
    let (store, proxy) = counted(&place).await;
    let live = inserted(&store, None, 1).await;
    proxy.questions();
    store.load(live.id, today()).await.unwrap();
    assert_eq!(proxy.questions(), 2);
}
