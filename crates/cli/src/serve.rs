//! Serving: from a listener to a graceful end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use api::{Api, ApiSettings, EdgeSettings};
use poem::Server;
use poem::listener::{Acceptor, Listener, TcpListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, ServerConfig};
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring::{self, Schema, Simulators, Wired, WiringError};

mod bounded;
mod chores;
mod credits;
mod metrics;
mod webhooks;

use bounded::Bounded;
use credits::DaysKnown;
use metrics::MetricsListening;

/// How long a connection may be silent before and between calls.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// The most calls at once on a connection of HTTP/2.
const HTTP2_STREAMS_MAX: u32 = 32;
/// How long the head of a call may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// `serve`.
pub(crate) async fn serve(config: &Config, no_migrate: bool, output: Output) -> Result<(), CommandError> {
    let simulators = Simulators::start(config).await.map_err(WiringError::from)?;
    let gateways = wiring::gateways_with(config, &simulators)?;
    let schema = if no_migrate { Schema::Require } else { Schema::Migrate };
    let wired = wiring::wire(config, Some(gateways), schema).await?;
    if let Err(error) = wired.verifier.ports.counters.ping().await {
        // They may come later, and whoever waits for `/readyz` sends nobody here before that.
        let cause = domain::ports::chain(&error);
        tracing::warn!(
            cause,
            "the counters do not answer: no SMS is sent until they do; if they should, check `counters.url` (host, \
             password, rediss://), `counters.mode` and `counters.sentinel_master`"
        );
    }
    warn_of_test_numbers(&wired);
    let server = Listening::bind(&config.server, config.server.listen).await?;
    let server = server.with_metrics(config).await?;
    let url = server.url();
    let (mut text, mut json) = (format!("Listening on {url}"), serde_json::json!({ "url": url }));
    if let Some(metrics_url) = server.metrics_url() {
        text = format!("{text}\nMetrics at {metrics_url}");
        json["metrics_url"] = metrics_url.into();
    }
    output.print(&text, &json)?;
    let ended = server.run(config, &wired, None, until_signaled()?).await;
    simulators.stop().await;
    ended
}

/// Says aloud which phones are proved without an SMS.
fn warn_of_test_numbers(wired: &Wired) {
    let verifier = &wired.verifier;
    let now = verifier.ports.clock.now();
    for application in verifier.applications.all() {
        for test in &application.test_numbers {
            let (id, phone) = (application.id.as_str(), test.phone.masked());
            let until = domain::time::rfc3339(test.expires_at);
            if test.is_active(now) {
                tracing::warn!(
                    application = id,
                    phone,
                    until,
                    allocated = test.allocated,
                    "a test number is proved by a fixed code, without an SMS"
                );
            } else {
                tracing::info!(application = id, phone, until, "a test number has expired");
            }
        }
    }
}

/// A server that has its address.
pub(crate) struct Listening<A> {
    acceptor: A,
    address: SocketAddr,
    metrics: Option<MetricsListening>,
}

impl Listening<Bounded<poem::listener::TcpAcceptor>> {
    /// Takes the address.
    pub(crate) async fn bind(config: &ServerConfig, listen: SocketAddr) -> Result<Self, CommandError> {
        let acceptor = TcpListener::bind(listen).into_acceptor().await.map_err(|error| {
            let what =
                format!("could not listen on {listen}; take another address, or port 0 for a free one");
            CommandError::system(what, error)
        })?;
        let address = acceptor.local_addr().first().and_then(|address| address.as_socket_addr().copied());
        let address = address.unwrap_or(listen);
        // A call arrives, is worked on and answered; each has its own bound, and this is above their sum.
        let call_timeout = config.request_timeout + EdgeSettings::default().body_timeout + HEAD_TIMEOUT;
        Ok(Self {
            acceptor: Bounded::new(acceptor, config.connections_max, call_timeout),
            address,
            metrics: None,
        })
    }

