//! Accounts, as operators handle them.

use super::{Failure, Verifier};
use crate::account::{Account, Username};
use crate::application::ApplicationId;
use crate::id::AccountId;
use crate::ports::Page;

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
    let now = verifier.now();
    let id = AccountId::new(now, verifier.ports.entropy.as_ref())?;
    let account = Account { id, application, username, phone: None, created_at: now };
    Ok(verifier.ports.accounts.add(&account).await?)
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
