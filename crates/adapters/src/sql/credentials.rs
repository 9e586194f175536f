//! Keys and user tokens, in any database.

use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{Credential, SecretHash};
use domain::id::{AccountId, CredentialId};
use domain::ports::{CredentialFilter, Holder, Page};
use domain::time::Timestamp;
use uuid::Uuid;

use super::arguments::{self, Arguments as _};
use super::columns::Columns;
use super::engine::{Engine, Twice};
use super::failure::Failure;
use super::statements::{
    HOLDER, ISSUE, LIST_KEYS, LIST_TOKENS, LIST_TOKENS_OF_ACCOUNT, LOAD_CREDENTIAL, REVOKE,
};

pub(super) async fn issue<E: Engine>(
    engine: &E,
    credential: &Credential,
    hash: &SecretHash,
) -> Result<(), Failure> {
    let query = arguments::credential(E::query(ISSUE), credential, hash);
    // A second time its own id is in the way.
    engine.tell(query, Twice::Different).await.map(drop)
}

pub(super) async fn holder<E: Engine>(engine: &E, hash: &SecretHash) -> Result<Option<Holder>, Failure> {
    let rows = engine.ask(E::query(HOLDER).bytes(hash.bytes().as_slice())).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut columns = Columns::of(row, engine.vault());
    Ok(Some(Holder { credential: columns.credential()?, account: columns.optional_identity()? }))
}

pub(super) async fn list<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    which: CredentialFilter,
    page: Page<CredentialId>,
) -> Result<Vec<(Credential, Option<Username>)>, Failure> {
    let (statement, account) = match which {
        CredentialFilter::Keys => (LIST_KEYS, None),
        CredentialFilter::UserTokens(None) => (LIST_TOKENS, None),
        CredentialFilter::UserTokens(Some(account)) => (LIST_TOKENS_OF_ACCOUNT, Some(account)),
    };
    let mut query = E::query(statement)
        .text(application.as_str())
        // No id is as great: an open page begins at the end.
        .uuid(page.before.map_or(Uuid::max(), CredentialId::uuid))
        .whole(i64::from(page.limit));
    if let Some(account) = account {
        query = query.uuid(account.uuid());
    }
    let rows = engine.ask(query).await?;
    rows.iter()
        .map(|row| {
            let mut columns = Columns::of(row, engine.vault());
            Ok((columns.credential()?, columns.username()?))
        })
        .collect()
}

pub(super) async fn load<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    which: CredentialFilter,
    id: CredentialId,
) -> Result<Option<(Credential, Option<Username>)>, Failure> {
    let (is_token, account) = parts(which);
    let query = E::query(LOAD_CREDENTIAL)
        .uuid(id.uuid())
        .text(application.as_str())
        .truth(is_token)
        .uuid(account.map(AccountId::uuid));
    let found = engine.ask(query).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let mut columns = Columns::of(row, engine.vault());
    Ok(Some((columns.credential()?, columns.username()?)))
}

pub(super) async fn revoke<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    which: CredentialFilter,
    id: CredentialId,
    now: Timestamp,
) -> Result<Option<Credential>, Failure> {
    let (is_token, account) = parts(which);
    let query = E::query(REVOKE)
        .uuid(id.uuid())
        .text(application.as_str())
        .instant(now)
        .truth(is_token)
        .uuid(account.map(AccountId::uuid));
    let revoked = engine.tell(query, Twice::Harmless).await?.rows;
    revoked.first().map(|row| Columns::of(row, engine.vault()).credential()).transpose()
}

/// Whether user tokens are meant, and whose.
const fn parts(which: CredentialFilter) -> (bool, Option<AccountId>) {
    match which {
        CredentialFilter::Keys => (false, None),
        CredentialFilter::UserTokens(account) => (true, account),
    }
}
