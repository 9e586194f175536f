//! Free ports of the loopback address. They lie below the range that Linux gives to outgoing connections: a server
//! that is killed must find its port free when it restarts, and a client that keeps connecting to a dead port of that
//! range ends up connected to itself.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::den::random;

/// From here; to here and [`BUS`] more.
const LOWEST: u16 = 10_000;
const COUNT: u16 = 12_000;

/// How far above its port a Redis Cluster node's bus port is.
pub(crate) const BUS: u16 = 10_000;

/// How often a port may turn out to be taken.
pub(crate) const TRIES: usize = 20;

/// What this process has handed out and not yet seen bound.
static TAKEN: LazyLock<Mutex<HashSet<u16>>> = LazyLock::new(Mutex::default);

/// A port that is free now, with the port [`BUS`] above it. Another process may still be faster: whoever binds it
/// tries again with another.
pub(crate) fn free() -> u16 {
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..10_000 {
        let offset = u16::try_from(random() % u64::from(COUNT)).expect("less than a u16");
        let port = LOWEST + offset;
        if !taken.contains(&port) && is_free(port) && is_free(port + BUS) {
            taken.insert(port);
            return port;
        }
    }
    panic!("there is no free port between {LOWEST} and {}", LOWEST + COUNT);
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let ports: HashSet<u16> = (0..50).map(|_| free()).collect();
        assert_eq!(ports.len(), 50);
    }
}
