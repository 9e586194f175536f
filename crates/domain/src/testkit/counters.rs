//! Counters in memory: sliding windows, exact, all of a call or nothing.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;

use super::demand::locked;
use super::trouble::Trouble;
use crate::limit::{Counter, CounterKey, LimitName, Member, Take, Usage};
use crate::ports::{Counters, Dependency, PortError, Receipt, Taken};
use crate::time::{Timestamp, after, until};

/// Counters that keep the promises of [`Counters`] under one lock.
///
/// A member counts from the instant at which it was taken for exactly the length of the window: at that instant there
/// is room again.
#[derive(Debug)]
pub struct MemoryCounters(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    trouble: Trouble,
    counters: BTreeMap<CounterKey, BTreeMap<Member, Life>>,
}

/// How long a member counts.
#[derive(Clone, Copy, Debug)]
struct Life {
    ends: Timestamp,
}

impl Default for MemoryCounters {
    fn default() -> Self {
        Self(Mutex::new(Inner { trouble: Trouble::new(Dependency::Counters), counters: BTreeMap::new() }))
    }
}

impl MemoryCounters {
    /// Whether every call fails from now on.
    pub fn set_down(&self, down: bool) {
        locked(&self.0).trouble.set_down(down);
    }

    /// Lets the next calls of a method of [`Counters`] fail, without doing anything.
    pub fn fail_next(&self, method: &'static str, times: u32) {
        locked(&self.0).trouble.fail_next(method, times);
    }

    /// How often a method of [`Counters`] was called.
    #[must_use]
    pub fn calls(&self, method: &str) -> u32 {
        locked(&self.0).trouble.calls(method)
    }

    /// How much all counters of a limit with this window hold at `now`.
    #[must_use]
    pub fn total(&self, name: LimitName, window: Duration, now: Timestamp) -> usize {
        let prefix = format!("{}:{}:", name.as_str(), window.as_secs());
        let inner = locked(&self.0);
        let of_limit = inner.counters.iter().filter(|(key, _)| key.as_str().starts_with(&prefix));
        of_limit.map(|(_, members)| members.values().filter(|life| now < life.ends).count()).sum()
    }
}

impl Inner {
    fn take(&mut self, takes: &[Take], now: Timestamp) -> Taken {
        for take in takes {
            self.counters.entry(take.key.clone()).or_default().retain(|_, life| now < life.ends);
        }
        let full = takes.iter().find_map(|take| Some((take.name, self.full_until(take)?)));
        if let Some((name, room_at)) = full {
            return Taken::Refused { name, retry_after: until(now, room_at) };
        }
        let mut receipt = Receipt::default();
        for take in takes {
            let life = Life { ends: after(now, take.limit.window) };
            let before = self.counters.entry(take.key.clone()).or_default().insert(take.member, life);
            if before.is_none() {
                receipt.0.push((take.key.clone(), take.member));
            }
        }
        Taken::All(receipt)
    }

    fn usage(&self, counter: &Counter, now: Timestamp) -> Usage {
        let members = self.counters.get(&counter.key).into_iter().flat_map(BTreeMap::values);
        let mut ends: Vec<_> = members.map(|life| life.ends).filter(|ends| now < *ends).collect();
        ends.sort_unstable();
        let max = usize::try_from(counter.limit.max).unwrap_or(usize::MAX);
        let room_at = ends.len().checked_sub(max).and_then(|surplus| ends.get(surplus).copied());
        Usage { used: u32::try_from(ends.len()).unwrap_or(u32::MAX), room_at }
    }

    /// When a counter has room again; `None` when it has room for this member now.
    fn full_until(&self, take: &Take) -> Option<Timestamp> {
        let members = self.counters.get(&take.key)?;
        let max = usize::try_from(take.limit.max).unwrap_or(usize::MAX);
        if members.contains_key(&take.member) || members.len() < max {
            return None;
        }
        let mut ends: Vec<_> = members.values().map(|life| life.ends).collect();
        ends.sort_unstable();
        // As many must go as it holds too many, this one included.
        ends.get(members.len() - max).copied()
    }
}

#[async_trait]
impl Counters for MemoryCounters {
    async fn take(&self, takes: &[Take], now: Timestamp) -> Result<Taken, PortError> {
        tokio::task::yield_now().await;
        let mut inner = locked(&self.0);
        inner.trouble.enter("take")?;
        Ok(inner.take(takes, now))
    }

    async fn refund(&self, receipt: &Receipt) -> Result<(), PortError> {
        tokio::task::yield_now().await;
        let mut inner = locked(&self.0);
        inner.trouble.enter("refund")?;
        for (key, member) in &receipt.0 {
            if let Some(members) = inner.counters.get_mut(key) {
                members.remove(member);
            }
        }
        Ok(())
    }

    async fn usage(&self, counters: &[Counter], now: Timestamp) -> Result<Vec<Usage>, PortError> {
        tokio::task::yield_now().await;
        let mut inner = locked(&self.0);
        inner.trouble.enter("usage")?;
        Ok(counters.iter().map(|counter| inner.usage(counter, now)).collect())
    }

    async fn clear(&self, counters: &[CounterKey]) -> Result<(), PortError> {
        tokio::task::yield_now().await;
        let mut inner = locked(&self.0);
        inner.trouble.enter("clear")?;
        for key in counters {
            inner.counters.remove(key);
        }
        Ok(())
    }

    async fn ping(&self) -> Result<(), PortError> {
        locked(&self.0).trouble.enter("ping")
    }
}
