//! A load of starts and checks with known codes, which goes on through whatever happens to the servers, and remembers
//! every answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use simulator::Simulator;
use tokio::task::JoinHandle;

use crate::client::{Answer, Client};
use crate::fleet::Fleet;
use crate::{code_in, wrong};

/// How many go on at once.
const WORKERS: usize = 8;
/// The wait of a worker between calls: a load, no stress.
const PACE: Duration = Duration::from_millis(10);
/// How long a right code may be repeated until it is answered.
const PATIENCE: Duration = Duration::from_secs(40);

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A start.
    Start,
    /// A check of a wrong code.
    WrongCheck,
    /// A check of the right code.
    RightCheck,
}

/// A call and its answer.
#[derive(Clone, Debug)]
pub struct Call {
    /// What was asked for.
    pub asked: Asked,
    /// When.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
    /// The status of the answer.
    pub status: u16,
    /// The body, for the message of a test that fails.
    pub text: String,
    /// Whether a failure says when to come again.
    pub retry_after: bool,
}

/// An account that was told that its phone is proved.
#[derive(Clone, Debug)]
pub struct Proved {
    account: String,
    phone: String,
    id: String,
}

/// A running load.
#[derive(Debug)]
pub struct Load {
    ending: Arc<AtomicBool>,
    workers: Vec<JoinHandle<Log>>,
    greedy: JoinHandle<(Log, u32)>,
}

#[derive(Debug, Default)]
struct Log {
    calls: Vec<Call>,
    proved: Vec<Proved>,
    unanswered: Vec<String>,
}

/// What came of a load.
#[derive(Debug)]
pub struct Outcome {
    /// Every call, in the order in which they began.
    pub calls: Vec<Call>,
    /// Every approval that was answered.
    pub proved: Vec<Proved>,
    /// The right codes that were not answered with an approval, however often they were repeated.
    pub unanswered: Vec<String>,
    /// How many sends one account got that turned to ever new phones; five a day are allowed.
    pub greedy_sends: u32,
}

/// One who calls the replicas in turn.
#[derive(Clone)]
struct Caller {
    clients: Arc<Vec<Client>>,
    simulator: Simulator,
    key: Arc<str>,
    turn: Arc<AtomicU32>,
}

impl Load {
    /// Begins.
    #[must_use]
    pub fn on(fleet: &Fleet) -> Self {
        let ending = Arc::new(AtomicBool::new(false));
        let caller = Caller {
            clients: Arc::new(fleet.replicas.iter().map(|replica| replica.client.clone()).collect()),
            simulator: fleet.simulator.clone(),
            key: fleet.key.as_str().into(),
            turn: Arc::default(),
        };
        let workers =
            (0..WORKERS).map(|worker| tokio::spawn(work(caller.clone(), worker, ending.clone()))).collect();
        let greedy = tokio::spawn(be_greedy(caller, ending.clone()));
        Self { ending, workers, greedy }
    }

    /// Lets every worker finish what it is at, and ends.
    pub async fn end(self) -> Outcome {
        self.ending.store(true, Ordering::Relaxed);
        let (log, greedy_sends) = self.greedy.await.expect("the greedy one ends");
        let mut outcome =
            Outcome { calls: log.calls, proved: Vec::new(), unanswered: Vec::new(), greedy_sends };
        for worker in self.workers {
            let log = worker.await.expect("a worker ends");
            outcome.calls.extend(log.calls);
            outcome.proved.extend(log.proved);
            outcome.unanswered.extend(log.unanswered);
        }
        outcome.calls.sort_by_key(|call| call.began);
        outcome
    }
}

impl Outcome {
    /// Whatever happened: no answer but those that the API promises, each failure a 503 in time that says when to come
    /// again, and every right code answered in the end.
    pub fn is_as_promised(&self, failures_within: Duration) {
        for call in &self.calls {
            let promised = match call.asked {
                Asked::Start => matches!(call.status, 201 | 429 | 503),
                Asked::WrongCheck => matches!(call.status, 422 | 503),
                Asked::RightCheck => matches!(call.status, 200 | 503),
            };
            assert!(promised, "{call:?}");
            if call.status == 503 {
                assert!(call.retry_after, "a 503 says when to come again: {call:?}");
                assert!(
                    call.took <= failures_within,
                    "a failure is told within {failures_within:?}: {call:?}"
                );
            }
        }
        assert!(self.unanswered.is_empty(), "right codes that were never answered: {:?}", self.unanswered);
        assert!(!self.proved.is_empty(), "something was approved");
    }