    /// Takes the address for metrics as well, where they are wanted.
    pub(crate) async fn with_metrics(mut self, config: &Config) -> Result<Self, CommandError> {
        if let Some(listen) = config.metrics.listen {
            self.metrics = Some(MetricsListening::bind(listen).await?);
        }
        Ok(self)
    }

    /// Where metrics are read from this machine, if they are.
    pub(crate) fn metrics_url(&self) -> Option<String> {
        self.metrics.as_ref().map(MetricsListening::url)
    }

    /// Where it is reached from this machine.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `end`, then finishes what is under way, within the grace.
    pub(crate) async fn run(
        self,
        config: &Config,
        wired: &Wired,
        demo: Option<api::inbox::Demo>,
        end: impl Future<Output = ()>,
    ) -> Result<(), CommandError> {
        let stopping = CancellationToken::new();
        let Api { endpoint, tasks, loops } = api(config, wired, demo, &stopping)?;
        let grace = config.server.shutdown_grace;
        let days = Arc::new(DaysKnown::default());
        if let Some(metrics) = &wired.metrics {
            days.watched(metrics);
        }
        let chores = chores::begin(&wired.verifier, config, &loops, &days, &stopping);
        let no_more_webhooks = stopping.child_token();
        let telling =
            tokio::spawn(webhooks::tell_webhooks(wired.verifier.clone(), loops, no_more_webhooks.clone()));
        let metrics = self.metrics.zip(wired.metrics.clone());
        let metrics = metrics.map(|(listening, metrics)| listening.begin(metrics, stopping.child_token()));
        let asked_to_stop = Arc::new(OnceLock::new());
        let end = {
            let asked_to_stop = asked_to_stop.clone();
            async move {
                end.await;
                no_more_webhooks.cancel();
                tracing::info!("asked to stop; finishing what is under way");
                asked_to_stop.get_or_init(Instant::now);
            }
        };
        let served = Server::new_with_acceptor(self.acceptor)
            .http2_max_concurrent_streams(HTTP2_STREAMS_MAX)
            // A connection is silent while its call is worked on.
            .idle_timeout(IDLE_TIMEOUT.max(config.server.request_timeout.saturating_mul(2)))
            .run_with_graceful_shutdown(endpoint, end, Some(grace))
            .await;
        stopping.cancel();
        tasks.close();
        // Calls whose callers hung up share the grace with those whose callers wait.
        let grace_ends = *asked_to_stop.get_or_init(Instant::now) + grace;
        if tokio::time::timeout_at(grace_ends, tasks.wait()).await.is_err() {
            tracing::warn!("some calls were still under way at the end of the grace");
        }
        webhooks::finish(telling, grace_ends).await;
        chores.end().await;
        metrics::finish(metrics).await;
        // Behind all who tell of something.
        wired.statistics.hand_over().await;
        wired.store.close().await;
        served.map_err(|error| CommandError::system("the server stopped", error))
    }
}

/// The HTTP front end, counted where metrics are wanted.
fn api(
    config: &Config,
    wired: &Wired,
    demo: Option<api::inbox::Demo>,
    stopping: &CancellationToken,
) -> Result<Api, CommandError> {
    let edge = EdgeSettings {
        answer_timeout: config.server.request_timeout,
        idempotency_kept: Duration::from_hours(config.retention.idempotency_hours.into()),
        ..EdgeSettings::default()
    };
    let traffic = wired.metrics.as_deref().map(metrics::traffic);
    let settings = ApiSettings { edge, demo, traffic };
    let api = api::build(wired.verifier.clone(), wired.phones.clone(), settings)
        .map_err(|error| CommandError::system("could not make the API", error))?;
    if let Some(metrics) = &wired.metrics {
        metrics::watch(metrics, &wired.verifier, &api.loops, stopping);
    }
    Ok(api)
}

/// Ends at the first SIGTERM or SIGINT.
pub(crate) fn until_signaled() -> Result<impl Future<Output = ()>, CommandError> {
    let listen =
        |kind| signal(kind).map_err(|error| CommandError::system("could not listen for signals", error));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
