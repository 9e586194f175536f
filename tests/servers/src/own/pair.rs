//! A Postgres with a synchronous standby.

use super::postgres::{Care, Postgres};
use crate::background;
use crate::process::await_that;
use crate::sql;

/// A primary that answers a commit when its standby has it on its disk too, and that standby.
///
/// `synchronous_commit` is `on`, not `remote_apply`: a standby replays what it has before its promotion ends, so
/// nothing answered is lost, and nobody reads from it before that.
#[derive(Debug)]
pub struct PostgresPair {
    primary: Postgres,
    standby: Postgres,
    url: String,
}

impl PostgresPair {
    /// Starts both, with an empty database; returns when the standby is synchronous.
    pub async fn start() -> Self {
        let pair = background::blocking(Self::launch).await;
        pair.unwrap_or_else(|error| panic!("no pair of Postgres: {error}"))
    }

    /// The URL of the database on both hosts, the primary first: `postgres://user@host:port,host:port/database`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server that was the primary at the start.
    #[must_use]
    pub fn primary(&self) -> &Postgres {
        &self.primary
    }

    /// The server that was the standby at the start.
    #[must_use]
    pub fn standby(&self) -> &Postgres {
        &self.standby
    }

    /// SIGKILL to the primary.
    pub fn kill_primary(&self) {
        self.primary.kill();
    }

    /// Makes the standby the primary; returns when it takes writes. It waits for no standby of its own. The old
    /// primary must not come back: frozen and thawed, it hangs at its first commit, for want of a standby.
    pub async fn promote(&self) {
        let url = self.standby.url().to_owned();
        background::run(async move {
            let promoted = sql::ask(&url, "SELECT pg_promote(true, 60)::text").await;
            assert_eq!(promoted, Ok(Some("true".to_owned())), "the standby is promoted");
        })
        .await;
    }

    fn launch() -> Result<Self, String> {
        let primary = Postgres::launch(Care::Durable)?;
        let standby = primary.launch_standby()?;
        let url = primary.url();
        // After the copy was made, so that the copy does not wait for a standby when it is promoted.
        let wait_for_it = "ALTER SYSTEM SET synchronous_standby_names = '*'".to_owned();
        background::wait(sql::execute(url, wait_for_it))?;
        background::wait(sql::execute(url, "SELECT pg_reload_conf()".to_owned()))?;
        let question = "SELECT string_agg(sync_state, ' ') FROM pg_stat_replication";
        await_that("the standby is synchronous", || {
            background::wait(sql::ask(url, question)).is_ok_and(|state| state.as_deref() == Some("sync"))
        });
        let hosts = format!("127.0.0.1:{},127.0.0.1:{}", primary.port(), standby.port());
        Ok(Self { url: format!("postgres://postgres@{hosts}/postgres"), primary, standby })
    }
}
