//! The servers that the tests of a process share: one of each kind, started when it is first asked for.

use std::any::Any;
use std::ffi::OsStr;

use tokio::sync::OnceCell;

use crate::background;
use crate::binaries;
use crate::containers;
use crate::den::name;
use crate::environment::{Choice, choice, variable};
use crate::guard::Guard;
use crate::own::{Care, Postgres, Redis, RedisCluster};
use crate::sql;
use crate::talk::{connect, say};

/// What can be shared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Postgres.
    Postgres,
    /// A single Redis.
    Redis,
    /// Three Redis masters.
    RedisCluster,
}

type Keep = Box<dyn Any + Send + Sync>;

/// A shared server.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    /// Nothing is left on a server that was given: it goes on after us.
    given: bool,
    /// What must live as long as the server is used.
    _keep: Keep,
}

static POSTGRES: OnceCell<Server> = OnceCell::const_new();
static REDIS: OnceCell<Server> = OnceCell::const_new();
static REDIS_CLUSTER: OnceCell<Server> = OnceCell::const_new();

/// The shared server of this kind.
pub(crate) async fn server(kind: Kind) -> &'static Server {
    let cell = match kind {
        Kind::Postgres => &POSTGRES,
        Kind::Redis => &REDIS,
        Kind::RedisCluster => &REDIS_CLUSTER,
    };
    // On the lasting runtime, so that a test that gives up does not take the server with it.
    cell.get_or_init(|| background::run(obtain(kind))).await
}

async fn obtain(kind: Kind) -> Server {
    let server = match choice() {
        Choice::Docker => contained(kind).await,
        Choice::Local => local(kind).await,
        Choice::Any => match variable(kind.variable()) {
            Some(url) => Ok(Server { url, given: true, _keep: Box::new(()) }),
            None => match contained(kind).await {
                Ok(server) => Ok(server),
                Err(docker) => local(kind).await.map_err(|local| {
                    format!("{} is not set; in a container: {docker}; here: {local}", kind.variable())
                }),
            },
        },
    };
    server.unwrap_or_else(|error| panic!("a test needs {kind:?}, and there is none: {error}"))
}

async fn contained(kind: Kind) -> Result<Server, String> {
    containers::engine().await?;
    let running = match kind {
        Kind::Postgres => containers::postgres().await,
        Kind::Redis => containers::redis().await,
        Kind::RedisCluster => containers::redis_cluster().await,
    }?;
    Ok(Server { url: running.url.clone(), given: false, _keep: Box::new(running) })
}

async fn local(kind: Kind) -> Result<Server, String> {
    background::blocking(move || {
        let (url, keep): (String, Keep) = match kind {
            Kind::Postgres => {
                let server = Postgres::launch(Care::None)?;
                (server.url().to_owned(), Box::new(server))
            }
            Kind::Redis => {
                let server = Redis::launch()?;
                (server.url().to_owned(), Box::new(server))
            }
            Kind::RedisCluster => {
                // Patient: on a busy machine a node that is slow is not down.
                let server = RedisCluster::launch(false, 15_000)?;
                (server.url().to_owned(), Box::new(server))
            }
        };
        Ok(Server { url, given: false, _keep: keep })
    })
    .await
}

impl Kind {
    fn variable(self) -> &'static str {
        match self {
            Self::Postgres => "SPARROW_VERIFY_TEST_POSTGRES_URL",
            Self::Redis => "SPARROW_VERIFY_TEST_REDIS_URL",
            Self::RedisCluster => "SPARROW_VERIFY_TEST_REDIS_CLUSTER_URL",
        }
    }
}

/// An empty database of a test's own.
#[derive(Debug)]
pub struct Database {
    server: &'static Server,
    name: String,
    url: String,
    _guard: Option<Guard>,
}

/// Keys of a test's own.
#[derive(Debug)]
pub struct KeySpace {
    server: &'static Server,
    prefix: String,
}

impl Database {
    pub(crate) async fn create(server: &'static Server) -> Self {
        let name = format!("t_{}", name().replace('-', "_"));
        let url = sql::with_database(&server.url, &name);
        let guard = if server.given { guard(&server.url, &name) } else { None };
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        let created = background::run(sql::execute(&server.url, create)).await;
        created.unwrap_or_else(|error| panic!("no database could be created: {error}"));
        Self { server, name, url, _guard: guard }
    }

    /// The URL of the database, of a user who may do everything in it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropped = sql::execute(&self.server.url, drop);
        if self.server.given {
            // Somebody else's server: the process must not end before. It does not matter whether it worked, the
            // guard comes next.
            let thread = std::thread::spawn(|| background::wait(dropped));
            let _ = thread.join();
        } else {
            background::start(async { std::mem::drop(dropped.await) });
        }
    }
}

/// Drops a database when this process is killed, where the machine has `psql`.
fn guard(url: &str, name: &str) -> Option<Guard> {
    let psql = binaries::of_postgres("psql").ok()?;
    let drop = r#""$1" --quiet --no-psqlrc "$2" --command "DROP DATABASE IF EXISTS $3 WITH (FORCE)""#;
    Guard::start("", drop, &[psql.as_os_str(), OsStr::new(url), OsStr::new(name)]).ok()
}

impl KeySpace {
    pub(crate) fn new(server: &'static Server) -> Self {
        Self { server, prefix: format!("t-{}", name()) }
    }

    /// Where the keys live: `redis://host:port`, of a cluster `redis://host:port,host:port,host:port`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// What every key of the test must begin with, perhaps within the braces of a hash tag.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl Drop for KeySpace {
    fn drop(&mut self) {
        if self.server.given {
            for node in nodes(&self.server.url) {
                // Best effort: counters end by themselves.
                let _ = remove(&node, &self.prefix);
            }
        }
    }
}

/// The URLs of the nodes of a URL of several.
fn nodes(url: &str) -> Vec<String> {
    let start = url.find("://").map_or(0, |at| at + 3);
    let start = url[start..].find('@').map_or(start, |at| start + at + 1);
    url[start..].split(',').map(|node| format!("{}{node}", &url[..start])).collect()
}

/// Removes the keys with this prefix that this node holds.
fn remove(node: &str, prefix: &str) -> Result<(), String> {
    let mut connection = connect(node)?;
    let mut cursor = "0".to_owned();
    loop {
        let scan = say(&format!("SCAN {cursor} MATCH *{prefix}* COUNT 1000"));
        let found: Result<(String, Vec<String>), _> = scan.query(&mut connection);
        let (next, keys) = found.map_err(|error| error.to_string())?;
        for key in keys {
            let _: redis::Value =
                redis::cmd("UNLINK").arg(key).query(&mut connection).map_err(|e| e.to_string())?;
        }
        if next == "0" {
            return Ok(());
        }
        cursor = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_of_several_nodes_is_one_of_each() {
        assert_eq!(nodes("redis://h:1"), ["redis://h:1"]);
        assert_eq!(nodes("redis://:p@h:1,g:2"), ["redis://:p@h:1", "redis://:p@g:2"]);
    }
}
