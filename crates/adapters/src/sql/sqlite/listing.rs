//! Pages of verifications. Owns which index serves which filter; the planner, which knows no counts, is not asked.

use domain::id::{AccountId, VerificationId};
use domain::ports::{Page, VerificationFilter};
use domain::verification::Verification;
use sqlx::{QueryBuilder, Sqlite};
use uuid::Uuid;

use super::Database;
use crate::sql::columns::{Columns, verification_columns};
use crate::sql::failure::Failure;

const SELECT: &str = concat!("SELECT ", verification_columns!(), " FROM verifications v INDEXED BY ");

/// A page of verifications, youngest first.
pub(super) async fn verifications(
    database: &Database,
    filter: &VerificationFilter,
    page: Page<VerificationId>,
) -> Result<Vec<Verification>, Failure> {
    let rows = statement(database, filter, page).build().fetch_all(&database.readers).await?;
    rows.iter().map(|row| Columns::of(row, &database.vault).verification()).collect()
}

/// The statement of a page. It is put together from constants, and one of few: the filters decide which.
pub(super) fn statement(
    database: &Database,
    filter: &VerificationFilter,
    page: Page<VerificationId>,
) -> QueryBuilder<Sqlite> {
    let mut statement = QueryBuilder::new(SELECT);
    statement.push(index_for(filter));
    statement.push(" LEFT JOIN accounts a ON a.id = v.account_id WHERE v.id < ");
    // No id is as great: an open page begins at the end.
    statement.push_bind(page.before.map_or(Uuid::max(), VerificationId::uuid));
    if let Some(phone) = filter.phone {
        statement.push(" AND v.phone = ").push_bind(database.vault.seal(phone).to_vec());
    }
    if let Some(application) = &filter.application {
        statement.push(" AND v.application = ").push_bind(application.as_str().to_owned());
    }
    if let Some(account) = filter.account {
        statement.push(" AND v.account_id = ").push_bind(AccountId::uuid(account));
    }
    if let Some(state) = filter.state {
        statement.push(" AND v.state = ").push_bind(state);
    }
    statement.push(" ORDER BY v.id DESC LIMIT ").push_bind(page.limit);
    statement
}

/// The narrowest index: a phone has few verifications, an account a few more. That of the phone does not keep their
/// order, which for so few does not matter.
const fn index_for(filter: &VerificationFilter) -> &'static str {
    match filter {
        VerificationFilter { phone: Some(_), .. } => "verifications_by_subject",
        VerificationFilter { account: Some(_), .. } => "verifications_by_account",
        VerificationFilter { application: Some(_), state: Some(_), .. } => "verifications_by_state",
        VerificationFilter { application: Some(_), .. } => "verifications_by_application",
        VerificationFilter { application: None, account: None, phone: None, .. } => "verifications_by_id",
    }
}
