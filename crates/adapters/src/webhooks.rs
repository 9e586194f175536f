//! Webhooks by Standard Webhooks (version 1). Owns the wire: what a message looks like, how it is signed, which addresses
//! are called, and what each answer means. It never decides whether to try again, never logs a payload, a secret or the
//! query of a URL.
//!
//! A message is tried once a call. It follows no redirect and asks no proxy, and the addresses that a name stands for
//! are judged where they are resolved, so that what was judged is what is dialled: a name that turns to another address
//! a moment later leads nowhere.
//!
//! | what happens | outcome |
//! |---|---|
//! | HTTP 2xx | taken, whatever the body says |
//! | any other status, redirects too | refused |
//! | the name is not found | failed: dns |
//! | all addresses of the name are private | failed: address-forbidden |
//! | no route, refused, TLS fails, connecting takes too long | failed: connect |
//! | no answer in time | failed: timed-out |
//! | reset, no HTTP | failed: broken |

mod payload;
mod public;
mod resolver;
mod secret;
mod url;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::event::EventKind;
use domain::ports::{Clock, WebhookMessage, WebhookSender, chain};
use domain::webhook::{Attempt, AttemptFault, AttemptOutcome, Subscription, Webhook, WebhookId};
use reqwest::{Client, Response};
use tokio::time::Instant;

pub use self::payload::PhoneForm;
use self::resolver::{AddressForbidden, PublicAddresses};
pub use self::secret::{WebhookSecret, WebhookSecretFault};
pub use self::url::{WebhookUrl, WebhookUrlFault};
use crate::http;

/// The most of an answer that is read; what it says is nothing to us, but a connection whose answer was read is used
/// again.
const ANSWER_BYTES_MAX: usize = 4096;
/// How long the body of an answer may take, once its status is there.
const ANSWER_BODY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long connecting may take, if no less is left.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How many idle connections are kept to each host.
const IDLE_CONNECTIONS_MAX: usize = 4;
/// How long an idle connection is kept: less than common servers keep theirs.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// Where and how a webhook is told.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// The webhook.
    pub id: WebhookId,
    /// The application whose events it wants.
    pub application: ApplicationId,
    /// The kinds that it wants.
    pub kinds: Vec<EventKind>,
    /// Where it is.
    pub url: WebhookUrl,
    /// What signs its messages, the newest first; every one signs every message.
    pub secrets: Vec<WebhookSecret>,
    /// How long an attempt may take in all.
    pub timeout: Duration,
    /// How phones are told.
    pub phone: PhoneForm,
}

impl WebhookSettings {
    /// What everybody may know of it.
    #[must_use]
    pub fn webhook(&self) -> Webhook {
        Webhook {
            subscription: Subscription {
                webhook: self.id.clone(),
                application: self.application.clone(),
                kinds: self.kinds.clone(),
            },
            address: self.url.address().into(),
            secrets: self.secrets.len(),
            timeout: self.timeout,
        }
    }
}

/// No HTTP client could be made for webhooks, for want of root certificates most of all.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client for webhooks could not be made")]
pub struct WebhookClientFault(#[source] reqwest::Error);

/// Tells webhooks over HTTP.
pub struct HttpWebhooks {
    endpoints: BTreeMap<(ApplicationId, WebhookId), Endpoint>,
    clock: Arc<dyn Clock>,
}

struct Endpoint {
    settings: WebhookSettings,
    client: Client,
}

impl HttpWebhooks {
    /// Tells these webhooks; messages carry the time of this clock. Nothing is called yet. Root certificates are the
    /// system's (the variables `SSL_CERT_FILE` and `SSL_CERT_DIR` name others).
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(
        webhooks: impl IntoIterator<Item = WebhookSettings>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebhookClientFault> {
        // Root certificates are read once for each client, so webhooks of one kind share theirs.
        let (mut guarded, mut open) = (None, None);
        let mut endpoints = BTreeMap::new();
        for settings in webhooks {
            let private = settings.url.private_allowed();
            let kept = if private { &mut open } else { &mut guarded };
            let client = match kept {
                Some(client) => Client::clone(client),
                None => kept.insert(client(private)?).clone(),
            };
            let name = (settings.application.clone(), settings.id.clone());
            endpoints.insert(name, Endpoint { settings, client });
        }
        Ok(Self { endpoints, clock })
    }
}

fn client(private_allowed: bool) -> Result<Client, WebhookClientFault> {
    let builder = http::client()
        .https_only(!private_allowed)
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_MAX);
    let builder = if private_allowed { builder } else { builder.dns_resolver(PublicAddresses) };
    builder.build().map_err(WebhookClientFault)
}

#[async_trait]
impl WebhookSender for HttpWebhooks {
    async fn send(
        &self,
        application: &ApplicationId,
        webhook: &WebhookId,
        message: WebhookMessage<'_>,
    ) -> Option<Attempt> {
        let endpoint = self.endpoints.get(&(application.clone(), webhook.clone()))?;
        let started = Instant::now();
        let outcome = endpoint.tell(application, message, self.clock.now().as_second()).await;
        Some(Attempt { at: self.clock.now(), took: started.elapsed(), outcome })
    }
}

impl Endpoint {
    async fn tell(
        &self,
        application: &ApplicationId,
        message: WebhookMessage<'_>,
        seconds: i64,
    ) -> AttemptOutcome {
        let WebhookSettings { id: webhook, url, secrets, timeout, phone, .. } = &self.settings;
        let (id, body) = (payload::id(message).to_string(), payload::body(application, message, *phone));
        let signatures: Vec<String> =
            secrets.iter().map(|secret| secret.sign(&id, seconds, body.as_bytes())).collect();
        let request = self
            .client
            .post(url.whole())
            .timeout(*timeout)
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        match request.send().await {
            Ok(response) => {
                let status = response.status();
                // The answer is there; what its body does changes nothing any more.
                let _ = tokio::time::timeout(ANSWER_BODY_TIMEOUT, forget(response)).await;
                let status_code = status.as_u16();
                tracing::debug!(%webhook, id, status = status_code, "a webhook answered");
                if status.is_success() {
                    AttemptOutcome::Taken { status: status_code }
                } else {
                    AttemptOutcome::Refused { status: status_code }
                }
            }
            Err(error) => {
                let fault = fault(&error);
                let cause = chain(&error.without_url());
                tracing::debug!(%webhook, id, fault = fault.as_str(), cause, "a webhook did not answer");
                AttemptOutcome::Failed(fault)
            }
        }
    }
}

/// Reads the answer as far as it is worth it.
async fn forget(mut response: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > ANSWER_BYTES_MAX {
            return;
        }
    }
}

/// Why there is no answer.
fn fault(error: &reqwest::Error) -> AttemptFault {
    if caused_by::<AddressForbidden>(error) {
        AttemptFault::AddressForbidden
    } else if error.is_dns() {
        AttemptFault::Dns
    } else if error.is_connect() {
        AttemptFault::Connect
    } else if error.is_timeout() {
        AttemptFault::TimedOut
    } else {
        AttemptFault::Broken
    }
}

fn caused_by<E: std::error::Error + 'static>(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

impl fmt::Debug for HttpWebhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.endpoints.values().map(|endpoint| &endpoint.settings)).finish()
    }
}
