//! The stage on PostgreSQL and Redis, and what both can do when nobody is in between.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Fallible;
use crate::cpu;
use crate::pgbench;
use crate::recording::{self, RoundTrips, Script};
use crate::redis_benchmark;
use crate::service::Storage;
use crate::stage::{Setting, Stage};

/// The most clients of PostgreSQL at once: the server takes a hundred.
const CLIENTS_MAX: usize = 64;
/// Connections of the service to PostgreSQL unless configured (`database.connections_max`).
const POOL: usize = 16;

/// What was found.
pub(crate) struct Production {
    pub(crate) stage: Stage,
    /// What the servers say of themselves.
    pub(crate) versions: Vec<String>,
    pub(crate) round_trips: Vec<RoundTrips>,
    pub(crate) alone: Vec<Alone>,
    /// The scripts that pgbench has run.
    pub(crate) scripts: [Script; 2],
    /// What they took from the command line.
    pub(crate) definitions: Vec<String>,
}

/// A server that was asked the same by its own benchmark.
pub(crate) struct Alone {
    pub(crate) call: &'static str,
    pub(crate) what: String,
    pub(crate) clients: usize,
    /// Calls per second.
    pub(crate) rate: f64,
    /// On the average.
    pub(crate) latency: Duration,
    /// CPU microseconds of the server per call.
    pub(crate) cpu: f64,
}

/// The servers.
pub(crate) struct Servers {
    postgres: servers::own::Postgres,
    redis: servers::own::Redis,
    postgres_pid: u32,
    redis_pid: u32,
}

/// Measures it all. `directory` is for files.
pub(crate) async fn measure(setting: &Setting, directory: &Path) -> Fallible<Production> {
    let servers = Servers::start().await?;
    let versions = servers.versions().await?;
    let storage = Storage::servers(servers.postgres(), servers.redis());
    let processes = servers.processes();
    let files = |name: &str| -> Fallible<_> {
        let directory = directory.join(name);
        std::fs::create_dir(&directory)?;
        Ok(directory)
    };
    let stage = setting.measure(&files("service")?, &storage, &processes).await?;
    let recorded =
        recording::record(setting, &files("recorded")?, servers.postgres(), servers.redis()).await?;

    let calls = stage.starts.phase.latencies.len();
    let mut alone = Vec::new();
    let mut base = 0;
    for clients in [setting.connections.min(CLIENTS_MAX), POOL] {
        base += 1_000_000_000;
        for script in &recorded.scripts {
            let path = directory.join(format!("{}.sql", script.call));
            std::fs::write(&path, &script.text)?;
            let run = pgbench::Run {
                url: servers.postgres.url(),
                server: servers.postgres_pid,
                script: &path,
                definitions: &recorded.definitions,
                clients,
                turns: (calls * 2).div_ceil(clients),
                base,
                warm_up: setting.warm_up,
            };
            alone.push(servers.pgbench(script, &run).await?);
        }
    }
    for arguments in &recorded.redis_calls {
        alone.push(servers.redis_benchmark(setting.connections, calls, arguments).await?);
    }
    let recording::Recorded { round_trips, scripts, definitions, .. } = recorded;
    Ok(Production { stage, versions, round_trips, alone, scripts, definitions })
}

impl Servers {
    pub(crate) async fn start() -> Fallible<Self> {
        let (postgres, redis) = (servers::own::Postgres::start().await, servers::own::Redis::start().await);
        let mut connection = PgConnection::connect(postgres.url()).await?;
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
        let redis_pid = info(loopback(redis.port()), "process_id").await?.parse()?;
        let postgres_pid = cpu::parent_of(u32::try_from(backend)?)?;
        Ok(Self { postgres, redis, postgres_pid, redis_pid })
    }

