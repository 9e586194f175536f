//! Any gateway that takes an SMS by one call over HTTP, as its settings describe it: whom to call, with what, and what
//! each answer means. Owns the call; `docs/gateways.md` has the settings for some gateways.
//!
//! It calls once, to the configured host or to nobody, as the gateway for Sparrow does, and judges by the same rule: a
//! class that lets the SMS go by another route (`Refused`, `NotSent`, `ReceiverRefused`) needs an answer that proves that
//! nothing was sent; where there is none, the SMS counts as sent and its code stays valid. The settings say what proves
//! it; what they leave open is judged by the status alone:
//!
//! | what happens | answer | why |
//! |---|---|---|
//! | a rule of `refusals` fits, the first of them | as the rule says | the settings know the gateway |
//! | such a rule fits, and all of `success.json` holds too | `Unknown` | it contradicts itself |
//! | the status is one of `success.status`, and all of `success.json` holds | `Accepted` | as the settings say |
//! | the same, without any `success.json`, but a rule asks for JSON and the body is none | `Unknown` | it may be a refusal |
//! | HTTP 429 | `NotSent` | too many calls: not taken, and later it may be, with nothing for the operator to mend |
//! | HTTP 3xx but 303, HTTP 4xx, otherwise | `Refused` | it is to be done elsewhere, or was not taken |
//! | HTTP 3xx or 4xx of which all of `success.json` holds; HTTP 303 | `Unknown` | it contradicts itself; 303 follows a call that was carried out |
//! | HTTP 2xx otherwise, 5xx, other status | `Unknown` | it may have been sent |
//! | the body breaks off, is too long or too late | by the status and the rules that ask for no body | nothing is made up |
//! | no name, no route, refused, TLS fails, connecting takes too long | `NotSent` | not a byte of the call has left |
//! | anything else after connecting: reset, time-out, no HTTP | `Unknown` | the call may have arrived |
//! | the body has `{to_national}`, and the phone is not a Nepali mobile | `ReceiverRefused` | nothing is called |
//!
//! A 4xx is `Refused` unless a rule says otherwise, and a refusal opens the gateway's circuit breaker at once: which
//! answers are about the receiver alone has to be in the rules.

mod answer;
mod body;
mod credit;
mod fault;
mod headers;
mod secret;
mod settings;
mod target;
mod template;

use std::fmt;
use std::time::Duration;

use ::bytes::Bytes;
use async_trait::async_trait;
use domain::credit::CreditBalance;
use domain::delivery::MessageId;
use domain::phone::Phone;
use domain::ports::{
    Clock, Entropy, GatewayFacts, Held, PortError, SendAnswer, SendReport, Sms, SmsGateway, chain,
};
use domain::route::RouteName;
use reqwest::header::{CONTENT_TYPE, InvalidHeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, Url};
use zeroize::Zeroizing;

use self::answer::{Judged, Rules};
use self::body::Body;
use self::credit::CreditCall;
pub use self::fault::{HttpGatewayProblem, HttpGatewaySettingsFault};
use self::headers::{Authentication, Headers, Reserved, WEBHOOK_ID, WEBHOOK_SIGNATURE, WEBHOOK_TIMESTAMP};
pub use self::secret::GatewaySecret;
pub use self::settings::{
    HttpGatewayBasicAuth, HttpGatewayBody, HttpGatewayCredit, HttpGatewayMethod, HttpGatewayRefusal,
    HttpGatewaySettings, HttpGatewaySuccess, JsonCondition, RefusalMeans, StatusRange, StatusRangeFault,
};
use self::target::target;
use self::template::{Filling, Words};
use super::call::{self, Timeouts};
use crate::system::{OsEntropy, SystemClock};
use crate::webhooks::WebhookSecret;

/// The longest sender, in bytes. The SMS standard leaves 11 characters to a name, and 15 digits to a number.
const SENDER_BYTES_MAX: usize = 64;
/// The most secrets that sign: each makes every call longer.
const SIGNERS_MAX: usize = 5;
/// The most secrets that templates may have.
const SECRETS_MAX: usize = 20;
/// The longest name of one.
const SECRET_NAME_BYTES_MAX: usize = 40;

