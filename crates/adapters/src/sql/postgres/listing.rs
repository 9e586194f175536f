//! Pages of verifications.

use domain::id::{AccountId, VerificationId};
use domain::ports::{Page, VerificationFilter};
use domain::verification::Verification;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::Database;
use crate::sql::columns::{Columns, verification_columns};
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;

const SELECT: &str = concat!(
    "SELECT ",
    verification_columns!(),
    " FROM verifications v LEFT JOIN accounts a ON a.id = v.account_id WHERE v.id < "
);

/// A page of verifications, youngest first.
pub(super) async fn verifications(
    database: &Database,
    filter: &VerificationFilter,
    page: Page<VerificationId>,
) -> Result<Vec<Verification>, Failure> {
    let told = database.run(statement(database, filter, page).build(), Twice::Harmless).await?;
    told.rows.iter().map(|row| Columns::of(row, &database.vault).verification()).collect()
}

/// The statement of a page. It is put together from constants, and one of few: the filters decide which.
pub(super) fn statement(
    database: &Database,
    filter: &VerificationFilter,
    page: Page<VerificationId>,
) -> QueryBuilder<Postgres> {
    let mut statement = QueryBuilder::new(SELECT);
    // No id is as great: an open page begins at the end.
    statement.push_bind(page.before.map_or(Uuid::max(), VerificationId::uuid));
    if let Some(phone) = filter.phone {
        statement.push(" AND v.phone = ").push_bind(database.vault.seal(phone));
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
    statement.push(" ORDER BY v.id DESC LIMIT ").push_bind(i64::from(page.limit));
    statement
}
