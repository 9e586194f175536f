//! The contract of the store of accounts.

mod phones;

use std::sync::Arc;

use super::super::demand::kept;
use super::ground::{Ground, username};
use super::race::{RACERS, race};
use crate::account::{Account, VerifiedPhone};
use crate::application::ApplicationId;
use crate::id::AccountId;
use crate::ports::{AccountStore, Page};

/// The contract of [`AccountStore`].
///
/// # Panics
/// When a promise is not kept.
pub async fn account_store(accounts: Arc<dyn AccountStore>, ground: &Ground) {
    let bench = Bench { accounts, ground };
    what_was_never_added_is_not_found(&bench).await;
    what_is_added_is_found(&bench).await;
    a_name_is_given_once(&bench).await;
    names_are_compared_exactly(&bench).await;
    applications_do_not_share_names(&bench).await;
    pages_have_no_gap_and_no_duplicate(&bench).await;
    racing_adds_of_one_name_make_one_account(&bench).await;
    phones::all(&bench).await;
}

struct Bench<'a> {
    accounts: Arc<dyn AccountStore>,
    ground: &'a Ground,
}

impl Bench<'_> {
    async fn must_add(&self, account: &Account) {
        let added = kept(self.accounts.add(account).await);
        assert_eq!(
            added,
            (account.clone(), true),
            "an account with a name of its own must be added as it is"
        );
    }

    async fn find(&self, application: &ApplicationId, name: &str) -> Option<Account> {
        let found = kept(self.accounts.find(application, &username(name)).await);
        let id = kept(self.accounts.id_of(application, &username(name)).await);
        assert_eq!(id, found.as_ref().map(|account| account.id), "an id is that of the account of the name");
        found
    }

    async fn load(&self, account: &Account) -> Option<Account> {
        kept(self.accounts.load_account(account.id).await)
    }

    async fn page(&self, application: &ApplicationId, page: Page<AccountId>) -> Vec<Account> {
        kept(self.accounts.list_accounts(application, page).await)
    }
}

async fn what_was_never_added_is_not_found(bench: &Bench<'_>) {
    let never = bench.ground.account(&bench.ground.application(), "ram");
    assert_eq!(
        bench.find(&never.application, "ram").await,
        None,
        "a name that was never added must not be found"
    );
    assert_eq!(bench.load(&never).await, None, "an id that was never added must not be found");
    let page = bench.page(&never.application, Page { before: None, limit: 10 }).await;
    assert_eq!(page, [], "a listing of an application without accounts must be empty");
}

async fn what_is_added_is_found(bench: &Bench<'_>) {
    let plain = bench.ground.account(&bench.ground.application(), "ram");
    let proved = VerifiedPhone { phone: bench.ground.phone(), verified_at: bench.ground.now() };
    let sita = bench.ground.account(&plain.application, "sita");
    for account in [plain, Account { phone: Some(proved), ..sita }] {
        bench.must_add(&account).await;
        let by_name = bench.find(&account.application, account.username.as_str()).await;
        assert_eq!(by_name.as_ref(), Some(&account), "an account must be found by its name as it was added");
        let by_id = bench.load(&account).await;
        assert_eq!(by_id.as_ref(), Some(&account), "an account must be found by its id as it was added");
    }
}

async fn a_name_is_given_once(bench: &Bench<'_>) {
    let first = bench.ground.account(&bench.ground.application(), "ram");
    bench.must_add(&first).await;
    let second = bench.ground.account(&first.application, "ram");
    let added = kept(bench.accounts.add(&second).await);
    assert_eq!(added, (first.clone(), false), "a name that is given must answer the account that has it");
    assert_eq!(bench.load(&second).await, None, "an account whose name is given must not be stored");
    assert_eq!(
        bench.load(&first).await,
        Some(first.clone()),
        "the account that has the name must stay as it was"
    );
    let again = kept(bench.accounts.add(&first).await);
    assert!(!again.1 || again.0 == first, "the same account once more must be the same account");
}

async fn names_are_compared_exactly(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let long = "र".repeat(150);
    // The two spellings of é are one name to a human and two names here.
    let names = [
        "ram",
        "Ram",
        "RAM",
        "r_m",
        "r%m",
        "ram@example.com",
        "राम",
        "caf\u{e9}",
        "cafe\u{301}",
        "a b",
        "ß",
        "ss",
        &long,
    ];
    let mut accounts = Vec::new();
    for name in names {
        let account = bench.ground.account(&application, name);
        bench.must_add(&account).await;
        accounts.push(account);
    }
    for account in accounts {
        let found = bench.find(&application, account.username.as_str()).await;
        assert_eq!(found, Some(account), "each spelling must be an account of its own");
    }
    assert_eq!(
        bench.find(&application, "rAm").await,
        None,
        "a spelling that was never added must not be found"
    );
}

async fn applications_do_not_share_names(bench: &Bench<'_>) {
    let here = bench.ground.account(&bench.ground.application(), "ram");
    let there = bench.ground.account(&bench.ground.application(), "ram");
    bench.must_add(&here).await;
    assert_eq!(
        bench.find(&there.application, "ram").await,
        None,
        "a name must not be found in another application"
    );
    bench.must_add(&there).await;
    assert_eq!(
        bench.find(&here.application, "ram").await,
        Some(here),
        "each application must have its own account"
    );
}

async fn pages_have_no_gap_and_no_duplicate(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let at_once = bench.ground.now();
    let mut all = Vec::new();
    for number in 0..7 {
        let mut account = bench.ground.account(&application, &format!("account-{number}"));
        if number > 3 {
            account.id = kept(AccountId::new(at_once, bench.ground.entropy()));
            account.created_at = at_once;
        }
        bench.must_add(&account).await;
        all.push(account);
    }
    bench.must_add(&bench.ground.account(&bench.ground.application(), "stranger")).await;
    all.sort_unstable_by_key(|account| account.id);
    all.reverse();
    for limit in [1, 2, 3, 7, 8] {
        let mut found: Vec<Account> = Vec::new();
        loop {
            let page = Page { before: found.last().map(|last| last.id), limit };
            let part = bench.page(&application, page).await;
            assert!(part.len() <= usize::from(limit), "a page must hold no more than was asked for");
            if part.is_empty() {
                break;
            }
            found.extend(part);
            assert!(found.len() <= all.len(), "pages must come to an end");
        }
        assert_eq!(found, all, "pages of {limit} must hold everything once, youngest first");
    }
}

async fn racing_adds_of_one_name_make_one_account(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let all: Vec<_> = (0..RACERS).map(|_| bench.ground.account(&application, "ram")).collect();
    let answers = race(|racer| {
        let (accounts, account) = (Arc::clone(&bench.accounts), all[racer].clone());
        async move { kept(accounts.add(&account).await) }
    })
    .await;
    let made = answers.iter().filter(|(_, made)| *made).count();
    assert_eq!(made, 1, "of {RACERS} adds of one name one must make an account");
    let stored = bench.find(&application, "ram").await;
    for (account, made) in answers {
        assert_eq!(stored.as_ref(), Some(&account), "every add of one name must answer the one account");
        let given = all.iter().any(|given| given.id == account.id);
        assert!(given || !made, "the account that is made must be the one that was given");
    }
    let page = bench.page(&application, Page { before: None, limit: 10 }).await;
    assert_eq!(page.len(), 1, "of {RACERS} adds of one name one account must come");
}
