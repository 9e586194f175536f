use std::collections::BTreeMap;
use std::pin::pin;

use proptest::prelude::*;
use tokio::sync::Semaphore;

use super::*;

/// Long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const BOUNDS: Bounds = Bounds { together: 8, waiting: 100, lanes: 2, patience: PATIENCE };

/// Answers each job with its own number, as soon as it may. An odd one fails.
struct Echo {
    gate: Arc<Semaphore>,
    seen: Arc<Mutex<Vec<Vec<Job>>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Job {
    number: u32,
    claim: Option<u128>,
}

#[derive(Debug, PartialEq, Eq)]
enum Fault {
    Odd,
    NotDone(NotDone),
}

impl From<NotDone> for Fault {
    fn from(why: NotDone) -> Self {
        Self::NotDone(why)
    }
}

impl Batch for Echo {
    type Job = Job;
    type Answer = u32;
    type Failure = Fault;

    const ONLY_ASKS: bool = false;

    fn claims(job: &Job) -> Claims {
        [job.claim, None]
    }

    async fn run(&self, jobs: Vec<Job>) -> Vec<Result<u32, Fault>> {
        self.seen.lock().unwrap().push(jobs.clone());
        self.gate.acquire().await.unwrap().forget();
        assert!(jobs.iter().all(|job| job.number != PANICS), "told to");
        jobs.iter().map(|job| if job.number % 2 == 0 { Ok(job.number) } else { Err(Fault::Odd) }).collect()
    }
}

const PANICS: u32 = 999_999;

struct Stage {
    coalescer: Coalescer<Echo>,
    gate: Arc<Semaphore>,
    seen: Arc<Mutex<Vec<Vec<Job>>>>,
}

impl Stage {
    /// Batches that end when they are let through.
    fn new(bounds: Bounds) -> Self {
        let (gate, seen) = (Arc::new(Semaphore::new(0)), Arc::default());
        let batch = Echo { gate: Arc::clone(&gate), seen: Arc::clone(&seen) };
        Self { coalescer: Coalescer::new(batch, bounds), gate, seen }
    }

    fn ask(&self, number: u32) -> tokio::task::JoinHandle<Result<u32, Fault>> {
        self.ask_for(Job { number, claim: None })
    }

    fn ask_for(&self, job: Job) -> tokio::task::JoinHandle<Result<u32, Fault>> {
        let coalescer = self.coalescer.clone();
        tokio::spawn(async move { coalescer.ask(job).await })
    }

    /// The sizes of the batches that have begun.
    fn batches(&self) -> Vec<usize> {
        self.seen.lock().unwrap().iter().map(Vec::len).collect()
    }

    fn let_through(&self, batches: usize) {
        self.gate.add_permits(batches);
    }
}

/// Lets all tasks get as far as they can; time stands still meanwhile.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_alone_goes_at_once_and_who_comes_meanwhile_goes_together() {
    let stage = Stage::new(BOUNDS);
    let first = stage.ask(0);
    settle().await;
    assert_eq!(stage.batches(), [1]);
    let others: Vec<_> = (1..8).map(|number| stage.ask(number)).collect();
    settle().await;
    assert_eq!(stage.batches(), [1]);
    stage.let_through(2);
    assert_eq!(first.await.unwrap(), Ok(0));
    for (other, number) in others.into_iter().zip(1..) {
        let expected = if number % 2 == 0 { Ok(number) } else { Err(Fault::Odd) };
        assert_eq!(other.await.unwrap(), expected, "each has an outcome of its own");
    }
    assert_eq!(stage.batches(), [1, 7]);
    assert_eq!(stage.coalescer.done(), (8, 2));
}

#[tokio::test(start_paused = true)]
async fn beside_a_batch_that_takes_long_another_begins() {
    let stage = Stage::new(BOUNDS);
    let first = stage.ask(0);
    settle().await;
    tokio::time::advance(LONG * 2).await;
    let second = stage.ask(2);
    settle().await;
    assert_eq!(stage.batches(), [1, 1]);
    // There are no more than two lanes.
    tokio::time::advance(LONG * 2).await;
    let third = stage.ask(4);
    settle().await;
    assert_eq!(stage.batches(), [1, 1]);
    stage.let_through(3);
    assert_eq!([first.await.unwrap(), second.await.unwrap(), third.await.unwrap()], [Ok(0), Ok(2), Ok(4)]);
}

