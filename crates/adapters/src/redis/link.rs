//! The connection to one server: the one named, or the one that sentinels name. Owns when it is made, when it is given
//! up and what goes over it; never decides what belongs to this server.
//!
//! All calls of a process share one connection, in both directions at once (a second one brought nothing measurable).
//! It is made when it is first needed, in a task that all calls wait for, each until its own deadline. It is given up
//! when it breaks, when the server says that it is no master, and when calls went unanswered several times in a row:
//! a server that hangs does not break its connections. One slow answer is no reason.
//!
//! A script that may have run is never sent again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::{Cmd, Pipeline, Value, cmd};
use tokio::time::{Instant, timeout_at};

use super::dial::{Dialer, Open};
use super::failure::{Answer, Failure};
use super::flight::{Flight, locked};
use super::options::RedisAddress;
use super::script::Call;
use super::sentinel;

/// So many calls in a row without an answer, and none with one in between, end the connection.
const SILENCES_MAX: u32 = 3;

/// The connection to one server.
#[derive(Debug)]
pub(super) struct Link {
    dialer: Arc<Dialer>,
    target: Target,
    flight: Flight,
    state: Mutex<State>,
}

/// Which server.
#[derive(Debug)]
pub(super) enum Target {
    /// This one.
    Named(RedisAddress),
    /// The one that the sentinels call so.
    Master(String),
}

#[derive(Debug, Default)]
struct State {
    open: Option<(RedisAddress, Open)>,
    silences: u32,
}

impl State {
    /// Whether this is the connection in use.
    fn is(&self, other: &Open) -> bool {
        self.open.as_ref().is_some_and(|(_, open)| open.is(other))
    }
}

impl Link {
    pub(super) fn new(dialer: Arc<Dialer>, target: Target) -> Self {
        Self { dialer, target, flight: Flight::new(Duration::ZERO), state: Mutex::default() }
    }

    /// Carries calls to the server, in one go, and answers each in their order. With `asking` they are about keys that
    /// are on their way to this server.
    pub(super) async fn run(
        self: &Arc<Self>,
        calls: &[&Call],
        asking: bool,
        deadline: Instant,
    ) -> Vec<Result<Value, Failure>> {
        match self.try_run(calls, asking, deadline).await {
            Ok(answers) => answers,
            Err(failure) => calls.iter().map(|_| Err(failure.clone())).collect(),
        }
    }

    async fn try_run(
        self: &Arc<Self>,
        calls: &[&Call],
        asking: bool,
        deadline: Instant,
    ) -> Result<Vec<Result<Value, Failure>>, Failure> {
        let (address, mut open) = self.open(deadline).await?;
        let mut commands = Commands::default();
        commands.push_all(calls, asking);
        let mut answers = self.exchange(&address, &mut open, commands, deadline).await?;

        // A server that was restarted, or flushed, or has taken over, does not know the scripts: it has run nothing.
        let unknown: Vec<usize> = (0..answers.len()).filter(|place| is_unknown(&answers[*place])).collect();
        if !unknown.is_empty() {
            let again: Vec<&Call> = unknown.iter().map(|place| calls[*place]).collect();
            let mut commands = Commands::default();
            commands.push_spelled_out(&again, asking);
            match self.exchange(&address, &mut open, commands, deadline).await {
                Ok(second) => {
                    for (place, answer) in unknown.into_iter().zip(second) {
                        answers[place] = answer;
                    }
                }
                // What the others have taken stays known, and can be undone.
                Err(failure) => unknown.into_iter().for_each(|place| answers[place] = Err(failure.clone())),
            }
        }
        if answers.iter().any(is_no_master) {
            self.give_up(&open, "it is no master");
            self.flight.put_off();
        }
        Ok(answers)
    }

    async fn exchange(
        &self,
        address: &RedisAddress,
        open: &mut Open,
        commands: Commands,
        deadline: Instant,
    ) -> Result<Vec<Result<Value, Failure>>, Failure> {
        let (pipeline, wanted) = (commands.pipeline, commands.wanted);
        let sent = open.connection.send_packed_commands(&pipeline, 0, pipeline.len());
        match timeout_at(deadline, sent).await {
            Ok(Ok(values)) => {
                self.note_answer(open);
                let answered =
                    |value: Value| value.extract_error().map_err(|error| Failure::answered(address, &error));
                let mut values: Vec<_> = values.into_iter().map(Some).collect();
                let mut take = |place: usize| values.get_mut(place).and_then(Option::take);
                Ok(wanted
                    .into_iter()
                    .map(|place| take(place).map_or(Err(Failure::Shape), answered))
                    .collect())
            }
            Ok(Err(error)) => {
                self.give_up(open, "it broke");
                Err(Failure::lost(address, &error))
            }
            Err(_) => {
                self.note_silence(open);
                Err(Failure::Silent(address.clone()))
            }
        }
    }

