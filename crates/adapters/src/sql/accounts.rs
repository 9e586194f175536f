//! Accounts, in any database.

use domain::account::{Account, Username, VerifiedPhone};
use domain::application::ApplicationId;
use domain::id::AccountId;
use domain::ports::{Page, PhoneMoved};
use uuid::Uuid;

use super::arguments::{self, Arguments as _};
use super::columns::Columns;
use super::engine::{Engine, Twice};
use super::failure::Failure;
use super::rows::RowFault;
use super::statements::{ADD_ACCOUNT, FIND_ACCOUNT, LIST_ACCOUNTS, LOAD_ACCOUNT};

pub(super) async fn add<E: Engine>(engine: &E, account: &Account) -> Result<(Account, bool), Failure> {
    let query = arguments::account(E::query(ADD_ACCOUNT), engine.vault(), account);
    if engine.tell(query, Twice::Harmless).await?.changed == 1 {
        return Ok((account.clone(), true));
    }
    // No account is ever deleted, so the one that stood in the way is still there. A statement that had to run twice
    // meets the account that it has added itself.
    let present = find(engine, &account.application, &account.username).await?.ok_or(RowFault("account"))?;
    let given = present.id == account.id;
    Ok((present, given))
}

pub(super) async fn find<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    username: &Username,
) -> Result<Option<Account>, Failure> {
    one(engine, E::query(FIND_ACCOUNT).text(application.as_str()).text(username.as_str())).await
}

pub(super) async fn load<E: Engine>(engine: &E, id: AccountId) -> Result<Option<Account>, Failure> {
    one(engine, E::query(LOAD_ACCOUNT).uuid(id.uuid())).await
}

pub(super) async fn list<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    page: Page<AccountId>,
) -> Result<Vec<Account>, Failure> {
    let query = E::query(LIST_ACCOUNTS)
        .text(application.as_str())
        // No id is as great: an open page begins at the end.
        .uuid(page.before.map_or(Uuid::max(), AccountId::uuid))
        .whole(i64::from(page.limit));
    let rows = engine.ask(query).await?;
    rows.iter().map(|row| Columns::of(row, engine.vault()).account()).collect()
}

async fn one<E: Engine>(engine: &E, query: E::Query) -> Result<Option<Account>, Failure> {
    let rows = engine.ask(query).await?;
    rows.first().map(|row| Columns::of(row, engine.vault()).account()).transpose()
}

/// The account of a row that was read before its phone became this one.
pub(super) fn moved(before: Account, phone: Option<VerifiedPhone>) -> PhoneMoved {
    PhoneMoved { before: before.phone, account: Account { phone, ..before } }
}
