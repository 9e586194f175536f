//! One call to a gateway over HTTP, as every gateway makes it: once, to the configured host or to nobody, and answered
//! within bounds. Owns the client, what is read of an answer, and what a call that broke off means; what an answer means
//! is for each gateway to say.

use std::net::IpAddr;
use std::time::Duration;

use domain::ports::{SendAnswer, chain};
use reqwest::{Client, Response, Url};

use crate::http;

/// The longest answer that is read. Those of gateways have a few hundred bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How many idle connections are kept.
const IDLE_CONNECTIONS_MAX: usize = 8;
/// How long an idle connection is kept. Common servers close theirs after 5 s or more. A call that is written while
/// the other side closes may or may not have arrived and must count as `Unknown`, so this side closes before them.
const IDLE_MAX: Duration = Duration::from_secs(4);
/// The longest total time-out: somebody waits for the answer.
pub(super) const TOTAL_TIMEOUT_MAX: Duration = Duration::from_mins(1);

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// Resolving the name, connecting and the TLS handshake.
    pub(super) connect: Duration,
    /// All of it, up to the last byte of the answer.
    pub(super) total: Duration,
}

impl Timeouts {
    /// Whether they fit each other: connecting takes some time, and less than all of it, which is a minute at most.
    pub(super) fn fit(self) -> bool {
        !self.connect.is_zero() && self.connect < self.total && self.total <= TOTAL_TIMEOUT_MAX
    }
}

/// A client for these addresses. It repeats no call of which a byte has left, follows no redirect and asks no proxy.
pub(super) fn client(addresses: &[&Url], timeouts: Timeouts) -> Result<Client, reqwest::Error> {
    let encrypted = |url: &&Url| url.scheme() == "https";
    let builder = http::client()
        .https_only(addresses.iter().all(encrypted))
        // HTTP/2 has refusals of its own that a client may answer by repeating the call.
        .http1_only()
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .pool_idle_timeout(IDLE_MAX);
    // Plain http needs no root certificates, and works where there are none.
    let builder = if addresses.iter().any(encrypted) { builder } else { builder.tls_certs_only([]) };
    builder.build()
}

/// Whether what is sent to `url` is sealed on its way, or stays on this machine.
pub(super) fn is_sealed(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && url.host_str().is_some_and(is_this_machine))
}

/// Whether what is sent to `host` stays on this machine. By address, and by the one name that stands for it
/// (RFC 6761); a name that only begins or ends like it belongs to somebody else.
pub(super) fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The whole body; `None` if it is too long.
pub(super) async fn read(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

/// What a call without any answer means.
pub(super) fn unanswered(error: &reqwest::Error) -> SendAnswer {
    // Both are certain: the client fails so only before it has a connection to write to.
    if error.is_connect() || error.is_builder() { SendAnswer::NotSent } else { SendAnswer::Unknown }
}

/// Tells the operator of a call that broke off, once. The URL is left out: it is in the settings, and may hold a secret.
pub(super) fn report_broken(
    gateway: &str,
    answer: SendAnswer,
    http_status: Option<u16>,
    error: reqwest::Error,
) {
    let error = chain(&error.without_url());
    tracing::warn!(gateway, class = answer.as_str(), http_status, error, "the call broke off");
}

/// Tells the operator that the question for what is left broke off. The URL is left out, as above.
pub(super) fn report_credit_broken(gateway: &str, error: reqwest::Error) {
    let error = chain(&error.without_url());
    tracing::warn!(gateway, error, "asking what credits are left broke off");
}
