//! Counters on a server, sends to count, and what is asked of a server beside the adapter.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use adapters::redis::{RedisCounters, RedisMode, RedisOptions};
use domain::application::ApplicationId;
use domain::id::AccountId;
use domain::limit::{Limit, Member, SendParties, Take, takes_of_a_send};
use domain::phone::Phone;
use domain::phone_key::PhoneKey;
use domain::policy::{Limits, Policy};
use domain::ports::{Counters, Dependency, Entropy, PortErrorKind, Taken};
use domain::testkit::SeededEntropy;
use domain::time::{Timestamp, after};
use redis::aio::MultiplexedConnection;
use servers::KeySpace;
use tokio::time::Instant;

use super::ear;

/// Counters under a prefix of the test's own.
pub(crate) fn counters_in(space: &KeySpace, mode: RedisMode) -> RedisCounters {
    let options = RedisOptions::from_url(space.url(), mode).unwrap();
    RedisCounters::new(RedisOptions { key_prefix: space.prefix().to_owned(), ..options })
}

/// Counters on a server of the test's own.
pub(crate) fn counters_at(url: &str, mode: RedisMode) -> RedisCounters {
    RedisCounters::new(RedisOptions::from_url(url, mode).unwrap())
}

/// A connection beside the adapter's.
pub(crate) async fn beside(url: &str) -> MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// 2027-01-15T08:00:00Z.
pub(crate) fn begin() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

pub(crate) fn at(millis: u64) -> Timestamp {
    after(begin(), Duration::from_millis(millis))
}

pub(crate) const WINDOW: Duration = Duration::from_mins(10);

/// Who sends, and what limits it.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) limits: Limits,
    account: Option<AccountId>,
}

impl Sender {
    /// Somebody with limits on phone, account and phones of the account: two subjects, four counters.
    pub(crate) fn with_account(number: u64, max: u32) -> Self {
        let limit = |max, window| Limit { max, window };
        let entropy = SeededEntropy::new(number);
        Self {
            limits: Limits {
                sends_per_phone: vec![limit(max, WINDOW)],
                sends_per_account: vec![limit(max * 2, WINDOW), limit(max * 3, WINDOW * 2)],
                phones_per_account: vec![limit(max, WINDOW)],
            },
            account: Some(AccountId::new(begin(), &entropy).unwrap()),
        }
    }

    /// Somebody with one limit, on the phone.
    pub(crate) fn to_phone_only(max: u32) -> Self {
        let limits = Limits {
            sends_per_phone: vec![Limit { max, window: WINDOW }],
            sends_per_account: Vec::new(),
            phones_per_account: Vec::new(),
        };
        Self { limits, account: None }
    }

    /// The same, limited by what one account sends.
    pub(crate) fn by_account_only(&self, max: u32) -> Self {
        let limits = Limits {
            sends_per_phone: Vec::new(),
            sends_per_account: vec![Limit { max, window: WINDOW }],
            phones_per_account: Vec::new(),
        };
        Self { limits, ..self.clone() }
    }

    /// What a send to this phone takes.
    pub(crate) fn send(&self, phone: u64, attempt: u64) -> Vec<Take> {
        let phone = Phone::from_digits(9_779_840_000_000 + phone).unwrap();
        let fingerprint = PhoneKey::new(&[7; 32]).unwrap().fingerprint(phone);
        let application = ApplicationId::default_application();
        let parties = SendParties { application: &application, account: self.account, phone: fingerprint };
        let mut member = Member([0; 16]);
        SeededEntropy::new(attempt).fill(&mut member.0).unwrap();
        let policy = Policy { limits: self.limits.clone(), ..Policy::default() };
        takes_of_a_send(&policy, &parties, member)
    }
}

pub(crate) fn is_taken(taken: &Taken) -> bool {
    match taken {
        Taken::All(_) => true,
        Taken::Refused { .. } => false,
    }
}

/// How much room is left, found by taking it.
pub(crate) async fn room(counters: &RedisCounters, sender: &Sender, phone: u64, now: Timestamp) -> u32 {
    let mut room = 0;
    while is_taken(&counters.take(&sender.send(phone, 1_000_000 + u64::from(room)), now).await.unwrap()) {
        room += 1;
    }
    room
}

/// The port at the end of a URL.
pub(crate) fn port_of(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// Asks until it is so; how long that took.
pub(crate) async fn until(patience: Duration, asked: impl AsyncFn() -> bool) -> Duration {
    let begin = Instant::now();
    while !asked().await {
        assert!(begin.elapsed() < patience, "must be so within {patience:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begin.elapsed()
}

/// How long a call may take in all, with what a busy machine adds to it.
pub(crate) const BOUND: Duration = Duration::from_millis(1_000 + 500);

/// Takes; every call must end within the time-out, and fail as unavailable or not at all.
pub(crate) async fn bounded_take(counters: &RedisCounters, takes: &[Take], now: Timestamp) -> Option<Taken> {
    let begin = Instant::now();
    let answer = counters.take(takes, now).await;
    let took = begin.elapsed();
    assert!(took < BOUND, "a call must end within its time-out, but took {took:?}: {answer:?}");
    if let Err(error) = &answer {
        assert_eq!((error.kind, error.dependency), (PortErrorKind::Unavailable, Dependency::Counters));
    }
    answer.ok()
}

/// Asks for a fresh phone each time until it is answered; how long that took.
pub(crate) async fn until_it_counts(counters: &RedisCounters, patience: Duration) -> Duration {
    let phone = AtomicU64::new(500_000);
    until(patience, async || {
        let send = Sender::to_phone_only(5).send(phone.fetch_add(1, Ordering::Relaxed), 0);
        bounded_take(counters, &send, begin()).await.is_some()
    })
    .await
}

/// The ids of the connections to this server but for the one that asks.
pub(crate) async fn connections(url: &str) -> Vec<String> {
    let mut asking = beside(url).await;
    let own: i64 = redis::cmd("CLIENT").arg("ID").query_async(&mut asking).await.unwrap();
    let all: String = redis::cmd("CLIENT").arg("LIST").query_async(&mut asking).await.unwrap();
    let ids = all.lines().filter_map(|line| line.split(' ').next()?.strip_prefix("id="));
    ids.filter(|id| *id != own.to_string()).map(ToOwned::to_owned).collect()
}

/// What was logged in this process since somebody first asked, down to traces.
pub(crate) fn hear() -> String {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(ear::listen);
    ear::heard()
}
