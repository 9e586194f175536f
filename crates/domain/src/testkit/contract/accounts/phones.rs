//! Phones that operators take from accounts or give to them.

use std::sync::Arc;

use super::super::super::demand::kept;
use super::super::race::{RACERS, race};
use super::Bench;
use crate::account::{Account, VerifiedPhone};
use crate::application::ApplicationId;
use crate::ports::{Page, PhoneMoved, PhoneSet};

pub(super) async fn all(bench: &Bench<'_>) {
    a_phone_is_taken_away(bench).await;
    a_phone_is_given(bench).await;
    a_phone_of_another_account_is_taken(bench).await;
    a_phone_that_was_taken_away_is_free(bench).await;
    strangers_are_left_alone(bench).await;
    racing_sets_of_one_phone_have_one_holder(bench).await;
    racing_unlinks_are_told_of_it_once(bench).await;
    racing_sets_and_unlinks_tell_what_was_before(bench).await;
}

fn proved(bench: &Bench<'_>) -> VerifiedPhone {
    VerifiedPhone { phone: bench.ground.phone(), verified_at: bench.ground.now() }
}

/// A stored account that holds this phone.
async fn holder(bench: &Bench<'_>, application: &ApplicationId, name: &str, phone: VerifiedPhone) -> Account {
    let account = Account { phone: Some(phone), ..bench.ground.account(application, name) };
    bench.must_add(&account).await;
    account
}

async fn plain(bench: &Bench<'_>, application: &ApplicationId, name: &str) -> Account {
    let account = bench.ground.account(application, name);
    bench.must_add(&account).await;
    account
}

async fn unlink(bench: &Bench<'_>, account: &Account) -> Option<PhoneMoved> {
    let now = bench.ground.now();
    kept(bench.accounts.unlink_phone(&account.application, account.id, now).await)
}

async fn set(bench: &Bench<'_>, account: &Account, phone: VerifiedPhone) -> PhoneSet {
    let now = bench.ground.now();
    kept(bench.accounts.set_phone(&account.application, account.id, phone, now).await)
}

async fn a_phone_is_taken_away(bench: &Bench<'_>) {
    let phone = proved(bench);
    let ram = holder(bench, &bench.ground.application(), "ram", phone).await;
    let without = Account { phone: None, ..ram.clone() };
    let first = PhoneMoved { account: without.clone(), before: Some(phone) };
    assert_eq!(unlink(bench, &ram).await, Some(first), "who takes a phone away must be told what it was");
    assert_eq!(bench.load(&ram).await, Some(without.clone()), "a phone that was taken away must be gone");
    let second = PhoneMoved { account: without, before: None };
    assert_eq!(unlink(bench, &ram).await, Some(second), "taking it away twice must be the same as once");
}

async fn a_phone_is_given(bench: &Bench<'_>) {
    let ram = plain(bench, &bench.ground.application(), "ram").await;
    let (first, second) = (proved(bench), proved(bench));
    let later = VerifiedPhone { verified_at: bench.ground.now(), ..second };
    let mut before = None;
    for phone in [first, second, later, later] {
        let account = Account { phone: Some(phone), ..ram.clone() };
        let moved = PhoneMoved { account: account.clone(), before };
        assert_eq!(set(bench, &ram, phone).await, PhoneSet::Set(moved), "a free phone must be given");
        assert_eq!(bench.load(&ram).await, Some(account), "a phone that was given must be the account's");
        before = Some(phone);
    }
}

async fn a_phone_of_another_account_is_taken(bench: &Bench<'_>) {
    let (phone, other) = (proved(bench), proved(bench));
    let application = bench.ground.application();
    let ram = holder(bench, &application, "ram", phone).await;
    let sita = holder(bench, &application, "sita", other).await;
    let wanted = VerifiedPhone { verified_at: bench.ground.now(), ..phone };
    assert_eq!(set(bench, &sita, wanted).await, PhoneSet::Taken, "a phone must not be taken from its holder");
    for account in [ram, sita] {
        assert_eq!(bench.load(&account).await.as_ref(), Some(&account), "a refusal must change nothing");
    }
    let abroad = plain(bench, &bench.ground.application(), "ram").await;
    let moved = PhoneMoved { account: Account { phone: Some(wanted), ..abroad.clone() }, before: None };
    assert_eq!(
        set(bench, &abroad, wanted).await,
        PhoneSet::Set(moved),
        "applications must not share holders of a phone"
    );
}

