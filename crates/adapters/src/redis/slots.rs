//! Who serves which key of a cluster. Owns the arithmetic of slots and the reading of a node's answer.

use std::collections::BTreeSet;

use redis::{Cmd, Value, cmd};

use super::options::RedisAddress;

/// A part of the keys, from 0 to 16383.
pub(super) type Slot = u16;

const SLOTS: u16 = 16_384;

/// The slot of the keys with this hash tag (Redis Cluster specification, "Key distribution model").
pub(super) fn slot_of(tag: &str) -> Slot {
    crc16(tag.as_bytes()) % SLOTS
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    const POLYNOMIAL: u16 = 0x1021;
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ POLYNOMIAL }
        })
    })
}

/// Which master serves which slots, as one node tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct SlotMap(Vec<Range>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Range {
    first: Slot,
    last: Slot,
    master: RedisAddress,
}

impl SlotMap {
    /// The question to a node.
    pub(super) fn question() -> Cmd {
        let mut command = cmd("CLUSTER");
        command.arg("SLOTS");
        command
    }

    /// Reads its answer; `None` when it has not the form, or serves nothing.
    pub(super) fn read(asked: &RedisAddress, answer: &Value) -> Option<Self> {
        let Value::Array(ranges) = answer else { return None };
        let mut ranges: Vec<_> = ranges.iter().filter_map(|range| Range::read(asked, range)).collect();
        ranges.sort_unstable();
        (!ranges.is_empty()).then_some(Self(ranges))
    }

    /// The master that serves this slot.
    pub(super) fn master_of(&self, slot: Slot) -> Option<&RedisAddress> {
        let place = self.0.partition_point(|range| range.last < slot);
        self.0.get(place).filter(|range| range.first <= slot).map(|range| &range.master)
    }

    /// All masters that serve any.
    pub(super) fn masters(&self) -> BTreeSet<&RedisAddress> {
        self.0.iter().map(|range| &range.master).collect()
    }

    /// For each master a hash tag whose keys live there.
    pub(super) fn tags(&self) -> Vec<String> {
        // A master with one slot of all is found among so many with a probability of 98 %.
        const TRIED_MAX: u32 = 65_536;
        let mut missing = self.masters();
        let mut tags = Vec::with_capacity(missing.len());
        for number in 0..TRIED_MAX {
            if missing.is_empty() {
                break;
            }
            let tag = format!("ping-{number}");
            if self.master_of(slot_of(&tag)).is_some_and(|master| missing.remove(master)) {
                tags.push(tag);
            }
        }
        tags
    }
}

impl Range {
    /// `[first, last, [host, port, ...], replicas...]`. A node that does not know its own name leaves out the host,
    /// which is then the one that was asked.
    fn read(asked: &RedisAddress, answer: &Value) -> Option<Self> {
        let Value::Array(parts) = answer else { return None };
        let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = parts.as_slice() else {
            return None;
        };
        let [host, Value::Int(port), ..] = master.as_slice() else { return None };
        let host: Option<String> = redis::from_redis_value_ref(host).ok()?;
        let host = match host.as_deref() {
            None | Some("") => asked.host.clone(),
            // A node that is to be called by a name and has none.
            Some("?") => return None,
            Some(host) => host.to_owned(),
        };
        let slot = |number: &i64| Slot::try_from(*number).ok().filter(|slot| *slot < SLOTS);
        let master = RedisAddress { host, port: u16::try_from(*port).ok()? };
        Some(Self { first: slot(first)?, last: slot(last)?, master })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str, port: u16) -> RedisAddress {
        RedisAddress { host: host.to_owned(), port }
    }

    fn range(first: i64, last: i64, host: Value, port: i64) -> Value {
        let master = Value::Array(vec![host, Value::Int(port), Value::SimpleString("id".to_owned())]);
        Value::Array(vec![Value::Int(first), Value::Int(last), master, Value::Nil])
    }

    fn host(name: &str) -> Value {
        Value::BulkString(name.as_bytes().to_vec())
    }

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(slot_of("foo"), 12_182);
        assert_eq!(slot_of("bar"), 5_061);
    }

    #[test]
    fn a_map_tells_who_serves_a_slot() {
        let asked = address("asked", 7000);
        let answer = Value::Array(vec![
            range(10_923, 16_383, host("c"), 7002),
            range(0, 5_460, Value::Nil, 7000),
            range(5_461, 10_000, host("b"), 7001),
            range(10_001, 10_100, host("?"), 7003),
        ]);
        let map = SlotMap::read(&asked, &answer).unwrap();
        for (slot, master) in [
            (0, Some(asked.clone())),
            (5_460, Some(asked.clone())),
            (5_461, Some(address("b", 7001))),
            (10_050, None),
            (10_922, None),
            (16_383, Some(address("c", 7002))),
        ] {
            assert_eq!(map.master_of(slot).cloned(), master, "{slot}");
        }
        let masters: BTreeSet<_> =
            map.tags().iter().map(|tag| map.master_of(slot_of(tag)).unwrap().clone()).collect();
        assert_eq!(masters, [asked, address("b", 7001), address("c", 7002)].into());
    }

    #[test]
    fn what_is_no_map_is_none() {
        let asked = address("asked", 7000);
        for answer in [
            Value::Nil,
            Value::Array(vec![]),
            Value::Array(vec![range(0, 16_384, host("a"), 7000)]),
            Value::Array(vec![range(-1, 5, host("a"), 7000)]),
            Value::Array(vec![range(0, 5, host("a"), 70_000)]),
        ] {
            assert_eq!(SlotMap::read(&asked, &answer), None, "{answer:?}");
        }
    }
}