    async fn open(self: &Arc<Self>, deadline: Instant) -> Result<(RedisAddress, Open), Failure> {
        loop {
            if let Some(open) = self.live() {
                return Ok(open);
            }
            let link = Arc::downgrade(self);
            let attempt = move || {
                let link = link.clone();
                async move {
                    match link.upgrade() {
                        Some(link) => link.dial().await,
                        None => Err(Failure::Late),
                    }
                }
            };
            self.flight.join(attempt, deadline).await.map_err(|failure| self.named(failure))?;
        }
    }

    /// Says what it was that took too long.
    fn named(&self, failure: Failure) -> Failure {
        match (&self.target, failure) {
            (Target::Named(address), Failure::Late) => Failure::NoConnection {
                address: address.clone(),
                tls: self.dialer.options().tls,
                why: "not in time".to_owned(),
            },
            (_, failure) => failure,
        }
    }

    /// The connection, unless there is none or it has ended.
    fn live(&self) -> Option<(RedisAddress, Open)> {
        let mut state = locked(&self.state);
        if state.open.as_ref().is_some_and(|(_, open)| open.is_closed()) {
            state.open = None;
        }
        state.open.clone()
    }

    async fn dial(&self) -> Result<(), Failure> {
        if self.live().is_some() {
            return Ok(());
        }
        let address = match &self.target {
            Target::Named(address) => address.clone(),
            Target::Master(name) => sentinel::master(&self.dialer, name).await?,
        };
        let open = self.dialer.connect(&address).await?;
        let mut state = locked(&self.state);
        *state = State { open: Some((address, open)), silences: 0 };
        Ok(())
    }

    /// Stragglers on a connection that was given up say nothing about the next one.
    fn note_answer(&self, open: &Open) {
        let mut state = locked(&self.state);
        if state.is(open) {
            state.silences = 0;
        }
    }

    fn note_silence(&self, open: &Open) {
        let silences = {
            let mut state = locked(&self.state);
            if !state.is(open) {
                return;
            }
            state.silences = state.silences.saturating_add(1);
            state.silences
        };
        if silences >= SILENCES_MAX {
            self.give_up(open, "it does not answer");
        }
    }

    /// Lets go of this connection; when the calls that are still under way have ended, so has it.
    fn give_up(&self, given_up: &Open, why: &'static str) {
        let mut state = locked(&self.state);
        if let Some((address, open)) = &state.open
            && open.is(given_up)
        {
            tracing::warn!(%address, why, "the connection to Redis is given up");
            *state = State::default();
        }
    }
}

fn is_unknown(answer: &Result<Value, Failure>) -> bool {
    matches!(answer, Err(Failure::Refused { kind: Answer::NoScript, .. }))
}

fn is_no_master(answer: &Result<Value, Failure>) -> bool {
    matches!(answer, Err(Failure::Refused { kind: Answer::NotMaster, .. }))
}

/// Commands that go out in one go, and which of their answers are wanted.
#[derive(Default)]
struct Commands {
    pipeline: Pipeline,
    wanted: Vec<usize>,
}

impl Commands {
    fn push_all(&mut self, calls: &[&Call], asking: bool) {
        for call in calls {
            self.push(call.command().clone(), asking);
        }
    }

    /// The scripts as a whole, so that it does not matter when they are forgotten again; and to be kept from now on.
    fn push_spelled_out(&mut self, calls: &[&Call], asking: bool) {
        let mut loaded: Vec<&str> = Vec::new();
        for call in calls {
            if let Some(script) = call.script().filter(|script| !loaded.contains(&script.hash())) {
                loaded.push(script.hash());
                self.pipeline.add_command(script.load());
            }
            self.push(call.spelled_out(), asking);
        }
    }

    fn push(&mut self, command: Cmd, asking: bool) {
        if asking {
            self.pipeline.add_command(cmd("ASKING"));
        }
        self.wanted.push(self.pipeline.len());
        self.pipeline.add_command(command);
    }
}
