//! Approving: verification and account in one transaction, and one holder of a phone in an application.

use super::{Attempt, Bench, changed, under_no_room};
use crate::account::{Account, VerifiedPhone};
use crate::application::ApplicationId;
use crate::guess::GuessTotals;
use crate::phone::Phone;
use crate::ports::Approved;
use crate::time::Day;
use crate::verification::{Purpose, Subject, Verification};

pub(super) async fn all(bench: &Bench<'_>) {
    an_approval_binds(bench).await;
    what_an_account_has_proved_stands_for_all_its_subjects(bench).await;
    a_proof_replaces_what_the_account_proved_before(bench).await;
    a_phone_of_another_account_is_taken(bench).await;
    a_transfer_takes_it_from_the_other(bench).await;
    applications_do_not_share_holders(bench).await;
    a_phone_that_was_given_up_is_free(bench).await;
    a_conflict_binds_nothing(bench).await;
    a_spent_budget_binds_nothing(bench).await;
}

const PLAIN: Approved = Approved::Stored { transferred_from: None };

/// A right code that is about to be stored, for a new verification of the account's.
async fn attempt(bench: &Bench<'_>, account: &Account, phone: Phone) -> (Verification, Attempt) {
    let subject = Subject {
        application: account.application.clone(),
        account: Some(account.id),
        phone,
        purpose: Purpose::Contact,
    };
    let live = bench.begun(&subject).await;
    let attempt = Attempt::of(&live, account, bench.ground.now());
    (live, attempt)
}

/// An account that has proved a phone.
async fn holder(bench: &Bench<'_>, application: &ApplicationId, name: &str, phone: Phone) -> Account {
    let account = bench.account(application, name).await;
    let (_, attempt) = attempt(bench, &account, phone).await;
    assert_eq!(bench.approve(&attempt, false).await, PLAIN, "a phone that nobody holds must be bound");
    bench.reload_account(&account).await
}

async fn an_approval_binds(bench: &Bench<'_>) {
    let account = bench.account(&bench.ground.application(), "ram").await;
    let (live, attempt) = attempt(bench, &account, bench.ground.phone()).await;
    assert_eq!(bench.approve(&attempt, false).await, PLAIN, "a phone that nobody holds must be bound");

    let bound = Account { phone: Some(attempt.phone), ..account.clone() };
    assert_eq!(bench.reload(&live).await, attempt.approved, "an approval must store the verification");
    assert_eq!(
        bench.reload_account(&account).await,
        bound,
        "an approval must store the phone with the account"
    );
    let found = bench.accounts.find(&account.application, &account.username).await;
    assert_eq!(super::kept(found), Some(bound), "an account must be found by its name with its phone");
    let standing = bench.standing(&live.subject, Day::of(bench.ground.now())).await;
    assert_eq!(
        standing.latest,
        Some(attempt.approved),
        "an approved verification must stand for its subject"
    );
    assert_eq!(standing.guesses, GuessTotals::default(), "a right check must not be counted");
}

async fn what_an_account_has_proved_stands_for_all_its_subjects(bench: &Bench<'_>) {
    let ram = holder(bench, &bench.ground.application(), "ram", bench.ground.phone()).await;
    let sita = bench.account(&ram.application, "sita").await;
    let today = Day::of(bench.ground.now());
    let own =
        Subject { account: Some(ram.id), application: ram.application.clone(), ..bench.ground.subject() };
    for purpose in [Purpose::Contact, Purpose::Login] {
        let subject = Subject { purpose, ..own.clone() };
        let proved = bench.standing(&subject, today).await.proved;
        assert_eq!(proved, ram.phone, "what an account has proved must stand, also before its subject began");
        bench.begun(&subject).await;
        let proved = bench.standing(&subject, today).await.proved;
        assert_eq!(proved, ram.phone, "what an account has proved must stand beside its verification");
    }
    for nobody in [None, Some(sita.id)] {
        let subject = Subject { account: nobody, ..own.clone() };
        assert_eq!(bench.standing(&subject, today).await.proved, None, "another's proof must not stand");
    }
}

async fn a_proof_replaces_what_the_account_proved_before(bench: &Bench<'_>) {
    let first = bench.ground.phone();
    let account = holder(bench, &bench.ground.application(), "ram", first).await;

    let (_, again) = attempt(bench, &account, first).await;
    assert_eq!(
        bench.approve(&again, false).await,
        PLAIN,
        "an account must be able to prove its own phone again"
    );
    let reproved = bench.reload_account(&account).await;
    assert_eq!(
        reproved.phone,
        Some(again.phone),
        "a proof of the same phone must be as young as the last one"
    );

    let (_, other) = attempt(bench, &account, bench.ground.phone()).await;
    assert_eq!(bench.approve(&other, false).await, PLAIN, "an account must be able to prove another phone");
    let moved = bench.reload_account(&account).await;
    assert_eq!(moved.phone, Some(other.phone), "a proof of another phone must replace the one before");
}

