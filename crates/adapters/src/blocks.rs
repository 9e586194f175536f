//! The blocks and pauses in memory: all of them, looked at again every two seconds, so that a send costs no query for them.
//! Owns how old they may become; which of them wins is decided by the rules.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::block::BlockList;
use domain::invalid_numbers::Pause;
use domain::ports::{BlockStore, Blocks, Clock, Dependency, PauseStore, PortError, chain};
use domain::time::rfc3339;
use tokio::time::{Instant, MissedTickBehavior};

/// How often all blocks and pauses are looked at: one holds on every replica within this time and that of two queries.
const INTERVAL: Duration = Duration::from_secs(2);
/// What is older is not believed any more, and nothing is sent: whoever was blocked meanwhile is not known.
const AGE_MAX: Duration = Duration::from_secs(30);

/// The store has not answered for too long.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the blocks and pauses were last read more than {} seconds ago", AGE_MAX.as_secs())]
struct TooOld;

/// Holds all blocks and pauses that a store keeps.
pub struct BlockSnapshot {
    store: Arc<dyn BlockStore>,
    pauses: Arc<dyn PauseStore>,
    clock: Arc<dyn Clock>,
    held: RwLock<Held>,
    /// Looks follow each other, so that an older one never replaces a newer.
    looking: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    list: Arc<BlockList>,
    /// The pauses that were on.
    pauses: BTreeMap<ApplicationId, Pause>,
    /// When the look began that brought it; none has yet when absent.
    as_of: Option<Instant>,
}

impl Held {
    /// An error when it is too old.
    fn believed(&self) -> Result<(), PortError> {
        match self.as_of {
            Some(as_of) if as_of.elapsed() <= AGE_MAX => Ok(()),
            Some(_) | None => Err(PortError::unavailable(Dependency::Store, TooOld)),
        }
    }
}

impl BlockSnapshot {
    /// Looks for the first time. It does not keep itself young: see [`BlockSnapshot::keep`].
    ///
    /// # Errors
    /// [`PortError`] when the store does not answer.
    pub async fn new(
        store: Arc<dyn BlockStore>,
        pauses: Arc<dyn PauseStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, PortError> {
        let held = RwLock::new(Held { list: Arc::default(), pauses: BTreeMap::new(), as_of: None });
        let looking = tokio::sync::Mutex::default();
        let snapshot = Arc::new(Self { store, pauses, clock, held, looking });
        snapshot.look().await?;
        Ok(snapshot)
    }

    /// Looks again and again, until the snapshot is dropped.
    pub async fn keep(snapshot: Weak<Self>) {
        let mut ticks = tokio::time::interval_at(Instant::now() + INTERVAL, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            ticks.tick().await;
            let Some(snapshot) = snapshot.upgrade() else { return };
            let failed = snapshot.look().await.err();
            if let Some(error) = failed.as_ref().filter(|_| !failing) {
                let cause = chain(error);
                tracing::warn!(
                    cause,
                    "the blocks could not be read; without them, nothing is sent from half a minute on"
                );
            } else if failing && failed.is_none() {
                tracing::info!("the blocks are read again");
            }
            failing = failed.is_some();
        }
    }

    async fn look(&self) -> Result<(), PortError> {
        let _alone = self.looking.lock().await;
        let as_of = Instant::now();
        let now = self.clock.now();
        let list = Arc::new(BlockList::new(self.store.all_blocks(now).await?));
        let pauses = self.pauses.all_pauses(now).await?;
        let pauses = pauses.into_iter().map(|pause| (pause.application.clone(), pause)).collect();
        let new = Held { list, pauses, as_of: Some(as_of) };
        let old =
            std::mem::replace(&mut *self.held.write().unwrap_or_else(PoisonError::into_inner), new.clone());
        // What was there at the first look, somebody else has told of.
        if old.as_of.is_some() {
            tell_changes(&old.pauses, &new.pauses);
        }
        Ok(())
    }
}

/// Tells of each pause once when it is there and once when it is not any more.
fn tell_changes(old: &BTreeMap<ApplicationId, Pause>, new: &BTreeMap<ApplicationId, Pause>) {
    let is_in = |pauses: &BTreeMap<ApplicationId, Pause>, pause: &Pause| {
        pauses.get(&pause.application).is_some_and(|other| other.since == pause.since)
    };
    for pause in new.values().filter(|pause| !is_in(old, pause)) {
        tracing::warn!(
            application = pause.application.as_str(),
            reason = pause.reason.as_str(),
            in_a_row = pause.counts.in_a_row,
            refused = pause.counts.refused,
            of = pause.counts.of,
            until = rfc3339(pause.until),
            "too many numbers were invalid: nothing is sent to new ones for a while"
        );
    }
    for pause in old.values().filter(|pause| !is_in(new, pause)) {
        tracing::info!(application = pause.application.as_str(), "new numbers are sent to again");
    }
}

#[async_trait]
impl Blocks for BlockSnapshot {
    fn list(&self) -> Result<Arc<BlockList>, PortError> {
        // Held for as long as it takes to count one more owner; no code that can panic runs under it.
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.believed()?;
        Ok(Arc::clone(&held.list))
    }