async fn a_phone_that_was_taken_away_is_free(bench: &Bench<'_>) {
    let phone = proved(bench);
    let application = bench.ground.application();
    let ram = holder(bench, &application, "ram", phone).await;
    let sita = plain(bench, &application, "sita").await;
    unlink(bench, &ram).await;
    let moved = PhoneMoved { account: Account { phone: Some(phone), ..sita.clone() }, before: None };
    assert_eq!(set(bench, &sita, phone).await, PhoneSet::Set(moved), "what was taken away must be free");
    assert_eq!(set(bench, &ram, phone).await, PhoneSet::Taken, "who had it once must have no claim to it");
}

async fn strangers_are_left_alone(bench: &Bench<'_>) {
    let phone = proved(bench);
    let ram = holder(bench, &bench.ground.application(), "ram", phone).await;
    let never = bench.ground.account(&ram.application, "never-added");
    let foreign = Account { application: bench.ground.application(), ..ram.clone() };
    for stranger in [&never, &foreign] {
        assert_eq!(unlink(bench, stranger).await, None, "only an account of the application may be touched");
        let given = set(bench, stranger, proved(bench)).await;
        assert_eq!(given, PhoneSet::NoAccount, "only an account of the application may be touched");
        let taken = set(bench, stranger, phone).await;
        assert_eq!(taken, PhoneSet::NoAccount, "an account that is not there must come before its phone");
    }
    assert_eq!(bench.load(&ram).await.as_ref(), Some(&ram), "what found no account must change nothing");
    assert_eq!(bench.load(&never).await, None, "what found no account must make none");
}

async fn racing_sets_of_one_phone_have_one_holder(bench: &Bench<'_>) {
    let (phone, application) = (proved(bench), bench.ground.application());
    let mut all = Vec::new();
    for racer in 0..RACERS {
        all.push(plain(bench, &application, &format!("racer-{racer}")).await);
    }
    let now = bench.ground.now();
    let answers = race(|racer| {
        let (accounts, account) = (Arc::clone(&bench.accounts), all[racer].clone());
        async move { kept(accounts.set_phone(&account.application, account.id, phone, now).await) }
    })
    .await;
    let taken = answers.iter().filter(|answer| **answer == PhoneSet::Taken).count();
    assert_eq!(
        taken,
        RACERS - 1,
        "of {RACERS} accounts that are given one phone all but one must be refused"
    );
    let page = bench.page(&application, Page { before: None, limit: 100 }).await;
    let holders = page.iter().filter(|account| account.phone == Some(phone)).count();
    assert_eq!(holders, 1, "of {RACERS} accounts that are given one phone one must hold it");
}

async fn racing_unlinks_are_told_of_it_once(bench: &Bench<'_>) {
    let ram = holder(bench, &bench.ground.application(), "ram", proved(bench)).await;
    let now = bench.ground.now();
    let answers = race(|_| {
        let (accounts, ram) = (Arc::clone(&bench.accounts), ram.clone());
        async move { kept(accounts.unlink_phone(&ram.application, ram.id, now).await) }
    })
    .await;
    let told = answers.iter().flatten().filter(|moved| moved.before.is_some()).count();
    assert_eq!(told, 1, "of {RACERS} who take one phone away one must be told that it was there");
    assert!(answers.iter().all(Option::is_some), "everybody must be told of the account");
}

/// Each phone that was ever given goes once: to whoever gives another or takes it away, or it is there at the end.
async fn racing_sets_and_unlinks_tell_what_was_before(bench: &Bench<'_>) {
    let ram = plain(bench, &bench.ground.application(), "ram").await;
    let phones: Vec<_> = (0..RACERS).map(|_| proved(bench)).collect();
    let now = bench.ground.now();
    let answers = race(|racer| {
        let (accounts, ram, phone) = (Arc::clone(&bench.accounts), ram.clone(), phones[racer]);
        async move {
            if racer % 3 == 0 {
                return kept(accounts.unlink_phone(&ram.application, ram.id, now).await);
            }
            match kept(accounts.set_phone(&ram.application, ram.id, phone, now).await) {
                PhoneSet::Set(moved) => Some(moved),
                PhoneSet::Taken | PhoneSet::NoAccount => None,
            }
        }
    })
    .await;
    assert!(answers.iter().all(Option::is_some), "nobody holds these phones, and the account is there");
    let mut gone: Vec<_> = answers.iter().flatten().filter_map(|moved| moved.before).collect();
    gone.extend(bench.load(&ram).await.and_then(|ram| ram.phone));
    let given: Vec<_> =
        phones.iter().enumerate().filter(|(racer, _)| racer % 3 != 0).map(|(_, phone)| *phone).collect();
    assert_eq!(gone.len(), given.len(), "each phone that was given must go once");
    assert!(given.iter().all(|phone| gone.contains(phone)), "each phone that was given must go once");
}
