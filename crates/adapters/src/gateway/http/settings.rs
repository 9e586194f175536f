//! What the generic gateway must know: whom to call, with what, and what each answer means. Plain values; whether they fit
//! each other is asked when a gateway is made of them. Nothing here prints a secret, nor an address with its path and
//! query, which hold a secret with many a gateway.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use domain::credit::CreditBalance;
use domain::ports::SendAnswer;
use reqwest::Url;
use serde_json::{Value, json};

use super::secret::GatewaySecret;
use crate::webhooks::WebhookSecret;

/// Whom the generic gateway calls, with what, and what each answer means.
///
/// A *template* is a text in which these stand for something else; a brace that stands for itself is doubled (`{{`):
///
/// | placeholder | what | where |
/// |---|---|---|
/// | `{to}` | the phone in E.164 with its plus: `+9779841234567` | body |
/// | `{to_digits}` | the same without the plus: `9779841234567` | body |
/// | `{to_national}` | the ten digits of a Nepali mobile; any other phone is `ReceiverRefused` without a call | body |
/// | `{text}` | the text of the SMS | body |
/// | `{sender}` | [`sender`](Self::sender) | body, headers |
/// | `{secret}`, `{secret.NAME}` | [`secret`](Self::secret), an entry of [`secrets`](Self::secrets) | body, headers |
/// | `{id}` | a UUID made for the attempt, for gateways that know idempotency keys | body, headers |
///
/// Phone and text stand in the body and nowhere else: addresses and headers are logged by others.
#[derive(Clone)]
pub struct HttpGatewaySettings {
    /// Its name: a slug of 1 to 40 lower-case letters, digits and inner dashes.
    pub name: String,
    /// Whom receivers see the SMS come from, shown to operators, and `{sender}` of templates; may be empty where no
    /// template has it.
    pub sender: String,
    /// Where an SMS is handed over. `https`, unless the host is this machine; without user, password and fragment; a query
    /// is taken as it is and holds no placeholder.
    pub url: String,
    /// How. There is no GET: it would put phone and text into the address.
    pub method: HttpGatewayMethod,
    /// Names and templates of the headers, but those that the gateway sets itself: `authorization` where
    /// [`basic_auth`](Self::basic_auth) or [`bearer`](Self::bearer) is set, the three of a signature where
    /// [`sign`](Self::sign) is, and what frames an HTTP message.
    pub headers: Vec<(String, String)>,
    /// What is posted.
    pub body: HttpGatewayBody,
    /// `{secret}` of templates.
    pub secret: Option<GatewaySecret>,
    /// `{secret.NAME}` of templates, by `NAME`: 1 to 40 lower-case letters, digits, dashes and underscores.
    pub secrets: BTreeMap<String, GatewaySecret>,
    /// User and password of HTTP's basic authentication.
    pub basic_auth: Option<HttpGatewayBasicAuth>,
    /// The token of bearer authentication; not together with [`basic_auth`](Self::basic_auth).
    pub bearer: Option<GatewaySecret>,
    /// What signs each call by Standard Webhooks 1.0 (`webhook-id`, which is `{id}`, `webhook-timestamp` and
    /// `webhook-signature`), the newest first, each with a signature of its own; none is no signature. At most 5.
    pub sign: Vec<WebhookSecret>,
    /// Which answers say that the SMS was taken.
    pub success: HttpGatewaySuccess,
    /// Which answers say that it was not, and why: the first that fits, before what holds without them (see
    /// [`HttpGateway`](super::HttpGateway)). At most 50.
    pub refusals: Vec<HttpGatewayRefusal>,
    /// Where the answer holds the gateway's id of the SMS, a JSON pointer (RFC 6901) such as `/sid`: a string or a whole
    /// number. One that is part of the text or holds the phone is not kept.
    pub message_id: Option<String>,
    /// Where it holds what the SMS cost, in credits: a number, or a string of one.
    pub credits: Option<String>,
    /// Where it holds the gateway's own code of an error, for the log: a whole number of at most five digits. What is longer
    /// could be a code of ours, and is left out.
    pub error_code: Option<String>,
    /// How long resolving the name, connecting and the TLS handshake may take in all. Less than `total_timeout`.
    pub connect_timeout: Duration,
    /// How long a send may take in all, up to the last byte of the answer. At most a minute.
    pub total_timeout: Duration,
    /// How what is left at the gateway is asked; `None` where it does not tell.
    pub credit: Option<HttpGatewayCredit>,
    /// Less than this is low, in whatever [`credit`](Self::credit) tells; zero where nobody wants to know.
    pub credit_low: CreditBalance,
    /// What lasts for fewer days than this is low; zero where nobody wants to know for how long it lasts. Only where
    /// [`credits`](Self::credits) and [`credit`](Self::credit) count in the same unit, or an SMS costs one of it a segment.
    pub credit_low_days: u16,
}

