//! Accounts, as their applications and operators handle them. A user token sees its own account and may give its phone
//! up; keys see the accounts of their application; only who administers gives an account a phone without a code.

use super::applications::administered;
use super::{Answer, Failure, Stop, Verifier, answer};
use crate::account::{Account, AccountIdentity, Username, VerifiedPhone};
use crate::application::ApplicationId;
use crate::credential::Caller;
use crate::event::{Event, EventPlace};
use crate::id::AccountId;
use crate::phone::Phone;
use crate::ports::{EventFilter, Page, PhoneMoved, PhoneSet, PortError};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// Adds an account, or answers the one that has the name; the flag tells which.
///
/// # Errors
/// [`Failure`] when a port fails or the application is not configured.
pub async fn add(
    verifier: &Verifier,
    application: &ApplicationId,
    username: Username,
) -> Result<(Account, bool), Failure> {
    let application = verifier.application(application)?.id.clone();
    Ok(added(verifier, application, username).await?)
}

async fn added(
    verifier: &Verifier,
    application: ApplicationId,
    username: Username,
) -> Result<(Account, bool), PortError> {
    let now = verifier.now();
    let id = AccountId::new(now, verifier.ports.entropy.as_ref())?;
    let account = Account { id, application, username, phone: None, created_at: now };
    verifier.ports.accounts.add(&account).await
}

/// The account of this name, which is made on first use.
pub(super) async fn named(
    verifier: &Verifier,
    application: &ApplicationId,
    username: &Username,
) -> Result<AccountIdentity, PortError> {
    let id = match verifier.ports.accounts.id_of(application, username).await? {
        Some(id) => id,
        None => added(verifier, application.clone(), username.clone()).await?.0.id,
    };
    Ok(AccountIdentity { id, application: application.clone(), username: username.clone() })
}

/// The account of this name.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn find(
    verifier: &Verifier,
    application: &ApplicationId,
    username: &Username,
) -> Result<Option<Account>, Failure> {
    Ok(verifier.ports.accounts.find(application, username).await?)
}

/// A page of accounts, youngest first.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn list(
    verifier: &Verifier,
    application: &ApplicationId,
    page: Page<AccountId>,
) -> Result<Vec<Account>, Failure> {
    Ok(verifier.ports.accounts.list_accounts(application, page).await?)
}

/// Adds an account to the caller's application, or answers the one that has the name; the flag tells which.
///
/// # Errors
/// [`Failure`] when a port fails or the application is not configured.
pub async fn create(
    verifier: &Verifier,
    caller: &Caller,
    username: Username,
) -> Result<Answer<(Account, bool)>, Failure> {
    let created = async { Ok(add(verifier, of_a_key(caller)?, username).await?) };
    answer(created.await)
}

/// One account that the caller may see.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn look_at(
    verifier: &Verifier,
    caller: &Caller,
    id: AccountId,
) -> Result<Answer<Account>, Failure> {
    answer(visible(verifier, caller, id).await)
}

/// The account of a user token, as it is now.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn own(verifier: &Verifier, caller: &Caller) -> Result<Answer<Account>, Failure> {
    let own = async { visible(verifier, caller, own_id(caller)?).await };
    answer(own.await)
}

/// A page of the accounts of the caller's application, youngest first; with a name, the one that has it.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn browse(
    verifier: &Verifier,
    caller: &Caller,
    username: Option<&Username>,
    page: Page<AccountId>,
) -> Result<Answer<Vec<Account>>, Failure> {
    let browsed = async {
        let application = of_a_key(caller)?;
        let Some(username) = username else { return Ok(list(verifier, application, page).await?) };
        let named = find(verifier, application, username).await?;
        let on_page = |account: &Account| page.before.is_none_or(|before| account.id < before);
        Ok(named.into_iter().filter(on_page).collect())
    };
    answer(browsed.await)
}

/// Takes the phone from an account that the caller may see; taking it twice is the same as once. Verifications that are
/// live go on: one for the purpose `contact` may bind a phone again, the others need the phone that is gone, and
/// refuse at once.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn unlink_phone(
    verifier: &Verifier,
    caller: &Caller,
    id: AccountId,
) -> Result<Answer<PhoneMoved>, Failure> {
    answer(unlink_or_stop(verifier, caller, id).await)
}

/// The same, of a user token's own account.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn unlink_own_phone(verifier: &Verifier, caller: &Caller) -> Result<Answer<PhoneMoved>, Failure> {
    let unlinked = async { unlink_or_stop(verifier, caller, own_id(caller)?).await };
    answer(unlinked.await)
}

async fn unlink_or_stop(verifier: &Verifier, caller: &Caller, id: AccountId) -> Result<PhoneMoved, Stop> {
    if matches!(caller, Caller::User(own) if own.id != id) {
        return Err(Refusal::AccountNotFound.into());
    }
    let moved = verifier.ports.accounts.unlink_phone(caller.application(), id, verifier.now()).await?;
    moved.ok_or(Refusal::AccountNotFound.into())
}

/// Gives an account a phone that was proved elsewhere, such as in a system that this one replaces, in the place of the
/// one it has. A phone that another account holds stays there, whatever the policy says of newer proofs.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn change_phone(
    verifier: &Verifier,
    caller: &Caller,
    id: AccountId,
    phone: Phone,
    verified_at: Option<Timestamp>,
) -> Result<Answer<PhoneMoved>, Failure> {
    let changed = async {
        let application = administered(caller)?;
        let now = verifier.now();
        let phone = VerifiedPhone { phone, verified_at: verified_at.map_or(now, |at| at.min(now)) };
        match verifier.ports.accounts.set_phone(application, id, phone, now).await? {
            PhoneSet::Set(moved) => Ok(moved),
            PhoneSet::Taken => Err(Refusal::PhoneTaken.into()),
            PhoneSet::NoAccount => Err(Refusal::AccountNotFound.into()),
        }
    };
    answer(changed.await)
}

/// A page of what happened to an account that the caller may see, youngest first: how its verifications ended, and how it
/// came to its phone or lost it.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn history(
    verifier: &Verifier,
    caller: &Caller,
    id: AccountId,
    page: Page<EventPlace>,
) -> Result<Answer<Vec<Event>>, Failure> {
    let happened = async {
        let account = visible(verifier, caller, id).await?;
        let filter = EventFilter { account: Some(account.id), ..EventFilter::default() };
        Ok(verifier.ports.events.list_events(&account.application, &filter, page).await?)
    };
    answer(happened.await)
}

/// The application of a key: a user token handles its own account only.
pub(super) const fn of_a_key(caller: &Caller) -> Result<&ApplicationId, Refusal> {
    match caller {
        Caller::Application(application) | Caller::Admin(application) => Ok(application),
        Caller::User(_) => Err(Refusal::ScopeMissing),
    }
}

/// The account of a user token; a key has none.
const fn own_id(caller: &Caller) -> Result<AccountId, Refusal> {
    match caller {
        Caller::User(own) => Ok(own.id),
        Caller::Application(_) | Caller::Admin(_) => Err(Refusal::ScopeMissing),
    }
}

/// The account as it is now, when the caller may see it.
pub(super) async fn visible(verifier: &Verifier, caller: &Caller, id: AccountId) -> Result<Account, Stop> {
    // What the caller may not see anyway is not looked for.
    if matches!(caller, Caller::User(own) if own.id != id) {
        return Err(Refusal::AccountNotFound.into());
    }
    let found = verifier.ports.accounts.load_account(id).await?;
    let found = found.filter(|account| account.application == *caller.application());
    found.ok_or(Refusal::AccountNotFound.into())
}
