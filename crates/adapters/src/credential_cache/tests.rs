use domain::credential::{CredentialKind, CredentialSecret, Scope};
use domain::ports::Clock as _;
use domain::testkit::contract::{self, Ground};
use domain::testkit::{ManualClock, MemoryStore, SeededEntropy};
use futures_util::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::advance;

use super::*;

const LIFE: Duration = Duration::from_secs(5);

struct Ring {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    cache: CachedCredentials,
    entropy: SeededEntropy,
}

fn ring() -> Ring {
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(ManualClock::at(Timestamp::from_second(1_768_464_000).unwrap()));
    let cache = CachedCredentials::new(store.clone(), LIFE);
    Ring { store, clock, cache, entropy: SeededEntropy::new(7) }
}

/// The same, before a store that answers when it is told to.
fn slow_ring() -> (Ring, Arc<SlowToAnswer>) {
    let ring = ring();
    let slow = Arc::new(SlowToAnswer { store: ring.store.clone(), answers: Semaphore::new(0) });
    let cache = CachedCredentials::new(slow.clone(), LIFE);
    (Ring { cache, ..ring }, slow)
}

impl Ring {
    fn hash(&self) -> SecretHash {
        CredentialSecret::new(CredentialKind::Key(Scope::Verify), &self.entropy).unwrap().hash()
    }

    /// A key that somebody has issued through another process.
    async fn issued(&self) -> (Credential, SecretHash) {
        let credential = Credential {
            id: CredentialId::new(self.clock.now(), &self.entropy).unwrap(),
            application: ApplicationId::default_application(),
            kind: CredentialKind::Key(Scope::Verify),
            name: None,
            created_at: self.clock.now(),
            expires_at: None,
            revoked_at: None,
        };
        let hash = self.hash();
        self.store.issue(&credential, &hash).await.unwrap();
        (credential, hash)
    }

    async fn is_revoked(&self, hash: &SecretHash) -> bool {
        let holder = self.cache.holder(hash).await.unwrap().expect("it was issued");
        holder.credential.revoked_at.is_some()
    }

    fn looks(&self) -> u32 {
        self.store.calls("holder")
    }
}

async fn revoke(through: &dyn CredentialStore, ring: &Ring, credential: &Credential) {
    let which = CredentialFilter::Keys;
    let revoked = through.revoke(&credential.application, which, credential.id, ring.clock.now()).await;
    assert!(revoked.unwrap().is_some());
}

/// Answers what it has read long ago.
#[derive(Debug)]
struct SlowToAnswer {
    store: Arc<MemoryStore>,
    answers: Semaphore,
}

