//! Several replicas of the real binary over one PostgreSQL and one Redis, with the simulator in this process.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{RunningSimulator, Simulator, SimulatorConfig};
use sqlx::{Connection as _, Row as _};
use tempfile::TempDir;

use crate::client::{Answer, Client};
use crate::code_in;
use crate::receiver::Receiver;
use crate::service::{Finished, Service, directory, run};
use crate::wire::Wire;

const TOKEN: &str = "token-of-the-test";
const PREFIX: &str = "SPARROW_VERIFY__";

/// What the replicas stand on: settings, by the names of environment variables without their prefix.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    settings: Vec<(String, String)>,
    /// They go when they are dropped.
    _shared: Option<Arc<(servers::Database, servers::KeySpace)>>,
}

/// Replicas of one service.
#[derive(Debug)]
pub struct Fleet {
    /// The replicas that run.
    pub replicas: Vec<Service>,
    /// The simulated phones, and the gateway's behaviour.
    pub simulator: Simulator,
    /// A key of the application.
    pub key: String,
    environment: Vec<(String, String)>,
    directories: Vec<TempDir>,
    gateway: RunningSimulator,
    _ground: Ground,
}

impl Ground {
    /// A `PostgreSQL` database and counters of the test's own, on servers that all tests share.
    pub async fn shared() -> Self {
        let (database, redis) = (servers::database().await, servers::redis().await);
        let ground = Self::default()
            .setting("DATABASE__URL", database.url())
            .setting("COUNTERS__URL", redis.url())
            .setting("COUNTERS__KEY_PREFIX", redis.prefix());
        Self { _shared: Some(Arc::new((database, redis))), ..ground }
    }

    /// An SQLite database in this directory, which counts too.
    #[must_use]
    pub fn sqlite(directory: &std::path::Path) -> Self {
        let file = directory.join("verify.db");
        Self::default().setting("DATABASE__URL", &format!("sqlite://{}", file.display()))
    }

    /// The same with one setting more, or another value of one.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, where a receiver on this machine is told of events, in messages that this secret (`whsec_...`) signs.
    #[must_use]
    pub fn webhook(self, name: &str, receiver: &Receiver, secret: &str) -> Self {
        self.setting(&format!("APPLICATION__WEBHOOKS__{name}__URL"), receiver.url())
            .setting(&format!("APPLICATION__WEBHOOKS__{name}__SECRET"), secret)
            .setting(&format!("APPLICATION__WEBHOOKS__{name}__ALLOW_PRIVATE_ADDRESSES"), "true")
    }

    /// The same with a wire before the server whose URL this setting has.
    pub async fn through_a_wire(self, name: &str) -> (Self, Wire) {
        let url = self.settings.iter().find(|(known, _)| known == name).map(|(_, url)| url.clone());
        let url = url.expect("there is such a server");
        let (_, rest) = url.split_once("://").expect("a URL");
        let server =
            rest.split('/').next().and_then(|rest| rest.rsplit('@').next()).expect("a URL has a host");
        let wire = Wire::to(server).await;
        let url = url.replace(server, &wire.address().to_string());
        (self.setting(name, &url), wire)
    }

    /// The same with short patience for the database and the counters, so that faults show soon.
    #[must_use]
    pub fn impatient(self) -> Self {
        self.setting("DATABASE__CONNECT_TIMEOUT", "1s")
            .setting("DATABASE__ACQUIRE_TIMEOUT", "1s")
            .setting("DATABASE__STATEMENT_TIMEOUT", "1s")
            .setting("COUNTERS__CONNECT_TIMEOUT", "500ms")
            .setting("COUNTERS__ANSWER_TIMEOUT", "500ms")
    }
}