    /// There were failures: without one, a test of a fault has tested nothing.
    pub fn has_failures_after(&self, fault: Instant) {
        let failures = self.calls.iter().filter(|call| call.began >= fault && call.status == 503).count();
        assert!(failures > 0, "the fault was not noticed");
    }

    /// From `within` after `back` on, nothing fails any more, and starts and checks succeed.
    pub fn is_well_again(&self, back: Instant, within: Duration) {
        let later: Vec<_> = self.calls.iter().filter(|call| call.began >= back + within).collect();
        let failed: Vec<_> = later.iter().filter(|call| call.status == 503).collect();
        let latest = failed.last().map(|call| call.began.saturating_duration_since(back));
        assert!(
            failed.is_empty(),
            "{} calls failed up to {latest:?} after the return: {:?}",
            failed.len(),
            failed[0]
        );
        for asked in [Asked::Start, Asked::WrongCheck, Asked::RightCheck] {
            assert!(
                later.iter().any(|call| call.asked == asked && call.status < 429),
                "no {asked:?} succeeded"
            );
        }
    }

    /// Every approval that was answered is kept: the verification is approved and the phone bound.
    pub async fn is_kept(&self, fleet: &Fleet) {
        for (turn, proved) in self.proved.iter().enumerate() {
            let path = format!("/v1/verifications/{}", proved.id);
            let seen = fleet.client(turn).get(&path, &fleet.key).await.is(200);
            assert_eq!(seen.member("status"), "approved", "{proved:?}");
            let again = fleet.start_at(turn, &proved.account, &proved.phone).await;
            let _ = again.is_problem(403, "already-verified");
        }
    }
}

impl Caller {
    async fn call(&self, log: &mut Log, asked: Asked, path: &str, body: serde_json::Value) -> Answer {
        tokio::time::sleep(PACE).await;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) as usize;
        let began = Instant::now();
        let answer = self.clients[turn % self.clients.len()].post(path, &self.key, &body).await;
        log.calls.push(Call {
            asked,
            began,
            took: began.elapsed(),
            status: answer.status,
            text: answer.text.clone(),
            retry_after: answer.header("retry-after").is_some(),
        });
        answer
    }

    async fn start(&self, log: &mut Log, account: &str, phone: &str) -> Answer {
        let body = serde_json::json!({ "phone": phone, "account": account });
        self.call(log, Asked::Start, "/v1/verifications", body).await
    }

    async fn check(&self, log: &mut Log, asked: Asked, id: &str, code: &str) -> Answer {
        let path = format!("/v1/verifications/{id}/checks");
        self.call(log, asked, &path, serde_json::json!({ "code": code })).await
    }
}

/// Starts, mistypes, and proves one phone after the other.
async fn work(caller: Caller, worker: usize, ending: Arc<AtomicBool>) -> Log {
    let mut log = Log::default();
    let mut number = 0;
    while !ending.load(Ordering::Relaxed) {
        number += 1;
        let phone = format!("+97798{:08}", 40_000_000 + worker * 100_000 + number);
        let account = format!("worker-{worker}-{number}");
        let started = caller.start(&mut log, &account, &phone).await;
        if started.status != 201 {
            continue;
        }
        let id = started.member("id");
        let sms = caller.simulator.inbox(Some(&phone));
        let code = code_in(&sms.last().expect("an answered start has sent an SMS").text);
        caller.check(&mut log, Asked::WrongCheck, &id, &wrong(&code)).await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let checked = caller.check(&mut log, Asked::RightCheck, &id, &code).await;
            if checked.status == 200 {
                log.proved.push(Proved { account, phone, id });
                break;
            }
            if checked.status != 503 || Instant::now() > deadline {
                log.unanswered.push(checked.text);
                break;
            }
        }
    }
    log
}

/// One account that turns to ever new phones.
async fn be_greedy(caller: Caller, ending: Arc<AtomicBool>) -> (Log, u32) {
    let (mut log, mut sends, mut number) = (Log::default(), 0, 0);
    while !ending.load(Ordering::Relaxed) {
        number += 1;
        let phone = format!("+97798{:08}", 50_000_000 + number);
        if caller.start(&mut log, "greedy", &phone).await.status == 201 {
            sends += 1;
        }
    }
    (log, sends)
}
