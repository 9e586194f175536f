//! The use cases: load, decide, save, act, tell back. They own the order of things; the decisions are in
//! [`step`](mod@crate::verification::step), the world behind [`crate::ports`]. Every front end calls these and nothing beside.

use std::sync::Arc;

use crate::application::{Application, ApplicationId, Applications};
use crate::code::Peppers;
use crate::phone_key::PhoneKey;
use crate::ports::{PortError, Ports};
use crate::refusal::{Refusal, Refused};
use crate::time::{Day, Timestamp};

pub mod accounts;
pub mod applications;
pub mod authenticate;
pub mod blocks;
pub mod cancel;
pub mod check;
pub mod credentials;
pub mod credits;
pub mod deliverability;
pub mod deliveries;
pub mod events;
mod hand_over;
pub mod idempotency;
pub mod invalid_numbers;
pub mod limits;
pub mod proofs;
pub mod read;
mod refused;
pub mod resend;
pub mod routes;
mod send;
pub mod start;
pub mod statistics;
pub mod sweep;
pub mod webhooks;

pub use authenticate::authenticate;
pub use cancel::cancel;
pub use check::{CheckTarget, Proved, check};
pub use events::expire;
pub use read::{find, list};
pub use resend::resend;
pub use start::{StartRequest, Started, start};
pub use sweep::{Retention, sweep, sweep_events, sweep_statistics};

/// How often a use case begins anew when somebody else changed the verification meanwhile. A verification changes about
/// as often in its whole life (checks, sends and their answers, an end), so that callers who race are not sent away.
const TRIES_MAX: u32 = 16;

/// Everything that the use cases stand on.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// The world.
    pub ports: Ports,
    /// The applications served.
    pub applications: Applications,
    /// The secrets of the codes.
    pub peppers: Arc<Peppers>,
    /// The secret of the phone counters.
    pub phone_key: Arc<PhoneKey>,
}

/// What a use case answers: it was done, or the rules refuse.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<T> {
    /// It was done.
    Done(T),
    /// The rules refuse.
    Refused(Refused),
}

/// What the use cases did not decide. No approval was told; what was counted stays counted. Asking again is safe.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A port could not keep its promise.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Others changed the verification in each of the tries.
    #[error("the verification was changed by others {TRIES_MAX} times in a row")]
    Contended,
    /// The application is in the store but no longer configured.
    #[error("the application `{0}` is not configured")]
    ApplicationUnknown(ApplicationId),
}

/// Why a use case ends early: a refusal to tell, or a failure.
#[derive(Debug)]
enum Stop {
    Refused(Refused),
    Failed(Failure),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<PortError> for Stop {
    fn from(error: PortError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn answer<T>(result: Result<T, Stop>) -> Result<Answer<T>, Failure> {
    match result {
        Ok(done) => Ok(Answer::Done(done)),
        Err(Stop::Refused(refused)) => Ok(Answer::Refused(refused)),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

impl Verifier {
    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    fn application(&self, id: &ApplicationId) -> Result<&Application, Failure> {
        self.applications.find(id).ok_or_else(|| Failure::ApplicationUnknown(id.clone()))
    }
}

fn today(now: Timestamp) -> Day {
    Day::of(now)
}
