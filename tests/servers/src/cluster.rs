//! Makes a Redis Cluster of servers that run: what `redis-cli --cluster create` does, without its pauses, and with
//! addresses that differ inside and outside of a container.

use std::time::{Duration, Instant};

use redis::{Value, from_redis_value_ref};

use crate::process::PATIENCE;
use crate::talk::{ask, field, tell};

/// How many slots a cluster has.
pub(crate) const SLOTS: usize = 16_384;

/// How many masters ours have.
pub(crate) const MASTERS: usize = 3;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    /// Where we reach it: `host:port`. It names itself so to clients.
    pub(crate) outside: String,
    /// Where the other nodes reach it: host, port and bus port, separated by spaces.
    pub(crate) inside: String,
}

/// Makes a cluster: the first three are masters of a third of the slots each, the others replicas of the first, the
/// second and the third. Returns when every node says that all is well, so that any of them may be asked, or fail.
pub(crate) fn form(seats: &[Seat]) -> Result<(), String> {
    for (index, seat) in seats.iter().take(MASTERS).enumerate() {
        let (first, last) = (index * SLOTS / MASTERS, (index + 1) * SLOTS / MASTERS - 1);
        tell(&seat.outside, &format!("CLUSTER ADDSLOTSRANGE {first} {last}"))?;
        tell(&seat.outside, &format!("CLUSTER SET-CONFIG-EPOCH {}", index + 1))?;
    }
    for (index, seat) in seats.iter().enumerate() {
        for other in &seats[index + 1..] {
            tell(&seat.outside, &format!("CLUSTER MEET {}", other.inside))?;
        }
    }
    until("all nodes have met", || seats.iter().all(|seat| have_met(&seat.outside, seats.len())))?;
    for (index, seat) in seats.iter().enumerate().skip(MASTERS) {
        let master: String = ask(&seats[index - MASTERS].outside, "CLUSTER MYID")?;
        let replicate = format!("CLUSTER REPLICATE {master}");
        until("a replica knows its master", || tell(&seat.outside, &replicate).is_ok())?;
    }
    until("every node says that the cluster is well", || {
        seats.iter().enumerate().all(|(index, seat)| is_well(seat, seats, index >= MASTERS))
    })
}

/// Where this node thinks that the master of a key is, as `host:port`.
pub(crate) fn master_of(address: &str, key: &str) -> Result<String, String> {
    let slot: usize = ask(address, &format!("CLUSTER KEYSLOT {key}"))?;
    let range = slots(address)?.into_iter().find(|range| (range.first..=range.last).contains(&slot));
    range.map(|range| range.master).ok_or_else(|| format!("{address} knows no master of {key}"))
}

/// Slots from the first to the last, and `host:port` of their master.
struct Range {
    first: usize,
    last: usize,
    master: String,
}

fn slots(address: &str) -> Result<Vec<Range>, String> {
    let rows: Vec<Vec<Value>> = ask(address, "CLUSTER SLOTS")?;
    let range = |row: Vec<Value>| {
        let master: Vec<Value> = from_redis_value_ref(row.get(2)?).ok()?;
        let host: String = from_redis_value_ref(master.first()?).ok()?;
        let port: u16 = from_redis_value_ref(master.get(1)?).ok()?;
        let (first, last) = (from_redis_value_ref(&row[0]).ok()?, from_redis_value_ref(&row[1]).ok()?);
        Some(Range { first, last, master: format!("{host}:{port}") })
    };
    Ok(rows.into_iter().filter_map(range).collect())
}

fn have_met(address: &str, count: usize) -> bool {
    let nodes = ask::<String>(address, "CLUSTER NODES").unwrap_or_default();
    let known = nodes.lines().filter(|line| line.contains(" connected") && !line.contains("handshake"));
    known.count() == count
}

fn is_well(seat: &Seat, seats: &[Seat], is_replica: bool) -> bool {
    let state = field(&seat.outside, "CLUSTER INFO", "cluster_state").is_ok_and(|state| state == "ok");
    let linked = !is_replica
        || field(&seat.outside, "INFO replication", "master_link_status").is_ok_and(|link| link == "up");
    let ranges = slots(&seat.outside).unwrap_or_default();
    let covered: usize = ranges.iter().map(|range| range.last - range.first + 1).sum();
    let named = ranges.iter().all(|range| seats.iter().any(|seat| seat.outside == range.master));
    let nodes = ask::<String>(&seat.outside, "CLUSTER NODES").unwrap_or_default();
    let replicas = nodes.lines().filter(|line| line.contains("slave")).count();
    state && linked && named && covered == SLOTS && replicas == seats.len().saturating_sub(MASTERS)
}

/// Waits until this holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        if Instant::now() > deadline {
            return Err(format!("waited {PATIENCE:?} in vain until {what}"));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}
