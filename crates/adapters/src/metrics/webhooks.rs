//! What webhooks answer. Owns no attempt: the sender behind it makes them, and what it says is handed on as it is.

use std::sync::Arc;

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::ports::{WebhookMessage, WebhookSender};
use domain::webhook::{Attempt, AttemptOutcome, WebhookId};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::{Metrics, facts};

/// A sender whose attempts are counted.
#[derive(Debug)]
struct CountedWebhooks {
    sender: Arc<dyn WebhookSender>,
    attempts: Family<AttemptLabels, Counter>,
}

/// Only webhooks of the configuration are ever tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    application: String,
    webhook: String,
    outcome: &'static str,
}

impl Metrics {
    /// Counts the attempts of this sender among these metrics, from now on; ask for it once. What tells webhooks has to
    /// use what is answered.
    #[must_use]
    pub fn webhooks(&self, sender: Arc<dyn WebhookSender>) -> Arc<dyn WebhookSender> {
        let attempts = Family::default();
        self.register(facts::WEBHOOK_ATTEMPTS, attempts.clone());
        Arc::new(CountedWebhooks { sender, attempts })
    }
}

#[async_trait]
impl WebhookSender for CountedWebhooks {
    async fn send(
        &self,
        application: &ApplicationId,
        webhook: &WebhookId,
        message: WebhookMessage<'_>,
    ) -> Option<Attempt> {
        let attempt = self.sender.send(application, webhook, message).await?;
        let outcome = match attempt.outcome {
            AttemptOutcome::Taken { .. } => "taken",
            AttemptOutcome::Refused { .. } => "refused",
            AttemptOutcome::Failed(_) => "failed",
        };
        let (application, webhook) = (application.as_str().to_owned(), webhook.as_str().to_owned());
        self.attempts.get_or_create(&AttemptLabels { application, webhook, outcome }).inc();
        Some(attempt)
    }
}
