//! Servers in containers. The recipes work with the official images and with the one that scripts/test makes where
//! nothing can be pulled: they call the programs themselves and need no entry point.

use std::ffi::OsStr;
use std::process;
use std::time::{Duration, Instant};

use testcontainers::core::ContainerPort;
use testcontainers::core::client::docker_client_instance;
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};

use crate::background;
use crate::binaries;
use crate::cluster::{MASTERS, Seat, form};
use crate::den;
use crate::guard::Guard;
use crate::process::PATIENCE;
use crate::{sql, talk};

/// Names and versions, also for scripts/test.
const IMAGES: &str = include_str!("../images.env");

/// What all our containers are labelled with; the value is the id of the process that started them.
const LABEL: &str = "sparrow-verify-test";

/// How long an image may take to come, when it must be pulled, and its container to start.
const START: Duration = Duration::from_mins(5);

/// How long the engine may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);

/// Removes the container, which may be in the making.
const CLEAN_UP: &str = r#"
tries=15
until docker rm --force --volumes "$1" 2>&1 | grep -qx "$1" || [ $tries = 0 ]; do
  sleep 0.2
  tries=$((tries - 1))
done
"#;

const POSTGRES: &str = r#"
PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
data=$(mktemp -d)
initdb --pgdata="$data" --locale=C.UTF-8 --encoding=UTF8 --auth=trust --username=postgres --no-sync >/dev/null
echo "host all all all trust" >>"$data/pg_hba.conf"
exec postgres -D "$data" -c listen_addresses='*' -c unix_socket_directories= -c max_connections=300 \
  -c fsync=off -c full_page_writes=off -c jit=off
"#;

const REDIS: &str = r#"
cd "$(mktemp -d)"
exec redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save "" --appendonly no
"#;

/// Three nodes in one container, so that they reach each other by its loopback address.
const REDIS_CLUSTER: &str = r#"
for port in 7001 7002 7003; do
  cd "$(mktemp -d)"
  redis-server --port $port --bind 0.0.0.0 --protected-mode no --save "" --appendonly no \
    --cluster-enabled yes --cluster-config-file nodes.conf --cluster-node-timeout 5000 &
done
wait
"#;

/// The ports of the nodes inside; their bus ports are 10000 above.
const CLUSTER_PORTS: [u16; MASTERS] = [7001, 7002, 7003];

/// A container that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// How it is reached.
    pub(crate) url: String,
    _container: ContainerAsync<GenericImage>,
    _guard: Guard,
}

/// What to run.
struct Recipe {
    image: &'static str,
    user: &'static str,
    script: &'static str,
    ports: &'static [u16],
}

/// Whether an engine answers; if not, why.
pub(crate) async fn engine() -> Result<(), String> {
    let ping = async {
        let client = docker_client_instance().await.map_err(|error| error.to_string())?;
        client.ping().await.map_err(|error| error.to_string())
    };
    let answer = tokio::time::timeout(ANSWER, ping).await;
    answer.map_err(|_| format!("no Docker engine answers within {ANSWER:?}"))?.map(drop)
}

/// Postgres.
pub(crate) async fn postgres() -> Result<Running, String> {
    let recipe = Recipe { image: "POSTGRES_IMAGE", user: "postgres", script: POSTGRES, ports: &[5432] };
    let (container, guard, addresses) = start(&recipe).await?;
    let url = format!("postgres://postgres@{}/postgres", addresses[0]);
    let deadline = Instant::now() + PATIENCE;
    while let Err(error) = sql::ask(&url, "SELECT 'ready'").await {
        still_waiting(&container, deadline, &error).await?;
    }
    Ok(Running { url, _container: container, _guard: guard })
}

/// A single Redis.
pub(crate) async fn redis() -> Result<Running, String> {
    let recipe = Recipe { image: "REDIS_IMAGE", user: "redis", script: REDIS, ports: &[6379] };
    let (container, guard, addresses) = start(&recipe).await?;
    answers(&container, &addresses).await?;
    Ok(Running { url: format!("redis://{}", addresses[0]), _container: container, _guard: guard })
}

/// A Redis Cluster of three masters. Its nodes name themselves to clients by the addresses that the engine gave them
/// on this side, and to each other by the loopback address inside: this needs no route to the container's network.
pub(crate) async fn redis_cluster() -> Result<Running, String> {
    let recipe = Recipe { image: "REDIS_IMAGE", user: "redis", script: REDIS_CLUSTER, ports: &CLUSTER_PORTS };
    let (container, guard, addresses) = start(&recipe).await?;
    answers(&container, &addresses).await?;
    let url = format!("redis://{}", addresses.join(","));
    background::blocking(move || {
        let seats = addresses.into_iter().zip(CLUSTER_PORTS);
        let seats = seats.map(|(outside, port)| announce(outside, port)).collect::<Result<Vec<_>, _>>()?;
        form(&seats)
    })
    .await?;
    Ok(Running { url, _container: container, _guard: guard })
}

