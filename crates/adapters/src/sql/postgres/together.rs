//! What the hot path asks of the database, many calls in one statement: one trip, one transaction and one sync of the
//! disk for all that came while the one before was under way ([`crate::coalescer`]). Owns which calls go together and
//! what becomes of them when their statement is refused; the statements are in the modules below.
//!
//! A row that the database refuses must not fail its neighbours: when a statement is refused, which changes nothing, each
//! of its calls goes by itself. When it is not known what became of it, that is told to all of them.

mod checking;
mod reading;
mod starting;
mod table;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use domain::delivery::DeliveryRecord;
use domain::guess::Guess;
use domain::id::VerificationId;
use domain::phone::Phone;
use domain::ports::{Approval, Approved, Change, Inserted, Loaded, Saved, Standing};
use domain::time::Day;
use domain::verification::{Subject, Verification};
use futures_util::future::join_all;
use tokio::time::Instant;

use self::checking::{Approvals, Guesses, OwnedApproval};
use self::reading::{Loads, Standings};
use self::starting::{Delivered, Deliveries, Inserts};
use super::Access;
use crate::coalescer::{Batch, Bounds, Claims, Coalescer};
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

/// How many calls go in one statement at the most: rows enough that their number does not matter any more, and locks few
/// enough that the server has room for those of all replicas.
const TOGETHER_MAX: usize = 128;
/// How many statements of a kind are under way beside each other at the most.
const LANES_MAX: usize = 4;

/// The calls that go together, by kind.
#[derive(Debug)]
pub(super) struct Together {
    standings: Coalescer<Trip<Standings>>,
    loads: Coalescer<Trip<Loads>>,
    inserts: Coalescer<Trip<Inserts>>,
    deliveries: Coalescer<Trip<Deliveries>>,
    guesses: Coalescer<Trip<Guesses>>,
    approvals: Coalescer<Trip<Approvals>>,
}

/// A kind of call, and its statement.
trait Kind: Send + Sync + 'static {
    type Job: Send + Sync + 'static;
    type Answer: Send + 'static;

    /// Whether it changes nothing.
    const ONLY_ASKS: bool;

    /// See [`Batch::claims`].
    fn claims(job: &Self::Job) -> Claims;

    /// Asks the statement for all of these, by `give_up_at`. It is not asked again by whoever calls this, unless it was
    /// refused. The answers are in the order of the jobs.
    fn ask(
        access: &Access,
        give_up_at: Instant,
        jobs: &[Self::Job],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Failure>> + Send;
}

/// The way there, for one kind.
struct Trip<K> {
    access: Arc<Access>,
    kind: PhantomData<K>,
}

/// A change that nobody has to be waited for.
struct OwnedChange {
    next: Verification,
    expected: u32,
    guess: Option<Guess>,
}

impl Together {
    /// At most `waiting` calls of a kind wait, each no longer than a connection would be waited for.
    pub(super) fn new(access: &Arc<Access>, waiting: usize) -> Self {
        let patience = access.acquire_timeout;
        let bounds = Bounds { together: TOGETHER_MAX, waiting, lanes: LANES_MAX, patience };
        Self {
            standings: of(access, bounds),
            loads: of(access, bounds),
            inserts: of(access, bounds),
            deliveries: of(access, bounds),
            guesses: of(access, bounds),
            approvals: of(access, bounds),
        }
    }

    pub(super) async fn standing(&self, subject: &Subject, today: Day) -> Result<Standing, Failure> {
        self.standings.ask((subject.clone(), today)).await
    }

    pub(super) async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, Failure> {
        self.loads.ask((id, today)).await
    }

    pub(super) async fn insert(&self, new: &Verification) -> Result<Inserted, Failure> {
        self.inserts.ask(new.clone()).await
    }

    /// A change with the one attempt that it comes from.
    pub(super) async fn record_delivery(
        &self,
        change: &Change<'_>,
        attempt: &DeliveryRecord,
    ) -> Result<Saved, Failure> {
        let change = OwnedChange::of(change);
        self.deliveries.ask(Delivered { change, attempt: attempt.clone() }).await
    }

    /// A change that comes from a guess.
    pub(super) async fn save_guess(&self, change: &Change<'_>) -> Result<Saved, Failure> {
        self.guesses.ask(OwnedChange::of(change)).await
    }

    pub(super) async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, Failure> {
        let Approval { change, account, phone, transfer } = approval;
        let change = OwnedChange::of(change);
        self.approvals
            .ask(OwnedApproval { change, account: *account, phone: *phone, transfer: *transfer })
            .await
    }

    /// Takes nothing any more, and waits for what was taken.
    pub(super) async fn close(&self, patience: Duration) {
        tokio::join!(
            self.standings.close(patience),
            self.loads.close(patience),
            self.inserts.close(patience),
            self.deliveries.close(patience),
            self.guesses.close(patience),
            self.approvals.close(patience),
        );
    }
}

fn of<K: Kind>(access: &Arc<Access>, bounds: Bounds) -> Coalescer<Trip<K>> {
    Coalescer::new(Trip { access: Arc::clone(access), kind: PhantomData }, bounds)
}

impl OwnedChange {
    fn of(change: &Change<'_>) -> Self {
        Self { next: change.next.clone(), expected: change.expected, guess: change.guess }
    }

    /// The verification is changed, and its phone may be locked.
    fn claims(&self) -> Claims {
        [Some(self.next.id.uuid().as_u128()), Some(claim_of(self.next.subject.phone))]
    }
}

/// Numbers of phones are far below those of ids.
fn claim_of(phone: Phone) -> u128 {
    phone.digits().into()
}

/// The places of the jobs in the order of their phones. All replicas lock phones in this one, so that no two of them wait for
/// each other.
fn by_phone<Job>(jobs: &[Job], phone: impl Fn(&Job) -> Phone) -> Vec<&Job> {
    let mut ordered: Vec<&Job> = jobs.iter().collect();
    ordered.sort_unstable_by_key(|job| phone(job).digits());
    ordered
}

impl<K: Kind> Batch for Trip<K> {
    type Job = K::Job;
    type Answer = K::Answer;
    type Failure = Failure;

    const ONLY_ASKS: bool = K::ONLY_ASKS;

    fn claims(job: &K::Job) -> Claims {
        K::claims(job)
    }

    async fn run(&self, jobs: Vec<K::Job>) -> Vec<Result<K::Answer, Failure>> {
        let give_up_at = self.access.deadline();
        match K::ask(&self.access, give_up_at, &jobs).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(failure) if jobs.len() == 1 => vec![Err(failure)],
            Err(failure) if failure.is_refusal() => {
                let alone = jobs.iter().map(|job| async move {
                    let answers = K::ask(&self.access, give_up_at, std::slice::from_ref(job)).await?;
                    answers.into_iter().next().ok_or_else(|| RowFault("answer").into())
                });
                join_all(alone).await
            }
            Err(failure) => {
                let failure = Arc::new(failure);
                jobs.iter().map(|_| Err(Failure::Shared(Arc::clone(&failure)))).collect()
            }
        }
    }
}