/// Hands SMS to whatever its settings describe.
///
/// ```no_run
/// # use adapters::gateway::{HttpGateway, HttpGatewaySettings, HttpGatewaySettingsFault};
/// let gateway = HttpGateway::new(HttpGatewaySettings::new("own", "https://sms.example.com/send"))?;
/// # Ok::<(), HttpGatewaySettingsFault>(())
/// ```
pub struct HttpGateway {
    client: Client,
    url: Url,
    method: Method,
    headers: Headers,
    body: Body,
    authentication: Authentication,
    sign: Vec<WebhookSecret>,
    rules: Rules,
    credit: Option<CreditCall>,
    timeout: Duration,
    facts: GatewayFacts,
}

impl HttpGateway {
    /// A gateway with these settings. Nothing is called yet. Root certificates are the system's (the variables
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` name others); over plain `http` none are needed.
    ///
    /// # Errors
    /// The first of the settings that cannot be taken, or a client that cannot be made of them.
    pub fn new(settings: HttpGatewaySettings) -> Result<Self, HttpGatewaySettingsFault> {
        check(&settings)?;
        let words =
            Words { sender: &settings.sender, secret: settings.secret.as_ref(), secrets: &settings.secrets };
        let url = target(&settings.url).map_err(|problem| problem.of("url", ""))?;
        let authentication = Authentication::parse(&settings)?;
        let reserved =
            Reserved { authorization: authentication.has_header(), signature: !settings.sign.is_empty() };
        let headers = Headers::parse("headers", &settings.headers, &words, reserved)?;
        let body = Body::parse(&settings.body, &words)?;
        let rules = Rules::parse(&settings)?;
        let credit = settings.credit.as_ref().map(|credit| CreditCall::parse(credit, &words, reserved));
        let credit = credit.transpose()?;
        let timeouts = Timeouts { connect: settings.connect_timeout, total: settings.total_timeout };
        let addresses: Vec<&Url> = credit.as_ref().map(CreditCall::url).into_iter().chain([&url]).collect();
        let client = call::client(&addresses, timeouts).map_err(HttpGatewaySettingsFault::Client)?;
        let facts = GatewayFacts {
            name: settings.name.into(),
            kind: "http",
            host: url.host_str().unwrap_or_default().into(),
            sender: settings.sender.into(),
            credit_low: settings.credit_low,
            credit_low_days: settings.credit_low_days,
        };
        let method = match settings.method {
            HttpGatewayMethod::Post => Method::POST,
            HttpGatewayMethod::Put => Method::PUT,
        };
        let (sign, timeout) = (settings.sign, settings.total_timeout);
        Ok(Self { client, url, method, headers, body, authentication, sign, rules, credit, timeout, facts })
    }

    /// The call, with everything in it.
    fn request(&self, sms: &Sms) -> Result<RequestBuilder, Unprepared> {
        let id = attempt_id()?;
        let filling = Filling::of(sms, &id);
        let body = self.body.fill(&filling);
        let mut request = self
            .client
            .request(self.method.clone(), self.url.clone())
            .headers(self.headers.fill(&filling)?)
            .header(CONTENT_TYPE, self.body.content_type());
        if !self.sign.is_empty() {
            let seconds = SystemClock.now().as_second();
            let signatures: Vec<String> =
                self.sign.iter().map(|secret| secret.sign(&id, seconds, &body)).collect();
            request = request
                .header(WEBHOOK_ID, &id)
                .header(WEBHOOK_TIMESTAMP, seconds)
                .header(WEBHOOK_SIGNATURE, signatures.join(" "));
        }
        Ok(self.authentication.put(request).body(bytes(body)))
    }

    /// Reads the answer, judges it and reports it.
    async fn finish(&self, response: Response, sms: &Sms) -> SendReport {
        let status = response.status().as_u16();
        match call::read(response).await {
            Ok(body) => {
                let judged = self.rules.judge(status, body.as_deref(), sms);
                self.tell(status, &judged);
                judged.report
            }
            Err(error) => {
                let report = self.rules.judge(status, None, sms).report;
                call::report_broken(&self.facts.name, report.answer, Some(status), error);
                report
            }
        }
    }

    /// Tells the operator of an answer, once.
    fn tell(&self, http_status: u16, judged: &Judged) {
        let Judged { report, by, error_code } = judged;
        let (gateway, class) = (&*self.facts.name, report.answer.as_str());
        match report.answer {
            SendAnswer::Accepted => tracing::debug!(
                gateway,
                class,
                http_status,
                message_id = report.message_id.as_ref().map(MessageId::as_str),
                "the SMS was accepted"
            ),
            SendAnswer::ReceiverRefused | SendAnswer::Refused | SendAnswer::NotSent | SendAnswer::Unknown => {
                let by = by.words();
                tracing::warn!(gateway, class, http_status, by, error_code, "the SMS was not accepted");
            }
        }
    }

    /// Tells the operator of an SMS for which nothing was called, once.
    fn uncalled(&self, answer: SendAnswer, why: &str) -> SendReport {
        tracing::warn!(gateway = &*self.facts.name, class = answer.as_str(), why, "not called");
        answer.into()
    }
}

#[async_trait]
impl SmsGateway for HttpGateway {
    fn facts(&self) -> &GatewayFacts {
        &self.facts
    }

    fn carries_to(&self, phone: Phone) -> bool {
        !self.body.is_national() || phone.nepal_subscriber().is_some()
    }

    async fn send(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held> {
        if !self.carries_to(sms.to) {
            return Ok(self.uncalled(SendAnswer::ReceiverRefused, "the phone is not a Nepali mobile"));
        }
        let request = match self.request(sms) {
            Ok(request) => request,
            Err(error) => return Ok(self.uncalled(SendAnswer::NotSent, &chain(&error))),
        };
        Ok(match request.timeout(self.timeout.min(within)).send().await {
            Ok(response) => self.finish(response, sms).await,
            Err(error) => {
                let answer = call::unanswered(&error);
                call::report_broken(&self.facts.name, answer, None, error);
                answer.into()
            }
        })
    }

    async fn credit(&self) -> Option<CreditBalance> {
        let credit = self.credit.as_ref()?;
        credit.ask(&self.facts.name, &self.client, &self.authentication).await
    }
}

impl fmt::Debug for HttpGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A path or a query may be a secret, and templates have secrets in them.
        f.debug_struct("HttpGateway").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// A call could not be made ready; nothing was called.
#[derive(Debug, thiserror::Error)]
enum Unprepared {
    #[error("there is no randomness for the id of the attempt")]
    Id(#[from] PortError),
    #[error("a header cannot be written")]
    Header(#[from] InvalidHeaderValue),
}

/// An id that no other attempt has.
fn attempt_id() -> Result<String, PortError> {
    let mut bytes = [0; 16];
    OsEntropy.fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
}

/// A body that is wiped once nobody sends it any more.
fn bytes(body: Zeroizing<Vec<u8>>) -> Bytes {
    Bytes::from_owner(body)
}

/// Checks what stands for itself.
fn check(settings: &HttpGatewaySettings) -> Result<(), HttpGatewaySettingsFault> {
    let sender = settings.sender.as_str();
    // A gateway that stands alone is led to by a route of its name.
    if RouteName::parse(&settings.name).is_none() {
        return Err(HttpGatewayProblem::Name.of("name", ""));
    }
    if sender.trim().len() != sender.len()
        || sender.len() > SENDER_BYTES_MAX
        || sender.chars().any(char::is_control)
    {
        return Err(HttpGatewayProblem::Sender { max: SENDER_BYTES_MAX }.of("sender", ""));
    }
    if let Some(secret) = &settings.secret {
        headers::secret(secret).map_err(|problem| problem.of("secret", ""))?;
    }
    for (many, key, max) in
        [(settings.secrets.len(), "secrets", SECRETS_MAX), (settings.sign.len(), "sign", SIGNERS_MAX)]
    {
        if many > max {
            return Err(HttpGatewayProblem::TooMuch { max, what: "secrets" }.of(key, ""));
        }
    }
    for (name, secret) in &settings.secrets {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if !(1..=SECRET_NAME_BYTES_MAX).contains(&name.len()) || !name.bytes().all(plain) {
            return Err(HttpGatewayProblem::SecretName.of("secrets", name));
        }
        headers::secret(secret).map_err(|problem| problem.of("secrets", name))?;
    }
    let timeouts = Timeouts { connect: settings.connect_timeout, total: settings.total_timeout };
    if !timeouts.fit() {
        let max = call::TOTAL_TIMEOUT_MAX.as_secs();
        return Err(HttpGatewayProblem::Timeouts { max }.of("total_timeout", ""));
    }
    Ok(())
}
