//! A simulator of Sparrow SMS v2: a real HTTP server that answers as Sparrow's documentation says, and as Sparrow
//! on a bad day does. No SMS ever leaves it; what would have been sent is kept in an inbox.
//!
//! It owns the other side of the wire: the documented answers (`sparrow`), the faults (`behaviour`), the inbox and
//! the control API. It depends on nothing of ours, so that a mistake in the gateway cannot hide behind the same
//! mistake here. It keeps everything in memory, bounded, and it never logs a text, a number or a token.
//!
//! | route | what it does |
//! |---|---|
//! | `GET`, `POST /v2/sms/` | send; fields `token`, `from`, `to`, `text` as a query (GET), a form or JSON (POST) |
//! | `GET /v2/credit/?token=` | the credit left and used |
//! | `GET /inbox?to=` | the SMS received, oldest first: `[{"to", "from", "text", "at"}]` |
//! | `DELETE /inbox` | forgets them |
//! | `GET /inbox/page` (`/` leads there) | the same for people |
//! | `GET`, `PUT`, `DELETE /behaviour` | the fault script: read, replace, reset |
//!
//! The Sparrow routes answer with and without the trailing slash. The script is JSON, every part optional:
//! `{"standing": {"kind": "normal"}, "next": [{"kind": "refuse", "code": 1012}], "credit": {"kind": "normal"}}`;
//! a single behaviour, `{"kind": "hang"}`, stands for `{"standing": {"kind": "hang"}}`. See [`Behaviour`].
//!
//! ```no_run
//! # async fn example() -> Result<(), simulator::SimulatorError> {
//! use simulator::{Behaviour, Simulator, SimulatorConfig};
//!
//! let simulator = Simulator::new(SimulatorConfig::new("a-token", "Example"));
//! let running = simulator.start(([127, 0, 0, 1], 0).into()).await?;
//! simulator.enqueue(Behaviour::Refuse { code: 1012 });
//! // ... point a gateway at `running.base_url()` and let it send ...
//! assert!(simulator.inbox(Some("+9779841234567")).is_empty());
//! running.stop().await;
//! # Ok(())
//! # }
//! ```

mod behaviour;
mod control;
mod inbox;
mod running;
mod segments;
mod sparrow;
mod wire;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use behaviour::Behaviour;
pub use inbox::ReceivedSms;
pub use running::{RunningSimulator, SimulatorError};

use behaviour::Script;
use inbox::Inbox;
use sparrow::Account;

/// What one simulator accepts and how much it keeps.
#[derive(Clone)]
pub struct SimulatorConfig {
    /// The token a call must name; anything else is answered with 1002.
    pub token: String,
    /// The sender identity (`from`) a call must name; anything else is answered with 1008.
    pub identity: String,
    /// Credits at the start: one per segment and receiver. 1000 by default.
    pub credits: u64,
    /// How many SMS the inbox keeps; the oldest goes first. 1000 by default.
    pub inbox_max: usize,
}

impl SimulatorConfig {
    /// A config with this token and identity, and the defaults for the rest.
    pub fn new(token: impl Into<String>, identity: impl Into<String>) -> SimulatorConfig {
        SimulatorConfig { token: token.into(), identity: identity.into(), ..SimulatorConfig::default() }
    }
}

impl Default for SimulatorConfig {
    /// Token `simulator-token`, identity `SIMULATOR`, 1000 credits, 1000 SMS.
    fn default() -> SimulatorConfig {
        SimulatorConfig {
            token: "simulator-token".to_owned(),
            identity: "SIMULATOR".to_owned(),
            credits: 1000,
            inbox_max: 1000,
        }
    }
}

impl fmt::Debug for SimulatorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimulatorConfig")
            .field("token", &"***")
            .field("identity", &self.identity)
            .field("credits", &self.credits)
            .field("inbox_max", &self.inbox_max)
            .finish()
    }
}

/// A simulator: cheap to clone, every clone is the same one.
///
/// [`start`](Simulator::start) serves it on an address of its own; its routes can also be mounted in another server.
#[derive(Clone)]
pub struct Simulator {
    config: Arc<SimulatorConfig>,
    state: Arc<Mutex<State>>,
}

/// All that changes. Held for a few instructions at a time, never across an await.
struct State {
    inbox: Inbox,
    script: Script,
    account: Account,
    calls: u64,
}

impl Simulator {
    /// A simulator with an empty inbox that behaves normally.
    pub fn new(config: SimulatorConfig) -> Simulator {
        let state = State {
            inbox: Inbox::new(config.inbox_max),
            script: Script::default(),
            account: Account::with_credits(config.credits),
            calls: 0,
        };
        Simulator { config: Arc::new(config), state: Arc::new(Mutex::new(state)) }
    }

    /// The SMS received, oldest first; with `to`, only those to that number, given as `+97798…`, `97798…` or `98…`.
    /// Something that is no such number received nothing.
    pub fn inbox(&self, to: Option<&str>) -> Vec<ReceivedSms> {
        match to {
            None => self.state().inbox.all(),
            Some(to) => inbox::ten_digits(to).map_or_else(Vec::new, |number| self.state().inbox.to(&number)),
        }
    }

    /// Forgets the SMS received.
    pub fn clear_inbox(&self) {
        self.state().inbox.clear();
    }

    /// How the send calls are answered from now on, once the one-shot behaviours are used up.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        self.state().script.standing = behaviour;
    }

    /// How the next send call is answered, and only that one: first in, first out. False if 1000 are waiting
    /// already; then nothing is added.
    pub fn enqueue(&self, behaviour: Behaviour) -> bool {
        self.state().script.enqueue(behaviour)
    }

    /// How the credit calls are answered from now on. They take none of the one-shot behaviours, so a poll in the
    /// background does not upset a test of sending.
    pub fn set_credit_behaviour(&self, behaviour: Behaviour) {
        self.state().script.credit = behaviour;
    }

    /// Back to normal, for every call; what waits is dropped.
    pub fn reset_behaviour(&self) {
        self.state().script = Script::default();
    }

    /// Sets the credits left, as a top-up or its opposite would.
    pub fn set_credits(&self, credits: u64) {
        self.state().account.credits_available = credits;
    }

    /// The credits left.
    pub fn credits(&self) -> u64 {
        self.state().account.credits_available
    }

    /// How many send calls reached it, whatever was answered.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves at worst a half-told story in a test tool: better than a second panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printed_holds_the_token() {
        let config = SimulatorConfig::new("a-very-private-token", "Example");
        let printed = format!("{config:?} {:?}", Simulator::new(config.clone()));
        assert!(!printed.contains("a-very-private-token"), "{printed}");
    }

    #[test]
    fn the_queue_of_one_shot_behaviours_is_bounded() {
        let simulator = Simulator::new(SimulatorConfig::default());
        assert!((0..1000).all(|_| simulator.enqueue(Behaviour::Hang)));
        assert!(!simulator.enqueue(Behaviour::Hang));
    }
}
