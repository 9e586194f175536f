//! `GET /metrics`, at an address of its own: for the operator's network, without a credential. Owns the listener and its
//! bounds; what is counted is known elsewhere.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adapters::metrics::{CONTENT_TYPE, HttpMetrics, Metrics, Reading, facts};
use api::{LoopName, Loops, Traffic};
use domain::use_cases::Verifier;
use poem::http::{Method, StatusCode, header};
use poem::listener::{Acceptor, Listener, TcpAcceptor, TcpListener};
use poem::{Endpoint, IntoResponse, Request, Response, Server};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

mod backlog;

use self::backlog::Backlogs;
use super::bounded::Bounded;
use crate::failure::CommandError;

/// The most connections at once: whoever asks is one of a few.
const CONNECTIONS_MAX: u32 = 16;
/// How long a call may take to arrive and be answered.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may be silent between calls: longer than most wait before they ask again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// The most calls at once on a connection of HTTP/2.
const HTTP2_STREAMS_MAX: u32 = 4;
/// How long an answer under way may still take at the end.
const GRACE: Duration = Duration::from_secs(1);
const PATH: &str = "/metrics";

/// A listener that has its address.
pub(super) struct MetricsListening {
    acceptor: Bounded<TcpAcceptor>,
    address: SocketAddr,
}

impl MetricsListening {
    /// Takes the address.
    pub(super) async fn bind(listen: SocketAddr) -> Result<Self, CommandError> {
        let acceptor = TcpListener::bind(listen).into_acceptor().await.map_err(|error| {
            let what = format!(
                "could not listen on {listen} for metrics; set `metrics.listen` to another address, or to port 0 for a \
                 free one"
            );
            CommandError::system(what, error)
        })?;
        let address = acceptor.local_addr().first().and_then(|address| address.as_socket_addr().copied());
        let acceptor = Bounded::new(acceptor, CONNECTIONS_MAX, CALL_TIMEOUT);
        Ok(Self { acceptor, address: address.unwrap_or(listen) })
    }

    /// Where the metrics are from this machine.
    pub(super) fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Answers until `stopping`.
    pub(super) fn begin(
        self,
        metrics: Arc<Metrics>,
        stopping: CancellationToken,
    ) -> JoinHandle<io::Result<()>> {
        let server = Server::new_with_acceptor(self.acceptor)
            .http2_max_concurrent_streams(HTTP2_STREAMS_MAX)
            .idle_timeout(IDLE_TIMEOUT);
        let end = async move { stopping.cancelled().await };
        tokio::spawn(server.run_with_graceful_shutdown(MetricsPage(metrics), end, Some(GRACE)))
    }
}

/// Waits for the end of what was begun.
pub(super) async fn finish(begun: Option<JoinHandle<io::Result<()>>>) {
    let Some(begun) = begun else { return };
    let ended = begun.await.map_err(io::Error::other).flatten();
    if let Err(error) = ended {
        tracing::error!(cause = domain::ports::chain(&error), "the listener of metrics failed");
    }
}

/// Counts every answer of the API among these metrics.
pub(super) fn traffic(metrics: &Metrics) -> Arc<dyn Traffic> {
    Arc::new(CountedTraffic(metrics.http()))
}

/// Watches what goes on beside serving, and begins to ask what webhooks were not told yet, until `stopping`.
pub(super) fn watch(
    metrics: &Metrics,
    verifier: &Arc<Verifier>,
    loops: &Arc<Loops>,
    stopping: &CancellationToken,
) {
    let (loops, backlogs) = (loops.clone(), Backlogs::watched(metrics, verifier));
    tokio::spawn(Backlogs::keep(Arc::downgrade(&backlogs), verifier.clone(), stopping.clone()));
    metrics.watch(facts::LOOP_SILENCE, move || {
        let silence =
            |name: LoopName| Some(Reading::new([name.as_str()], loops.silence(name)?.as_secs_f64()));
        LoopName::ALL.into_iter().filter_map(silence).collect()
    });
}

#[derive(Debug)]
struct CountedTraffic(HttpMetrics);

impl Traffic for CountedTraffic {
    fn answered(&self, operation: &Arc<str>, status: u16, took: Duration) {
        self.0.answered(operation, status, took);
    }
}

/// The one page. Bodies are not read.
struct MetricsPage(Arc<Metrics>);

impl Endpoint for MetricsPage {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if request.uri().path() != PATH {
            return Ok(said(StatusCode::NOT_FOUND, "There is only /metrics.\n"));
        }
        let only_head = request.method() == Method::HEAD;
        if !only_head && request.method() != Method::GET {
            let refused = said(StatusCode::METHOD_NOT_ALLOWED, "Metrics are read with GET.\n");
            return Ok(refused.with_header(header::ALLOW, "GET, HEAD").into_response());
        }
        let body = if only_head { String::new() } else { self.0.text() };
        let answer = body.with_content_type(CONTENT_TYPE).with_header(header::CACHE_CONTROL, "no-store");
        Ok(answer.into_response())
    }
}

fn said(status: StatusCode, text: &'static str) -> Response {
    text.with_status(status).into_response()
}

#[cfg(test)]
mod tests;
