//! Short talks with a Postgres: one connection per talk, and a bound on every wait.

use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

/// On a whole talk.
const BOUND: Duration = Duration::from_secs(20);

/// Runs one statement.
pub(crate) async fn execute(url: &str, statement: String) -> Result<(), String> {
    query(url, statement).await.map(drop)
}

/// The answer to a question of one text.
pub(crate) async fn ask(url: &str, question: &str) -> Result<Option<String>, String> {
    let rows = query(url, question.to_owned()).await?;
    let text = rows.first().map(|row| row.try_get::<Option<String>, _>(0)).transpose();
    text.map(Option::flatten).map_err(|error| error.to_string())
}

async fn query(url: &str, statement: String) -> Result<Vec<PgRow>, String> {
    let talk = async {
        let mut connection = PgConnection::connect(url).await?;
        let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(&mut connection).await?;
        connection.close().await?;
        Ok(rows)
    };
    let answer = tokio::time::timeout(BOUND, talk).await;
    let answer = answer.map_err(|_| format!("Postgres did not answer within {BOUND:?}"))?;
    answer.map_err(|error: sqlx::Error| error.to_string())
}

/// The same URL with another database.
pub(crate) fn with_database(url: &str, database: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let query = url[start..].find('?').map_or(url.len(), |at| start + at);
    let path = url[start..query].find('/').map_or(query, |at| start + at);
    format!("{}/{database}{}", &url[..path], &url[query..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_of_a_url_changes() {
        assert_eq!(with_database("postgres://u@h:1/postgres", "t"), "postgres://u@h:1/t");
        assert_eq!(with_database("postgres://u:p@h:1,g:2/a?x=/y", "t"), "postgres://u:p@h:1,g:2/t?x=/y");
        assert_eq!(with_database("postgres://h?sslmode=require", "t"), "postgres://h/t?sslmode=require");
        assert_eq!(with_database("postgres://h", "t"), "postgres://h/t");
    }
}
