//! How a PostgreSQL is used: where it is, how many connections there are, and how long is waited for what.

use std::time::Duration;

use super::address::{PostgresAddress, PostgresUrlFault};

/// Where the database is, and how long is waited for it. A call of a port takes no longer than the acquire time-out and
/// the statement time-out together, whatever the servers do. (Adding an account whose name is taken is two such calls.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// The hosts, and who asks there.
    pub address: PostgresAddress,
    /// The most connections that are open at once; at least one. Default 16. All replicas together stay below the
    /// server's `max_connections`.
    pub connections_max: u32,
    /// How long one host may take until it has accepted a connection and is known to be the primary; then comes the
    /// next one's turn. Default 3 s.
    pub connect_timeout: Duration,
    /// How long a call waits for a connection. While no host is the primary (a restart, a fail-over), the hosts are
    /// tried again until then. Default 5 s.
    pub acquire_timeout: Duration,
    /// How long a statement may take. The server is told to give up a little earlier, so that a connection outlives a
    /// statement that was too slow. Default 5 s.
    pub statement_timeout: Duration,
    /// How many calls of a kind wait at the most for those before them; the next is refused at once. Default 10,000.
    pub waiting_max: usize,
    /// How long a connection may be without work before it is closed. Default 10 min.
    pub idle_timeout: Duration,
}

impl PostgresOptions {
    /// The database at this URL, with the defaults. See [`PostgresAddress`] for what the URL may say.
    ///
    /// # Errors
    /// [`PostgresUrlFault`] when it is none.
    pub fn from_url(url: &str) -> Result<Self, PostgresUrlFault> {
        Ok(Self {
            address: PostgresAddress::parse(url)?,
            connections_max: 16,
            connect_timeout: Duration::from_secs(3),
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            waiting_max: 10_000,
            idle_timeout: Duration::from_mins(10),
        })
    }

    /// The URL, with a mask instead of the password.
    #[must_use]
    pub fn shown(&self) -> String {
        self.address.shown().to_owned()
    }

    /// The statement that every connection begins with: it sets what holds for all that follow, and answers whether the
    /// server takes changes.
    pub(super) fn greeting(&self) -> String {
        // Nine tenths: the server gives up first, and what it answers then is an answer.
        let statement = self.statement_timeout.mul_f64(0.9);
        let millis = |wait: Duration| wait.as_millis().clamp(1, i32::MAX.unsigned_abs().into()).to_string();
        let settings = [
            ("statement_timeout", millis(statement)),
            // A lock is waited for no longer than leaves a statement the time to do its work.
            ("lock_timeout", millis(statement / 2)),
            ("idle_in_transaction_session_timeout", millis(self.statement_timeout * 2)),
            // The server notices a client that is gone within two minutes.
            ("tcp_keepalives_idle", "60".to_owned()),
            ("tcp_keepalives_interval", "10".to_owned()),
            ("tcp_keepalives_count", "6".to_owned()),
            // The statements are written for this one: behind a wait for a row they see the newest one.
            ("default_transaction_isolation", "read committed".to_owned()),
            // Every statement is a look-up by an index, whatever is looked for: one plan serves all arguments, and it
            // stays right when a table that was empty fills.
            ("plan_cache_mode", "force_generic_plan".to_owned()),
            ("enable_seqscan", "off".to_owned()),
            // Compiling one takes longer than running it.
            ("jit", "off".to_owned()),
            // A warning is worth a line in the log, a notice is not.
            ("client_min_messages", "warning".to_owned()),
        ];
        let mut greeting = String::from("SELECT ");
        for (name, value) in settings {
            // Nothing in here comes from outside.
            for part in ["set_config('", name, "', '", &value, "', false), "] {
                greeting.push_str(part);
            }
        }
        greeting.push_str(DURABILITY);
        greeting.push_str(", current_setting('transaction_read_only') = 'off' AS writable");
        greeting
    }
}

/// What is answered is kept: a server, or a role, that is set up to forget answers in a crash is asked not to.
const DURABILITY: &str = "set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' \
     ELSE current_setting('synchronous_commit') END, false)";