    /// Whose CPU time counts.
    pub(crate) fn processes(&self) -> [(&'static str, u32); 2] {
        [("postgres", self.postgres_pid), ("redis", self.redis_pid)]
    }

    /// A database of this name, and counters, with nothing in them.
    pub(crate) async fn emptied(&self, database: &str) -> Fallible<Storage> {
        let mut connection = PgConnection::connect(self.postgres.url()).await?;
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"));
        sqlx::raw_sql(create).execute(&mut connection).await?;
        // What is written behind a checkpoint is written in whole pages: all begin alike.
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
        say(self.redis(), "FLUSHALL\r\nQUIT\r\n").await?;
        Ok(Storage {
            database: format!("postgres://postgres@{}/{database}", self.postgres()),
            ..Storage::servers(self.postgres(), self.redis())
        })
    }

    fn postgres(&self) -> SocketAddr {
        loopback(self.postgres.port())
    }

    fn redis(&self) -> SocketAddr {
        loopback(self.redis.port())
    }

    /// What they are. Refuses a PostgreSQL that answers before a commit is on the disk.
    async fn versions(&self) -> Fallible<Vec<String>> {
        let mut connection = PgConnection::connect(self.postgres.url()).await?;
        let mut shown = Vec::new();
        for setting in
            ["SHOW server_version", "SHOW fsync", "SHOW synchronous_commit", "SHOW full_page_writes"]
        {
            shown.push(sqlx::query_scalar::<_, String>(setting).fetch_one(&mut connection).await?);
        }
        let [version, durable @ ..] = shown.as_slice() else { return Err("four settings are four".into()) };
        if durable.iter().any(|setting| setting != "on") {
            return Err("this PostgreSQL does not keep what it has committed".into());
        }
        let redis = info(self.redis(), "redis_version").await?;
        Ok(vec![format!("PostgreSQL {version}"), format!("Redis {redis}")])
    }

    async fn approved(&self) -> Fallible<usize> {
        let mut connection = PgConnection::connect(self.postgres.url()).await?;
        let count = "SELECT count(*) FROM verifications WHERE state::text = 'approved'";
        Ok(usize::try_from(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut connection).await?)?)
    }

    async fn pgbench(&self, script: &Script, run: &pgbench::Run<'_>) -> Fallible<Alone> {
        let calls = run.clients * run.turns;
        let approved = self.approved().await?;
        let found = run.to_end().await?;
        // The statements of a check that found nothing would be fast.
        let wanted = if script.call == "check" { calls } else { 0 };
        if self.approved().await? - approved != wanted {
            return Err(format!("pgbench's {} did not do what the service's does", script.call).into());
        }
        Ok(Alone {
            call: script.call,
            what: format!("pgbench, {} statements", script.statements),
            clients: run.clients,
            rate: found.rate,
            latency: found.latency,
            cpu: found.cpu.as_secs_f64() * 1e6,
        })
    }

    async fn redis_benchmark(&self, clients: usize, calls: usize, arguments: &[String]) -> Fallible<Alone> {
        let used = cpu::of_process(self.redis_pid)?;
        let found = redis_benchmark::run(self.redis(), clients, calls, arguments).await?;
        let used = cpu::of_process(self.redis_pid)?.saturating_sub(used);
        let command = arguments.first().map_or("", String::as_str);
        let keys = arguments.get(2).filter(|_| command == "EVALSHA").map(|keys| format!(", keys: {keys}"));
        Ok(Alone {
            call: "start",
            what: format!("redis-benchmark, {command}{}", keys.unwrap_or_default()),
            clients,
            rate: found.rate,
            latency: found.latency,
            cpu: per_call(used, calls),
        })
    }
}

impl Storage {
    /// These servers.
    pub(crate) fn servers(postgres: SocketAddr, redis: SocketAddr) -> Self {
        Self {
            database: format!("postgres://postgres@{postgres}/postgres"),
            counters: format!("redis://{redis}"),
        }
    }
}

fn per_call(used: Duration, calls: usize) -> f64 {
    used.as_secs_f64() * 1e6 / u32::try_from(calls).map_or(f64::INFINITY, f64::from)
}

fn loopback(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// A line of what a Redis says of itself.
async fn info(redis: SocketAddr, name: &str) -> Fallible<String> {
    let answer = say(redis, "INFO server\r\nQUIT\r\n").await?;
    let value = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(value.ok_or_else(|| format!("this Redis does not tell its {name}"))?.trim().to_owned())
}

/// What a Redis answers to this.
async fn say(redis: SocketAddr, words: &str) -> Fallible<String> {
    let mut stream = TcpStream::connect(redis).await?;
    stream.write_all(words.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
