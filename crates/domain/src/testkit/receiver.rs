//! A receiver of webhooks that answers what a test scripted, and keeps what it was told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::ManualClock;
use super::demand::locked;
use crate::application::ApplicationId;
use crate::event::EventKind;
use crate::id::EventId;
use crate::ports::{Clock, WebhookMessage, WebhookSender};
use crate::webhook::{Attempt, AttemptOutcome, WebhookId};

/// A message that reached the receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// Through which webhook.
    pub webhook: WebhookId,
    /// Its id: the event's.
    pub id: EventId,
    /// What kind of event it tells of; nothing for a ping.
    pub kind: Option<EventKind>,
}

/// Answers from a script, then takes everything.
#[derive(Debug)]
pub struct ScriptedReceiver {
    clock: Arc<ManualClock>,
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<AttemptOutcome>,
    received: Vec<ReceivedMessage>,
    gone: bool,
}

impl ScriptedReceiver {
    /// A receiver that takes everything, whose attempts end by this clock.
    #[must_use]
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, script: Mutex::default() }
    }

    /// Answers these next, one each.
    pub fn answer_next(&self, outcomes: impl IntoIterator<Item = AttemptOutcome>) {
        locked(&self.script).next.extend(outcomes);
    }

    /// From now on no webhook is known, as if none had been configured.
    pub fn forget_webhooks(&self) {
        locked(&self.script).gone = true;
    }

    /// Everything that reached it, whatever it answered.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedMessage> {
        locked(&self.script).received.clone()
    }
}

#[async_trait]
impl WebhookSender for ScriptedReceiver {
    async fn send(
        &self,
        _application: &ApplicationId,
        webhook: &WebhookId,
        message: WebhookMessage<'_>,
    ) -> Option<Attempt> {
        let mut script = locked(&self.script);
        if script.gone {
            return None;
        }
        let (id, kind) = match message {
            WebhookMessage::Event(event) => (event.id, Some(event.kind)),
            WebhookMessage::Ping { id, at: _ } => (id, None),
        };
        script.received.push(ReceivedMessage { webhook: webhook.clone(), id, kind });
        let outcome = script.next.pop_front().unwrap_or(AttemptOutcome::Taken { status: 204 });
        Some(Attempt { at: self.clock.now(), took: Duration::from_millis(7), outcome })
    }
}