async fn a_phone_of_another_account_is_taken(bench: &Bench<'_>) {
    let phone = bench.ground.phone();
    let ram = holder(bench, &bench.ground.application(), "ram", phone).await;
    let sita = holder(bench, &ram.application, "sita", bench.ground.phone()).await;
    let (live, attempt) = attempt(bench, &sita, phone).await;

    let approved = bench.approve(&attempt, false).await;
    assert_eq!(approved, Approved::PhoneTaken, "a phone that another account holds must be refused");
    unchanged(bench, &live, &[&ram, &sita], "a refused approval").await;
}

async fn a_transfer_takes_it_from_the_other(bench: &Bench<'_>) {
    let phone = bench.ground.phone();
    let ram = holder(bench, &bench.ground.application(), "ram", phone).await;
    let sita = holder(bench, &ram.application, "sita", bench.ground.phone()).await;
    let hari = holder(bench, &ram.application, "hari", bench.ground.phone()).await;
    let (live, attempt) = attempt(bench, &sita, phone).await;

    let approved = bench.approve(&attempt, true).await;
    let from_ram = Approved::Stored { transferred_from: Some(ram.id) };
    assert_eq!(approved, from_ram, "a transfer must tell who lost the phone");
    assert_eq!(bench.reload(&live).await, attempt.approved, "a transfer must store the verification");
    assert_eq!(
        bench.reload_account(&sita).await.phone,
        Some(attempt.phone),
        "a transfer must bind the phone"
    );
    let without = Account { phone: None, ..ram.clone() };
    assert_eq!(
        bench.reload_account(&ram).await,
        without,
        "a transfer must take the phone, and nothing else, away"
    );
    assert_eq!(bench.reload_account(&hari).await, hari, "a transfer must leave others alone");

    let (_, own) = self::attempt(bench, &sita, phone).await;
    assert_eq!(
        bench.approve(&own, true).await,
        PLAIN,
        "nobody loses a phone to an account that holds it already"
    );
    let (_, fresh) = self::attempt(bench, &sita, bench.ground.phone()).await;
    assert_eq!(bench.approve(&fresh, true).await, PLAIN, "nobody loses a phone that nobody holds");
}

async fn applications_do_not_share_holders(bench: &Bench<'_>) {
    let phone = bench.ground.phone();
    let here = holder(bench, &bench.ground.application(), "ram", phone).await;
    let there = holder(bench, &bench.ground.application(), "ram", phone).await;
    let (_, again) = attempt(bench, &there, phone).await;
    assert_eq!(
        bench.approve(&again, true).await,
        PLAIN,
        "a transfer must not reach into another application"
    );
    let still = bench.reload_account(&here).await;
    assert_eq!(still, here, "an account must keep its phone whatever happens in another application");
}

async fn a_phone_that_was_given_up_is_free(bench: &Bench<'_>) {
    let phone = bench.ground.phone();
    let ram = holder(bench, &bench.ground.application(), "ram", phone).await;
    let (_, elsewhere) = attempt(bench, &ram, bench.ground.phone()).await;
    assert_eq!(
        bench.approve(&elsewhere, false).await,
        PLAIN,
        "an account must be able to prove another phone"
    );
    let sita = holder(bench, &ram.application, "sita", phone).await;
    let held = sita.phone.map(|held: VerifiedPhone| held.phone);
    assert_eq!(held, Some(phone), "a phone whose holder has moved on must be free");
}

async fn a_conflict_binds_nothing(bench: &Bench<'_>) {
    let account = bench.account(&bench.ground.application(), "ram").await;
    let (live, attempt) = attempt(bench, &account, bench.ground.phone()).await;
    let moved = changed(&live);
    bench.must_save(&moved, None).await;
    for transfer in [false, true] {
        let approved = bench.approve(&attempt, transfer).await;
        assert_eq!(approved, Approved::Conflict, "an approval of another version must be a conflict");
    }
    let spent = under_no_room(attempt);
    let approved = bench.approve(&spent, false).await;
    assert_eq!(
        approved,
        Approved::Conflict,
        "a conflict must be told as one even when the budget is spent as well"
    );
    unchanged(bench, &moved, &[&account], "a conflict").await;
}

async fn a_spent_budget_binds_nothing(bench: &Bench<'_>) {
    let account = bench.account(&bench.ground.application(), "ram").await;
    let (live, attempt) = attempt(bench, &account, bench.ground.phone()).await;
    let spent = under_no_room(attempt);
    for transfer in [false, true] {
        let approved = bench.approve(&spent, transfer).await;
        assert_eq!(approved, Approved::BudgetSpent, "a right code must not be compared beyond the budget");
    }
    unchanged(bench, &live, &[&account], "a spent budget").await;
}

/// Verification, accounts and ledger are as they were.
async fn unchanged(bench: &Bench<'_>, verification: &Verification, accounts: &[&Account], what: &str) {
    assert_eq!(
        bench.reload(verification).await,
        *verification,
        "{what} must leave the verification as it was"
    );
    for account in accounts {
        assert_eq!(
            bench.reload_account(account).await,
            **account,
            "{what} must leave every account as it was"
        );
    }
    let totals = bench.totals(verification.subject.phone, Day::of(bench.ground.now())).await;
    assert_eq!(totals, GuessTotals::default(), "{what} must count nothing");
}
