//! What carries messages to webhooks.

use std::fmt;

use async_trait::async_trait;

use crate::application::ApplicationId;
use crate::event::Event;
use crate::id::EventId;
use crate::time::Timestamp;
use crate::webhook::{Attempt, WebhookId};

/// What a webhook is told.
#[derive(Clone, Copy, Debug)]
pub enum WebhookMessage<'a> {
    /// That something happened. It says the same each time that it is sent.
    Event(&'a Event),
    /// Nothing: an operator tries whether the receiver takes messages.
    Ping {
        /// The message's id, in the place of an event's.
        id: EventId,
        /// When it was tried.
        at: Timestamp,
    },
}

/// Carries messages to webhooks.
#[async_trait]
pub trait WebhookSender: Send + Sync + fmt::Debug {
    /// Tells the webhook once; answers within its time-out, always. `None` when there is no such webhook.
    async fn send(
        &self,
        application: &ApplicationId,
        webhook: &WebhookId,
        message: WebhookMessage<'_>,
    ) -> Option<Attempt>;
}