    fn pause_of(&self, application: &ApplicationId) -> Result<Option<Pause>, PortError> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.believed()?;
        Ok(held.pauses.get(application).cloned())
    }

    fn age(&self) -> Duration {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_of.map_or(Duration::MAX, |as_of| as_of.elapsed())
    }

    async fn refresh(&self) -> Result<(), PortError> {
        self.look().await
    }
}

impl fmt::Debug for BlockSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockSnapshot").field("store", &self.store).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use domain::application::ApplicationId;
    use domain::block::{Block, BlockAction, BlockQuestion, BlockSubject, Verdict};
    use domain::id::BlockId;
    use domain::invalid_numbers::{NumberCounts, PauseReason};
    use domain::testkit::{ManualClock, MemoryStore, phone};
    use domain::time::Timestamp;

    use super::*;

    async fn snapshot() -> (Arc<MemoryStore>, Arc<BlockSnapshot>) {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(ManualClock::at(Timestamp::UNIX_EPOCH));
        let snapshot = BlockSnapshot::new(store.clone(), store.clone(), clock).await.unwrap();
        tokio::spawn(BlockSnapshot::keep(Arc::downgrade(&snapshot)));
        (store, snapshot)
    }

    async fn deny(store: &MemoryStore) {
        let block = Block {
            id: BlockId::from_uuid(uuid::Uuid::from_u128(7)),
            application: None,
            action: BlockAction::Deny,
            subject: BlockSubject::Phone(phone("9841234567")),
            reason: None,
            created_at: Timestamp::UNIX_EPOCH,
            expires_at: None,
        };
        store.add_block(&block, 10).await.unwrap();
    }

    fn verdict(snapshot: &BlockSnapshot) -> Option<Verdict> {
        let application = ApplicationId::default_application();
        let question = BlockQuestion { application: &application, account: None, phone: phone("9841234567") };
        Some(snapshot.list().ok()?.verdict_on_send(&question, Timestamp::UNIX_EPOCH))
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_blocked_elsewhere_is_known_within_two_seconds() {
        let (store, snapshot) = snapshot().await;
        deny(&store).await;
        assert_eq!(verdict(&snapshot), Some(Verdict::Open));
        tokio::time::sleep(Duration::from_millis(2001)).await;
        assert_eq!(verdict(&snapshot), Some(Verdict::Denied));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_blocked_here_is_known_at_once() {
        let (store, snapshot) = snapshot().await;
        deny(&store).await;
        snapshot.refresh().await.unwrap();
        assert_eq!(verdict(&snapshot), Some(Verdict::Denied));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_known_within_two_seconds_and_so_is_its_end() {
        let (store, snapshot) = snapshot().await;
        let application = ApplicationId::default_application();
        let pause = Pause {
            application: application.clone(),
            reason: PauseReason::InARow,
            since: Timestamp::UNIX_EPOCH,
            until: Timestamp::from_second(3600).unwrap(),
            counts: NumberCounts::default(),
        };
        store.pause(&pause, Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(snapshot.pause_of(&application).unwrap(), None);
        tokio::time::sleep(Duration::from_millis(2001)).await;
        assert_eq!(snapshot.pause_of(&application).unwrap(), Some(pause));
        store.resume(&application, Timestamp::UNIX_EPOCH).await.unwrap();
        snapshot.refresh().await.unwrap();
        assert_eq!(snapshot.pause_of(&application).unwrap(), None, "one that ended here is known at once");
        store.set_down(true);
        tokio::time::sleep(Duration::from_secs(33)).await;
        assert!(snapshot.pause_of(&application).is_err(), "what is too old is not believed");
    }

    #[tokio::test(start_paused = true)]
    async fn blocks_that_cannot_be_read_are_believed_for_half_a_minute_and_then_no_more() {
        let (store, snapshot) = snapshot().await;
        store.set_down(true);
        tokio::time::sleep(Duration::from_secs(29)).await;
        assert_eq!(verdict(&snapshot), Some(Verdict::Open));
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(verdict(&snapshot), None);
        store.set_down(false);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(verdict(&snapshot), Some(Verdict::Open));
    }
}