impl HttpGatewaySettings {
    /// 3 s.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
    /// 10 s.
    pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);

    /// A plain webhook: JSON with `id`, `to` and `text`, posted without any authentication; each 2xx means that it was
    /// taken. Everything else is for the caller to set.
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            sender: String::new(),
            url: url.into(),
            method: HttpGatewayMethod::default(),
            headers: Vec::new(),
            body: HttpGatewayBody::default(),
            secret: None,
            secrets: BTreeMap::new(),
            basic_auth: None,
            bearer: None,
            sign: Vec::new(),
            success: HttpGatewaySuccess::default(),
            refusals: Vec::new(),
            message_id: None,
            credits: None,
            error_code: None,
            connect_timeout: Self::CONNECT_TIMEOUT,
            total_timeout: Self::TOTAL_TIMEOUT,
            credit: None,
            credit_low: CreditBalance::default(),
            credit_low_days: 0,
        }
    }
}

/// How a call is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpGatewayMethod {
    /// `POST`.
    #[default]
    Post,
    /// `PUT`.
    Put,
}

impl HttpGatewayMethod {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Post, Self::Put];

    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }

    /// The method of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// What is posted.
#[derive(Clone, Debug, PartialEq)]
pub enum HttpGatewayBody {
    /// `application/x-www-form-urlencoded`: names, and templates of their values, in this order.
    Form(Vec<(String, String)>),
    /// `application/json`: each string in it, however deep, is a template; names of members are not. Members keep their
    /// order.
    Json(Value),
}

impl Default for HttpGatewayBody {
    fn default() -> Self {
        Self::Json(json!({ "id": "{id}", "to": "{to}", "text": "{text}" }))
    }
}

/// User and password of HTTP's basic authentication.
#[derive(Clone, Debug)]
pub struct HttpGatewayBasicAuth {
    /// The user, which has no colon.
    pub user: String,
    /// The password.
    pub password: GatewaySecret,
}

/// Which answers say that the SMS was taken: those of which all of this holds.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpGatewaySuccess {
    /// Its status is one of these; all lie within 200 to 299.
    pub status: Vec<StatusRange>,
    /// Its body is JSON of which all of these hold; none of them means that the status says it.
    pub json: Vec<JsonCondition>,
}

impl Default for HttpGatewaySuccess {
    fn default() -> Self {
        Self { status: vec![StatusRange::SUCCESS], json: Vec::new() }
    }
}

/// An answer that says that the SMS was not taken: one of which all of this holds.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpGatewayRefusal {
    /// Its status is one of these.
    pub status: Vec<StatusRange>,
    /// Its body is JSON of which all of these hold; none of them means that the status says it.
    pub json: Vec<JsonCondition>,
    /// What that means.
    pub means: RefusalMeans,
}

/// What a refusal means. All of these say that nothing was sent, and let the SMS go by another route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalMeans {
    /// The receiver cannot be sent to, by nobody or not by this account: the caller is told.
    ReceiverRefused,
    /// Something that the operator has to mend (credit, token, sender, address).
    Refused,
    /// Nothing was done, and later it may be otherwise: too many calls, a closed gateway.
    NotSent,
}

impl RefusalMeans {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ReceiverRefused, Self::Refused, Self::NotSent];

    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.answer().as_str()
    }

    /// The meaning of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|means| means.as_str() == text)
    }

    /// The same, in the words of the port.
    #[must_use]
    pub const fn answer(self) -> SendAnswer {
        match self {
            Self::ReceiverRefused => SendAnswer::ReceiverRefused,
            Self::Refused => SendAnswer::Refused,
            Self::NotSent => SendAnswer::NotSent,
        }
    }
}