#[async_trait]
impl CredentialStore for SlowToAnswer {
    async fn issue(&self, credential: &Credential, hash: &SecretHash) -> Result<(), PortError> {
        self.store.issue(credential, hash).await
    }

    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, PortError> {
        let read = self.store.holder(hash).await;
        self.answers.acquire().await.unwrap().forget();
        read
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
        self.store.revoke(application, which, id, now).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_keep_their_contract() {
    let Ring { store, cache, .. } = ring();
    contract::credential_store(Arc::new(cache), store, &Ground::new(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_credential_is_looked_up_once_within_its_life() {
    let ring = ring();
    let (credential, hash) = ring.issued().await;
    for _ in 0..3 {
        let found = ring.cache.holder(&hash).await.unwrap();
        assert_eq!(found, Some(Holder { credential: credential.clone(), account: None }));
        advance(Duration::from_millis(1_666)).await;
    }
    assert_eq!(ring.looks(), 1);
    advance(Duration::from_millis(2)).await;
    ring.cache.holder(&hash).await.unwrap();
    assert_eq!(ring.looks(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_elsewhere_is_revoked_here_when_its_life_is_over() {
    let ring = ring();
    let (credential, hash) = ring.issued().await;
    assert!(!ring.is_revoked(&hash).await);
    revoke(&*ring.store, &ring, &credential).await;
    advance(Duration::from_millis(4_999)).await;
    assert!(!ring.is_revoked(&hash).await);
    advance(Duration::from_millis(1)).await;
    assert!(ring.is_revoked(&hash).await);
}

#[tokio::test]
async fn what_is_revoked_here_is_revoked_at_once() {
    let ring = ring();
    let (credential, hash) = ring.issued().await;
    assert!(!ring.is_revoked(&hash).await);
    revoke(&ring.cache, &ring, &credential).await;
    assert!(ring.is_revoked(&hash).await);
}

#[tokio::test]
async fn a_revocation_without_an_answer_counts_as_one() {
    let ring = ring();
    let (credential, hash) = ring.issued().await;
    assert!(!ring.is_revoked(&hash).await);
    revoke(&*ring.store, &ring, &credential).await;
    ring.store.fail_next("revoke", 1);
    let which = CredentialFilter::Keys;
    let answer = ring.cache.revoke(&credential.application, which, credential.id, ring.clock.now()).await;
    assert!(answer.is_err());
    assert!(ring.is_revoked(&hash).await);
}

#[tokio::test]
async fn what_was_being_read_while_it_was_revoked_is_not_believed() {
    let (ring, slow) = slow_ring();
    let (credential, hash) = ring.issued().await;
    // It has read, and its answer is on the way, when the revocation comes.
    let mut reading = Box::pin(ring.cache.holder(&hash));
    for _ in 0..4 {
        assert!(reading.as_mut().now_or_never().is_none());
    }
    assert_eq!(ring.looks(), 1);
    revoke(&ring.cache, &ring, &credential).await;
    slow.answers.add_permits(64);
    assert!(ring.is_revoked(&hash).await, "a question from before is not joined");
    let before = reading.await.unwrap().expect("it was issued");
    assert_eq!(before.credential.revoked_at, None, "it was read before");
    assert!(ring.is_revoked(&hash).await, "what was read before is not remembered");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_makes_nothing_live_longer() {
    for back in [Duration::from_secs(3), Duration::from_hours(1)] {
        let ring = ring();
        let (credential, hash) = ring.issued().await;
        assert!(!ring.is_revoked(&hash).await);
        revoke(&*ring.store, &ring, &credential).await;
        ring.clock.set(ring.clock.now().checked_sub(back).unwrap());
        advance(LIFE).await;
        assert!(ring.is_revoked(&hash).await);
    }
}

#[tokio::test]
async fn callers_at_once_ask_once() {
    let (ring, slow) = slow_ring();
    let (_, hash) = ring.issued().await;
    let mut waiting = join_all((0..64).map(|_| ring.cache.holder(&hash)));
    assert!((&mut waiting).now_or_never().is_none());
    slow.answers.add_permits(64);
    let found = waiting.await;
    assert!(found.into_iter().all(|found| found.unwrap().is_some()));
    assert_eq!(ring.looks(), 1);
    assert!(ring.cache.looks().is_empty(), "nothing is kept of a question that was answered");
}

#[tokio::test]
async fn a_store_that_fails_is_told_to_all_who_wait_and_asked_again_by_the_next() {
    let (ring, slow) = slow_ring();
    let (_, hash) = ring.issued().await;
    ring.store.fail_next("holder", 1);
    let mut waiting = join_all((0..8).map(|_| ring.cache.holder(&hash)));
    assert!((&mut waiting).now_or_never().is_none());
    slow.answers.add_permits(64);
    let answers = waiting.await;
    let told: Vec<_> = answers.into_iter().map(|answer| domain::ports::chain(&answer.unwrap_err())).collect();
    assert!(
        told.iter().all(|line| line == "the store is unavailable: `holder` was told to fail"),
        "{told:?}"
    );
    assert!(ring.cache.holder(&hash).await.unwrap().is_some());
    assert_eq!(ring.looks(), 2);
}

#[tokio::test]
async fn secrets_that_open_nothing_push_nothing_out() {
    let ring = ring();
    let (_, hash) = ring.issued().await;
    ring.cache.holder(&hash).await.unwrap();
    for _ in 0..2 * CREDENTIALS_MAX {
        assert_eq!(ring.cache.holder(&ring.hash()).await.unwrap(), None);
    }
    let looks = ring.looks();
    ring.cache.holder(&hash).await.unwrap();
    assert_eq!(ring.looks(), looks);
    assert_eq!(ring.cache.known.len(), 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_nothing_behind_and_nobody_waiting() {
    let (ring, slow) = slow_ring();
    let (_, hash) = ring.issued().await;
    let mut first = Box::pin(ring.cache.holder(&hash));
    assert!(first.as_mut().now_or_never().is_none());
    let mut second = Box::pin(ring.cache.holder(&hash));
    assert!(second.as_mut().now_or_never().is_none());
    drop(first);
    slow.answers.add_permits(1);
    assert!(second.await.unwrap().is_some());
    assert_eq!(ring.looks(), 1);
    let unknown = ring.hash();
    let mut third = Box::pin(ring.cache.holder(&unknown));
    assert!(third.as_mut().now_or_never().is_none());
    drop(third);
    assert!(ring.cache.looks().is_empty());
}

#[tokio::test]
async fn no_more_is_remembered_than_there_is_room_for() {
    let ring = ring();
    let kind = CredentialKind::Key(Scope::Verify);
    let holder = Arc::new(Holder {
        credential: Credential {
            id: CredentialId::new(ring.clock.now(), &ring.entropy).unwrap(),
            application: ApplicationId::default_application(),
            kind,
            name: None,
            created_at: ring.clock.now(),
            expires_at: None,
            revoked_at: None,
        },
        account: None,
    });
    for _ in 0..2 * CREDENTIALS_MAX {
        ring.cache.known.insert(ring.hash(), Seen { holder: holder.clone(), era: 0, at: Instant::now() });
    }
    assert!(ring.cache.known.len() <= CREDENTIALS_MAX);
}