impl Fleet {
    /// Starts so many replicas at once.
    pub async fn start(ground: &Ground, replicas: usize) -> Self {
        // A load sends more than the simulated account usually has.
        let account = SimulatorConfig { credits: 1_000_000, ..SimulatorConfig::new(TOKEN, "Test") };
        let simulator = Simulator::new(account);
        let gateway = simulator.start(([127, 0, 0, 1], 0).into()).await.expect("the simulator starts");
        let base_url = gateway.base_url();
        let own = [
            ("SERVER__LISTEN", "127.0.0.1:0"),
            ("SECRETS__PEPPER", "a pepper of a test: 0123456789abcdef"),
            ("SECRETS__PHONE_KEY", "a phone key of a test: fedcba987654"),
            ("APPLICATION__NAME", "Test"),
            ("SPARROW__TOKEN", TOKEN),
            ("SPARROW__IDENTITY", "Test"),
            ("SPARROW__BASE_URL", &base_url),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let named = |(name, value): (String, String)| (format!("{PREFIX}{name}"), value);
        let environment: Vec<_> = own.into_iter().chain(ground.settings.iter().cloned()).map(named).collect();
        let mut fleet = Self {
            replicas: Vec::new(),
            simulator,
            key: String::new(),
            environment,
            directories: Vec::new(),
            gateway,
            _ground: ground.clone(),
        };
        fleet.add(replicas).await;
        let issued = fleet.command(&["key", "issue"]);
        issued["secret"].as_str().expect("a secret").clone_into(&mut fleet.key);
        fleet
    }

    /// Starts so many more, all at once.
    pub async fn add(&mut self, replicas: usize) {
        self.add_with(replicas, &[]).await;
    }

    /// Starts so many more, all at once, with these arguments of `serve`.
    pub async fn add_with(&mut self, replicas: usize, arguments: &[&str]) {
        let starting: Vec<_> = (0..replicas)
            .map(|_| {
                let directory = directory();
                let path = directory.path().to_owned();
                self.directories.push(directory);
                let environment = self.environment.clone();
                let mut all = vec!["serve".to_owned(), "--json".to_owned()];
                all.extend(arguments.iter().map(|&argument| argument.to_owned()));
                tokio::task::spawn_blocking(move || {
                    let environment = texts(&environment);
                    let arguments: Vec<&str> = all.iter().map(String::as_str).collect();
                    Service::start(&arguments, &environment, &path)
                })
            })
            .collect();
        for replica in starting {
            self.replicas.push(replica.await.expect("the replica starts"));
        }
    }

    /// Ends a replica as a power failure does, and waits until it is gone.
    pub async fn kill(&mut self, replica: usize) {
        let replica = self.replicas.remove(replica);
        replica.signal("KILL");
        let gone = tokio::task::spawn_blocking(move || replica.wait(Duration::from_secs(10)));
        let _ = gone.await.expect("it ends");
    }

    /// Starts a replica with another value of a setting, which those that come later have too.
    pub async fn add_reconfigured(&mut self, name: &str, value: &str) {
        self.reconfigure(name, value);
        self.add(1).await;
    }

    /// Gives those that come later another value of a setting.
    pub fn reconfigure(&mut self, name: &str, value: &str) {
        let name = format!("{PREFIX}{name}");
        self.environment.retain(|(known, _)| *known != name);
        self.environment.push((name, value.to_owned()));
    }

    /// Where the simulator answers.
    #[must_use]
    pub fn gateway_url(&self) -> String {
        self.gateway.base_url()
    }

    /// Lets all waits between sends be over: moves them an hour back.
    pub async fn cool_down(&self) {
        let done = self.ask("UPDATE verifications SET resend_at = resend_at - $HOUR RETURNING 'done'").await;
        assert_eq!(done.first().map(String::as_str), Some("done"), "there is a verification");
    }

    /// Ends the life of a verification: moves it an hour back.
    pub async fn age(&self, verification: &str) {
        let id = if self.is_sqlite() {
            format!("x'{}'", verification.replace('-', ""))
        } else {
            format!("'{verification}'")
        };
        let statement = format!(
            "UPDATE verifications SET expires_at = expires_at - $HOUR WHERE id = {id} RETURNING 'done'"
        );
        assert_eq!(self.ask(&statement).await, ["done"], "there is such a verification");
    }

    fn is_sqlite(&self) -> bool {
        let name = format!("{PREFIX}DATABASE__URL");
        self.environment.iter().any(|(known, url)| *known == name && url.starts_with("sqlite://"))
    }

    /// Lets the leases of all calls with an idempotency key be over: moves them an hour back.
    pub async fn end_leases(&self) {
        let done =
            self.ask("UPDATE idempotency_keys SET lease_until = lease_until - $HOUR RETURNING 'done'").await;
        assert_eq!(done.first().map(String::as_str), Some("done"), "there is a key");
    }

    /// The answers that are kept under idempotency keys, as they are stored, in hexadecimal digits.
    pub async fn kept_answers(&self) -> Vec<String> {
        self.ask("SELECT $HEX(answer) FROM idempotency_keys WHERE answer IS NOT NULL").await
    }

    /// The nonces of all verifications, in hexadecimal digits: the same nonce is the same code.
    pub async fn nonces(&self) -> Vec<String> {
        self.ask("SELECT $HEX(nonce) FROM verifications ORDER BY id").await
    }

    /// Asks the database for texts, in words of both dialects.
    async fn ask(&self, statement: &str) -> Vec<String> {
        let name = format!("{PREFIX}DATABASE__URL");
        let url = self.environment.iter().rfind(|(known, _)| *known == name);
        let (_, url) = url.expect("a fleet has a database");
        if let Some(file) = url.strip_prefix("sqlite://") {
            let statement = statement
                .replace("$HOUR", "3600000")
                .replace("$HEX(nonce)", "lower(hex(nonce))")
                .replace("$HEX(answer)", "lower(hex(answer))");
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
            let mut connection =
                sqlx::SqliteConnection::connect_with(&options).await.expect("the file is there");
            let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&mut connection).await;
            return rows.expect("the statement works").iter().map(|row| row.get(0)).collect();
        }
        let statement = statement
            .replace("$HOUR", "interval '1 hour'")
            .replace("$HEX(nonce)", "encode(nonce, 'hex')")
            .replace("$HEX(answer)", "encode(answer, 'hex')");
        let mut connection = sqlx::PgConnection::connect(url).await.expect("the server is there");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&mut connection).await;
        rows.expect("the statement works").iter().map(|row| row.get(0)).collect()
    }

    /// Calls a replica; they take turns.
    #[must_use]
    pub fn client(&self, turn: usize) -> &Client {
        &self.replicas[turn % self.replicas.len()].client
    }

    /// Starts a verification of this account and phone (E.164) at a replica.
    pub async fn start_at(&self, turn: usize, account: &str, phone: &str) -> Answer {
        let body = json!({ "phone": phone, "account": account });
        self.client(turn).post("/v1/verifications", &self.key, &body).await
    }

    /// Checks a code by phone at a replica.
    pub async fn check_at(&self, turn: usize, account: &str, phone: &str, code: &str) -> Answer {
        let body = json!({ "phone": phone, "account": account, "code": code });
        self.client(turn).post("/v1/verifications/checks", &self.key, &body).await
    }

    /// The code of the last SMS to this phone (E.164).
    #[must_use]
    pub fn code(&self, phone: &str) -> String {
        code_in(&self.simulator.inbox(Some(phone)).last().expect("an SMS came").text)
    }

    /// Runs a command of the binary with the configuration of the replicas, and reads the JSON that it prints.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Value {
        let finished = self.try_command(arguments);
        assert!(finished.status.success(), "{arguments:?}: {}", finished.stderr);
        serde_json::from_str(&finished.stdout).unwrap_or_else(|_| panic!("not JSON: {}", finished.stdout))
    }

    /// Runs a command of the binary with the configuration of the replicas.
    #[must_use]
    pub fn try_command(&self, arguments: &[&str]) -> Finished {
        let mut all = vec!["--json"];
        all.extend(arguments);
        run(&all, &texts(&self.environment))
    }

    /// The settings of the replicas, as environment variables.
    #[must_use]
    pub fn environment(&self) -> Vec<(&str, &str)> {
        texts(&self.environment)
    }
}

fn texts(environment: &[(String, String)]) -> Vec<(&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
