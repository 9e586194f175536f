//! Credentials in memory for a few seconds, before the store that keeps them. Owns how long one is believed, and that
//! callers who ask for the same one at the same time make one question of it.
//!
//! What is remembered is that a credential is there, never that it is in force: whoever asks judges its end by the
//! clock on each use. How long it is believed goes by a clock that nobody sets. A revocation through this process holds
//! at once, because it puts an end to all that was read before it; one through another process holds when the life of
//! what is remembered here is over. A secret that opens nothing is not remembered: guesses are all different, and must
//! not push out what is known. A store that fails is asked again.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{Credential, SecretHash};
use domain::id::CredentialId;
use domain::ports::{CredentialFilter, CredentialStore, Holder, Page, PortError};
use domain::time::Timestamp;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use quick_cache::sync::Cache;
use tokio::time::Instant;

/// The most credentials that are remembered; of about 300 bytes each.
const CREDENTIALS_MAX: usize = 10_000;

/// A [`CredentialStore`] that remembers for a while what another one answered.
pub struct CachedCredentials {
    store: Arc<dyn CredentialStore>,
    life: Duration,
    /// Counts the revocations through this process: what was read before the last one is not believed.
    era: AtomicU64,
    known: Cache<SecretHash, Seen>,
    looks: Mutex<HashMap<SecretHash, Look>>,
}

/// What was read, and when that began.
#[derive(Clone)]
struct Seen {
    holder: Arc<Holder>,
    era: u64,
    at: Instant,
}

type Answer = Result<Option<Arc<Holder>>, Arc<PortError>>;

/// A question to the store that is under way.
struct Look {
    answer: Shared<BoxFuture<'static, Answer>>,
    era: u64,
    at: Instant,
    /// How many wait for it; it goes with the last.
    waiting: usize,
}

impl CachedCredentials {
    /// Remembers what `store` answers for `life`.
    #[must_use]
    pub fn new(store: Arc<dyn CredentialStore>, life: Duration) -> Self {
        Self {
            store,
            life,
            era: AtomicU64::new(0),
            known: Cache::new(CREDENTIALS_MAX),
            looks: Mutex::default(),
        }
    }

    /// A credential that may still be believed.
    fn remembered(&self, hash: &SecretHash, era: u64) -> Option<Arc<Holder>> {
        let seen = self.known.get(hash)?;
        (seen.era == era && seen.at.elapsed() < self.life).then_some(seen.holder)
    }

    /// The question under way about this credential, or a new one.
    fn join(&self, hash: SecretHash, era: u64) -> Waiting<'_> {
        let now = Instant::now();
        let mut looks = self.looks();
        let under_way = looks.get_mut(&hash).filter(|look| look.era == era && look.answer.peek().is_none());
        let (answer, at) = if let Some(look) = under_way {
            look.waiting += 1;
            (look.answer.clone(), look.at)
        } else {
            let store = self.store.clone();
            let ask =
                async move { store.holder(&hash).await.map(|found| found.map(Arc::new)).map_err(Arc::new) };
            let answer = ask.boxed().shared();
            looks.insert(hash, Look { answer: answer.clone(), era, at: now, waiting: 1 });
            (answer, now)
        };
        Waiting { cache: self, hash, answer, at }
    }

    fn looks(&self) -> MutexGuard<'_, HashMap<SecretHash, Look>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for an answer.
struct Waiting<'a> {
    cache: &'a CachedCredentials,
    hash: SecretHash,
    answer: Shared<BoxFuture<'static, Answer>>,
    at: Instant,
}

impl Drop for Waiting<'_> {
    /// Also when the caller has hung up: a question that nobody waits for is forgotten.
    fn drop(&mut self) {
        let mut looks = self.cache.looks();
        if let Some(look) = looks.get_mut(&self.hash).filter(|look| look.answer.ptr_eq(&self.answer)) {
            look.waiting -= 1;
            if look.waiting == 0 {
                looks.remove(&self.hash);
            }
        }
    }
}

#[async_trait]
impl CredentialStore for CachedCredentials {
    async fn issue(&self, credential: &Credential, hash: &SecretHash) -> Result<(), PortError> {
        self.store.issue(credential, hash).await
    }

    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, PortError> {
        let era = self.era.load(Ordering::Acquire);
        if let Some(holder) = self.remembered(hash, era) {
            return Ok(Some(Holder::clone(&holder)));
        }
        let waiting = self.join(*hash, era);
        let found = waiting.answer.clone().await.map_err(told_to_all)?;
        if let Some(holder) = &found {
            let seen = Seen { holder: holder.clone(), era, at: waiting.at };
            self.known.insert(*hash, seen);
        }
        Ok(found.map(|holder| Holder::clone(&holder)))
    }

    async fn list_credentials(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        page: Page<CredentialId>,
    ) -> Result<Vec<(Credential, Option<Username>)>, PortError> {
        self.store.list_credentials(application, which, page).await
    }

    async fn load_credential(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
    ) -> Result<Option<(Credential, Option<Username>)>, PortError> {
        self.store.load_credential(application, which, id).await
    }

    async fn revoke(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<Credential>, PortError> {
        // Whether or not the answer comes, it may be revoked: what was read before is over, also when nobody waits.
        let _over = Over(&self.era);
        self.store.revoke(application, which, id, now).await
    }
}

/// Ends an era when it goes.
struct Over<'a>(&'a AtomicU64);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// A failure that several callers are told.
fn told_to_all(error: Arc<PortError>) -> PortError {
    PortError { dependency: error.dependency, kind: error.kind, source: Box::new(Cause(error)) }
}

/// The cause of a failure that several callers are told, in its own words.
#[derive(Debug)]
struct Cause(Arc<PortError>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.source.fmt(f)
    }
}

impl std::error::Error for Cause {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.source()
    }
}

impl fmt::Debug for CachedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedCredentials")
            .field("store", &self.store)
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