#[tokio::test(start_paused = true)]
async fn of_two_with_one_claim_the_second_waits_and_holds_nobody_up() {
    let stage = Stage::new(BOUNDS);
    let jobs = [(0, Some(7)), (2, Some(7)), (4, Some(8)), (6, None)];
    let asked: Vec<_> = jobs.map(|(number, claim)| stage.ask_for(Job { number, claim })).into();
    settle().await;
    // The lane that is driven by the first finds all of them.
    let begun = stage.batches();
    stage.let_through(4);
    for (asked, (number, _)) in asked.into_iter().zip(jobs) {
        assert_eq!(asked.await.unwrap(), Ok(number));
    }
    let seen = stage.seen.lock().unwrap().clone();
    assert!(begun.len() <= 1);
    for batch in &seen {
        let claimed: Vec<_> = batch.iter().filter_map(|job| job.claim).collect();
        let distinct: HashSet<_> = claimed.iter().collect();
        assert_eq!(claimed.len(), distinct.len(), "{seen:?}");
    }
    assert!(seen.len() <= 3, "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn past_the_bound_nobody_waits() {
    let stage = Stage::new(Bounds { waiting: 2, ..BOUNDS });
    let first = stage.ask(0);
    settle().await;
    let waiting = [stage.ask(2), stage.ask(4)];
    settle().await;
    assert_eq!(stage.ask(6).await.unwrap(), Err(NotDone::Full.into()));
    stage.let_through(2);
    assert_eq!(first.await.unwrap(), Ok(0));
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_waited_for_too_long_is_not_done_any_more() {
    let stage = Stage::new(Bounds { lanes: 1, ..BOUNDS });
    let first = stage.ask(0);
    settle().await;
    let late = stage.ask(2);
    settle().await;
    tokio::time::advance(PATIENCE * 2).await;
    let in_time = stage.ask(4);
    settle().await;
    stage.let_through(2);
    assert_eq!(first.await.unwrap(), Ok(0));
    assert_eq!(late.await.unwrap(), Err(NotDone::Late.into()));
    assert_eq!(in_time.await.unwrap(), Ok(4));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_is_done_though_nobody_waits_for_the_answer() {
    let stage = Stage::new(BOUNDS);
    let first = stage.ask(0);
    settle().await;
    let gone = stage.ask(2);
    settle().await;
    gone.abort();
    first.abort();
    settle().await;
    stage.let_through(2);
    stage.coalescer.close(PATIENCE).await;
    assert_eq!(stage.batches(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_close_waits_for_what_was_taken_and_takes_nothing_more() {
    let stage = Stage::new(BOUNDS);
    let asked: Vec<_> = [0, 2, 4].map(|number| stage.ask(number)).into();
    settle().await;
    let mut closing = pin!(stage.coalescer.close(PATIENCE));
    assert!(futures_util::poll!(&mut closing).is_pending());
    assert_eq!(stage.ask(6).await.unwrap(), Err(NotDone::Closed.into()));
    stage.let_through(2);
    closing.await;
    for asked in asked {
        asked.await.unwrap().unwrap();
    }
    // With nothing under way it waits for nobody.
    stage.coalescer.close(PATIENCE).await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_breaks_off_leaves_nobody_waiting() {
    let stage = Stage::new(Bounds { lanes: 1, ..BOUNDS });
    let broken = stage.ask(PANICS);
    settle().await;
    let behind = stage.ask(2);
    settle().await;
    stage.let_through(1);
    assert_eq!(broken.await.unwrap(), Err(NotDone::BrokenOff.into()));
    assert_eq!(behind.await.unwrap(), Err(NotDone::Late.into()));
    stage.let_through(1);
    assert_eq!(stage.ask(4).await.unwrap(), Ok(4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever asks is answered once, with his own answer; no batch is larger than it may be, and none has a claim twice.
    #[test]
    fn everybody_is_answered_with_his_own(
        claims in proptest::collection::vec(proptest::option::of(0_u128..5), 1..200),
        together in 1_usize..10, lanes in 1_usize..5,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        runtime.block_on(async {
            let stage = Stage::new(Bounds { together, waiting: 1000, lanes, patience: PATIENCE });
            stage.let_through(1000);
            let asked: Vec<_> = claims.iter().zip(0..).map(|(claim, number)| {
                (number, stage.ask_for(Job { number, claim: *claim }))
            }).collect();
            for (number, asked) in asked {
                let expected = if number % 2 == 0 { Ok(number) } else { Err(Fault::Odd) };
                assert_eq!(asked.await.unwrap(), expected);
            }
            let seen = stage.seen.lock().unwrap().clone();
            let mut times = BTreeMap::new();
            for batch in seen {
                assert!((1..=together).contains(&batch.len()));
                let claimed: Vec<_> = batch.iter().filter_map(|job| job.claim).collect();
                assert_eq!(claimed.iter().collect::<HashSet<_>>().len(), claimed.len());
                for job in batch {
                    *times.entry(job.number).or_insert(0) += 1;
                }
            }
            assert!(times.len() == claims.len() && times.values().all(|times| *times == 1));
        });
    }
}