/// Something that an answer's JSON must say.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonCondition {
    /// Where: a JSON pointer (RFC 6901) such as `/error` or `/data/valid/0/status`; empty for all of it.
    pub pointer: String,
    /// What stands there: one of these. Numbers are equal if they are as large; a string is never equal to a number.
    pub one_of: Vec<Value>,
}

impl JsonCondition {
    /// That this stands there.
    pub fn equals(pointer: impl Into<String>, value: impl Into<Value>) -> Self {
        Self { pointer: pointer.into(), one_of: vec![value.into()] }
    }
}

/// HTTP statuses from one to another, written `201`, `2xx` or `200-204`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusRange {
    first: u16,
    last: u16,
}

/// A text is no [`StatusRange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no HTTP status; write 201, 2xx or 200-204, within 200 to 599")]
pub struct StatusRangeFault;

impl StatusRange {
    /// `2xx`.
    pub const SUCCESS: Self = Self { first: 200, last: 299 };

    /// Whether a status is one of them.
    #[must_use]
    pub const fn holds(self, status: u16) -> bool {
        self.first <= status && status <= self.last
    }

    /// Whether all of them are statuses of success.
    #[must_use]
    pub const fn is_success(self) -> bool {
        Self::SUCCESS.holds(self.first) && Self::SUCCESS.holds(self.last)
    }
}

impl FromStr for StatusRange {
    type Err = StatusRangeFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let status = |text: &str| {
            let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|status| digits && (200..=599).contains(status))
        };
        let range = if let Some(class) = text.strip_suffix("xx") {
            status(&format!("{class}00")).map(|first: u16| (first, first + 99))
        } else if let Some((first, last)) = text.split_once('-') {
            status(first).zip(status(last))
        } else {
            status(text).map(|status| (status, status))
        };
        let range = range.filter(|(first, last)| first <= last);
        range.map(|(first, last)| Self { first, last }).ok_or(StatusRangeFault)
    }
}

/// How what is left at the gateway is asked: by POST where there is a form, else by GET. The call has the gateway's own
/// authentication (basic or bearer), and its time-outs.
#[derive(Clone)]
pub struct HttpGatewayCredit {
    /// Where; what holds of [`HttpGatewaySettings::url`] holds of it.
    pub url: String,
    /// Names and templates of what is put into the address's query, for gateways that take their token there. All
    /// templates here know `{sender}`, `{secret}`, `{secret.NAME}` and `{id}` only.
    pub query: Vec<(String, String)>,
    /// Names and templates of headers.
    pub headers: Vec<(String, String)>,
    /// Names and templates of a form; without any, the call is a GET.
    pub form: Vec<(String, String)>,
    /// Where an answer of 2xx holds what is left, a JSON pointer: a number, or a string of one.
    pub pointer: String,
}

impl fmt::Debug for HttpGatewayCredit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, query, headers, form, pointer } = self;
        f.debug_struct("HttpGatewayCredit")
            .field("url", &origin(url))
            .field("query", &names(query))
            .field("headers", &names(headers))
            .field("form", &names(form))
            .field("pointer", pointer)
            .finish()
    }
}

impl fmt::Debug for HttpGatewaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Templates may hold a secret that somebody wrote where it does not belong: only names are shown.
        let body = match &self.body {
            HttpGatewayBody::Form(form) => format!("form of {:?}", names(form)),
            HttpGatewayBody::Json(_) => "JSON".to_owned(),
        };
        f.debug_struct("HttpGatewaySettings")
            .field("name", &self.name)
            .field("sender", &self.sender)
            .field("url", &origin(&self.url))
            .field("method", &self.method)
            .field("headers", &names(&self.headers))
            .field("body", &body)
            .field("secret", &self.secret)
            .field("secrets", &self.secrets)
            .field("basic_auth", &self.basic_auth)
            .field("bearer", &self.bearer)
            .field("sign", &self.sign)
            .field("success", &self.success)
            .field("refusals", &self.refusals)
            .field("message_id", &self.message_id)
            .field("credits", &self.credits)
            .field("error_code", &self.error_code)
            .field("connect_timeout", &self.connect_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("credit", &self.credit)
            .field("credit_low", &self.credit_low)
            .field("credit_low_days", &self.credit_low_days)
            .finish()
    }
}

/// What may be shown of an address: a path may be a secret, and an address that cannot be read may be anything.
fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| "***".to_owned(), |url| url.origin().ascii_serialization())
}

fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}