/// Tells a node by which address its clients know it.
fn announce(outside: String, port: u16) -> Result<Seat, String> {
    let (host, mapped) = outside.rsplit_once(':').ok_or_else(|| format!("{outside} has no port"))?;
    let bus = port + crate::ports::BUS;
    for setting in [
        format!("cluster-announce-hostname {host}"),
        "cluster-preferred-endpoint-type hostname".to_owned(),
        "cluster-announce-ip 127.0.0.1".to_owned(),
        format!("cluster-announce-bus-port {bus}"),
        format!("cluster-announce-port {mapped}"),
    ] {
        talk::tell(&outside, &format!("CONFIG SET {setting}"))?;
    }
    let inside = format!("127.0.0.1 {port} {bus}");
    Ok(Seat { outside, inside })
}

/// Starts a container; its ports are where the engine says.
async fn start(recipe: &Recipe) -> Result<(ContainerAsync<GenericImage>, Guard, Vec<String>), String> {
    if binaries::on_path("docker").is_none() {
        return Err("the `docker` client, which removes containers, is not installed".to_owned());
    }
    let (name, tag) = image(recipe.image).await?;
    let container_name = format!("{LABEL}-{}", den::name());
    let guard = Guard::start(&prepare(), CLEAN_UP, &[OsStr::new(&container_name)])?;
    let mut generic = GenericImage::new(name, tag);
    for port in recipe.ports {
        generic = generic.with_exposed_port(ContainerPort::Tcp(*port));
    }
    let request = generic
        .with_cmd(["sh", "-c", recipe.script])
        .with_user(recipe.user)
        .with_label(LABEL, process::id().to_string())
        .with_container_name(container_name)
        .with_startup_timeout(START);
    let container = request.start().await.map_err(|error| error.to_string())?;
    let host = container.get_host().await.map_err(|error| error.to_string())?.to_string();
    // The ports are those of IPv4.
    let host = if host == "localhost" { "127.0.0.1" } else { &host };
    let mut addresses = Vec::new();
    for port in recipe.ports {
        let mapped = container.get_host_port_ipv4(*port).await.map_err(|error| error.to_string())?;
        addresses.push(format!("{host}:{mapped}"));
    }
    Ok((container, guard, addresses))
}

/// The client that removes the container must speak to the engine that started it, whatever its own default is.
fn prepare() -> String {
    let socket = "/var/run/docker.sock";
    format!("if [ -z \"$DOCKER_HOST\" ] && [ -S {socket} ]; then export DOCKER_HOST=unix://{socket}; fi")
}

/// The image of this key of `images.env`, or the local one where it exists.
async fn image(key: &str) -> Result<(String, String), String> {
    let client = docker_client_instance().await.map_err(|error| error.to_string())?;
    let local = named("LOCAL_IMAGE")?;
    let name = if client.inspect_image(local).await.is_ok() { local } else { named(key)? };
    let (name, tag) = name.rsplit_once(':').ok_or_else(|| format!("{key} has no tag"))?;
    Ok((name.to_owned(), tag.to_owned()))
}

fn named(key: &str) -> Result<&'static str, String> {
    let value = IMAGES.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value.ok_or_else(|| format!("images.env names no {key}"))
}

/// Waits until a Redis answers on each of these.
async fn answers(container: &ContainerAsync<GenericImage>, addresses: &[String]) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    for address in addresses {
        loop {
            let there = address.clone();
            match background::blocking(move || talk::tell(&there, "PING")).await {
                Ok(()) => break,
                Err(error) => still_waiting(container, deadline, &error).await?,
            }
        }
    }
    Ok(())
}

/// Goes on waiting for a server as long as its container runs and there is time.
async fn still_waiting(
    container: &ContainerAsync<GenericImage>,
    deadline: Instant,
    error: &str,
) -> Result<(), String> {
    let runs = container.is_running().await.unwrap_or(false);
    if runs && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
        return Ok(());
    }
    let log = container.stderr_to_vec().await.unwrap_or_default();
    Err(format!("{error}; the container says: {}", String::from_utf8_lossy(&log).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_has_a_name_and_a_tag() {
        for key in ["POSTGRES_IMAGE", "REDIS_IMAGE", "LOCAL_IMAGE"] {
            let name = named(key).unwrap();
            assert!(name.rsplit_once(':').is_some_and(|(_, tag)| !tag.is_empty()), "{name}");
        }
    }

    #[test]
    fn nobody_elses_registry_is_asked_for_the_local_image() {
        assert!(named("LOCAL_IMAGE").unwrap().starts_with("localhost/"));
    }
}
