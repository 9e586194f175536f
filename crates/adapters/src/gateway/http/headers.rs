//! The headers of a call, and how it says who calls. Owns which headers the settings may set.

use std::collections::BTreeSet;

use reqwest::RequestBuilder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};

use super::fault::{HttpGatewayProblem, HttpGatewaySettingsFault};
use super::secret::GatewaySecret;
use super::settings::HttpGatewaySettings;
use super::template::{Filling, Stands, Template, Words};

/// The most headers.
const HEADERS_MAX: usize = 32;
/// The longest header with its name, before anything is filled in.
const BYTES_MAX: usize = 4096;
/// The longest secret. A JWT may have some thousand bytes.
const SECRET_BYTES_MAX: usize = 4096;
/// The longest user.
const USER_BYTES_MAX: usize = 256;

/// What frames a message of HTTP, or asks for an answer that would not be understood.
const FRAMING: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What Standard Webhooks sets.
pub(super) const WEBHOOK_ID: &str = "webhook-id";
pub(super) const WEBHOOK_TIMESTAMP: &str = "webhook-timestamp";
pub(super) const WEBHOOK_SIGNATURE: &str = "webhook-signature";

/// Which headers the gateway sets itself, beside those that frame a message.
#[derive(Clone, Copy)]
pub(super) struct Reserved {
    pub(super) authorization: bool,
    pub(super) signature: bool,
}

impl Reserved {
    fn holds(self, name: &str) -> bool {
        FRAMING.contains(&name)
            || (self.authorization && name == "authorization")
            || (self.signature && [WEBHOOK_ID, WEBHOOK_TIMESTAMP, WEBHOOK_SIGNATURE].contains(&name))
    }
}

/// Headers, read.
pub(super) struct Headers(Vec<(HeaderName, Template)>);

impl Headers {
    /// Reads headers; `key` is the setting that they are.
    pub(super) fn parse(
        key: &'static str,
        headers: &[(String, String)],
        words: &Words<'_>,
        reserved: Reserved,
    ) -> Result<Self, HttpGatewaySettingsFault> {
        if headers.len() > HEADERS_MAX {
            return Err(HttpGatewayProblem::TooMuch { max: HEADERS_MAX, what: "headers" }.of(key, ""));
        }
        let mut seen = BTreeSet::new();
        let header = |(name, value): &(String, String)| {
            let read = header(name, value, words).map_err(|problem| problem.of(key, name))?;
            if reserved.holds(read.0.as_str()) {
                return Err(HttpGatewayProblem::HeaderReserved.of(key, name));
            }
            if !seen.insert(read.0.clone().to_string()) {
                return Err(HttpGatewayProblem::Twice.of(key, name));
            }
            Ok(read)
        };
        headers.iter().map(header).collect::<Result<_, _>>().map(Self)
    }

    /// Fills them in. That it can be done was seen when they were read.
    pub(super) fn fill(&self, filling: &Filling<'_>) -> Result<HeaderMap, InvalidHeaderValue> {
        self.0.iter().map(|(name, value)| Ok((name.clone(), sensitive(&value.fill(filling))?))).collect()
    }
}

fn header(name: &str, value: &str, words: &Words<'_>) -> Result<(HeaderName, Template), HttpGatewayProblem> {
    if name.len() + value.len() > BYTES_MAX {
        return Err(HttpGatewayProblem::TooMuch { max: BYTES_MAX, what: "bytes" });
    }
    let name = HeaderName::try_from(name).map_err(|_| HttpGatewayProblem::HeaderName)?;
    let value = Template::parse(value, words, Stands::Beside)?;
    // Only an id is still to come, and every id has the same characters.
    visible(&value.fill(&Filling::beside("0-1")))?;
    Ok((name, value))
}

/// Whether a header may have these characters. Others are read in more than one way, where they are let through.
fn visible(value: &str) -> Result<(), HttpGatewayProblem> {
    let visible = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if visible { Ok(()) } else { Err(HttpGatewayProblem::HeaderValue) }
}

fn sensitive(value: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(value)?;
    value.set_sensitive(true);
    Ok(value)
}

/// How a call says who calls.
pub(super) enum Authentication {
    /// Not at all, or in what the templates say.
    None,
    /// By user and password.
    Basic(String, GatewaySecret),
    /// By a token.
    Bearer(GatewaySecret),
}

impl Authentication {
    /// Reads the settings.
    pub(super) fn parse(settings: &HttpGatewaySettings) -> Result<Self, HttpGatewaySettingsFault> {
        match (&settings.basic_auth, &settings.bearer) {
            (None, None) => Ok(Self::None),
            (Some(_), Some(_)) => Err(HttpGatewayProblem::TwoAuths.of("bearer", "")),
            (Some(basic), None) => {
                let user = basic.user.as_str();
                let fits = (1..=USER_BYTES_MAX).contains(&user.len());
                if !fits || user.contains(':') || !user.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(HttpGatewayProblem::User { max: USER_BYTES_MAX }.of("basic_auth", ""));
                }
                secret(&basic.password).map_err(|problem| problem.of("basic_auth", "password"))?;
                Ok(Self::Basic(user.to_owned(), basic.password.clone()))
            }
            (None, Some(token)) => {
                secret(token).map_err(|problem| problem.of("bearer", ""))?;
                visible(token.reveal()).map_err(|problem| problem.of("bearer", ""))?;
                Ok(Self::Bearer(token.clone()))
            }
        }
    }

    /// Whether the header `authorization` is taken.
    pub(super) const fn has_header(&self) -> bool {
        match self {
            Self::None => false,
            Self::Basic(..) | Self::Bearer(_) => true,
        }
    }

    /// Says it.
    pub(super) fn put(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::Basic(user, password) => request.basic_auth(user, Some(password.reveal())),
            Self::Bearer(token) => request.bearer_auth(token.reveal()),
        }
    }
}

/// Whether a secret can be one.
pub(super) fn secret(secret: &GatewaySecret) -> Result<(), HttpGatewayProblem> {
    let text = secret.reveal();
    let fits = (1..=SECRET_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(HttpGatewayProblem::Secret { max: SECRET_BYTES_MAX }) }
}
