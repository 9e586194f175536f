//! Sparrow SMS v2 (Nepal). Owns the call that hands one SMS to Sparrow, and what each answer means for it.
//!
//! It calls once: neither it nor the client below repeats a call of which a byte has left, because Sparrow has no
//! idempotency key and would send, and charge, twice. It follows no redirect and asks no proxy, so that token and
//! text reach the configured host or nobody. It always answers within the total time-out.
//!
//! | what happens | answer | why |
//! |---|---|---|
//! | HTTP 200, `response_code` 200, `count` not 0 | `Accepted` | as documented; a `count` that is left out is warned of |
//! | HTTP 200, `response_code` 200, `count` 0 | `Refused` | it says that it queued nothing |
//! | HTTP 2xx or 4xx, `response_code` 1007 or 1011 | `ReceiverRefused` | as documented (with 403) |
//! | HTTP 2xx, another `response_code` of 1000 to 1013 | `Refused` | as documented (with 403) |
//! | HTTP 4xx, anything else | `Refused` | Sparrow, or what stands before it, did not take the call |
//! | HTTP 3xx but 303 | `Refused` | it is to be done elsewhere, so it was not done here |
//! | HTTP 3xx or 4xx with `response_code` 200; HTTP 303 | `Unknown` | it contradicts itself; 303 follows a call that was carried out |
//! | HTTP 200 otherwise: HTML, cut JSON, no code, a new code | `Unknown` | it may have been sent |
//! | other 2xx, 5xx, other status | `Unknown` | it may have been sent |
//! | HTTP 200 and the body breaks off, is too long or too late | `Unknown` | it may have been sent |
//! | no name, no route, refused, TLS fails, connecting takes too long | `NotSent` | not a byte of the call has left |
//! | anything else after connecting: reset, time-out, no HTTP | `Unknown` | the call may have arrived |
//! | the phone is not a Nepali mobile | `ReceiverRefused` | Sparrow takes no other: it is not carried to, and nothing is called |
//!
//! The rule behind it: a class that lets the caller send again (`Refused`, `NotSent`, `ReceiverRefused`) needs an
//! answer that proves that nothing was sent; where there is none, the SMS counts as sent and its code stays valid.
//! A connection that dies before the call is written cannot be told from one that dies after, so it is `Unknown` too.
//! A send whose future is dropped has no answer at all and is to be taken as `Unknown`.
//!
//! What stands before it ([`guard`](super::guard)) leaves Sparrow alone for 10 s after one `Refused`, and longer while it goes on.
//! Of each that is right for a reason of its own:
//!
//! * 1001 to 1006 and 1008: token, account, address or identity do not fit; every call ends so until the operator has
//!   mended it. 1012 and 1013: credits; the next reading above zero lets a call try at once.
//! * 1000 and 1010 are faults of this module, which sends all four fields and never an empty text. They would hit every
//!   call alike, and calling on would mend nothing.
//! * Another 4xx or a redirect is mostly said by what stands before Sparrow: too many calls (429), a blocked address
//!   (403), a wrong path (404). Each concerns all calls, and Sparrow blocks those who go on regardless. A single odd one costs those
//!   who have no other route 10 s of 503 with `Retry-After`, and others nothing; `refusals` = 3 of the breaker spares it. No
//!   caller can bring one about: the receiver is ten digits of a Nepali mobile, the text is the operator's, and what is
//!   refused because of its receiver (1007, 1011) counts as a success.

mod answer;
mod credit;
mod settings;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use domain::credit::CreditBalance;
use domain::delivery::MessageId;
use domain::phone::Phone;
use domain::ports::{GatewayFacts, Held, SendAnswer, SendReport, Sms, SmsGateway};
use reqwest::{Client, Response, Url};

use self::answer::{Judged, judge, meaning};
pub use self::settings::{SparrowSettings, SparrowSettingsFault, SparrowToken};
use super::call;

/// Hands SMS to Sparrow.
///
/// ```no_run
/// # use adapters::gateway::{SparrowGateway, SparrowSettings, SparrowSettingsFault};
/// let gateway = SparrowGateway::new(SparrowSettings::new("the-token", "Example"))?;
/// # Ok::<(), SparrowSettingsFault>(())
/// ```
pub struct SparrowGateway {
    client: Client,
    endpoint: Url,
    credit_endpoint: Url,
    token: SparrowToken,
    timeout: Duration,
    facts: GatewayFacts,
}

impl SparrowGateway {
    /// A gateway with these settings. Nothing is called yet. Root certificates are the system's (the variables
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` name others); over plain `http` none are needed.
    ///
    /// # Errors
    /// The first of the settings that cannot be taken, or a client that cannot be made of them.
    pub fn new(settings: SparrowSettings) -> Result<Self, SparrowSettingsFault> {
        let endpoint = settings.endpoint()?;
        let credit_endpoint = endpoint.join("../credit/").map_err(|_| SparrowSettingsFault::BaseUrl)?;
        let client = call::client(&[&endpoint], settings.timeouts()).map_err(SparrowSettingsFault::Client)?;
        let facts = GatewayFacts {
            name: settings.name,
            kind: "sparrow",
            host: endpoint.host_str().unwrap_or_default().into(),
            sender: settings.identity.into(),
            credit_low: settings.credit_low,
            credit_low_days: settings.credit_low_days,
        };
        let (token, timeout) = (settings.token, settings.total_timeout);
        Ok(Self { client, endpoint, credit_endpoint, token, timeout, facts })
    }

    async fn call(&self, receiver: &str, sms: &Sms, within: Duration) -> SendReport {
        // The form encodes every `+`, which a hash at the end of the text may hold and which would arrive as a space.
        let form = [
            ("token", self.token.reveal()),
            ("from", &*self.facts.sender),
            ("to", receiver),
            ("text", sms.text.as_str()),
        ];
        let timeout = self.timeout.min(within);
        match self.client.post(self.endpoint.clone()).timeout(timeout).form(&form).send().await {
            Ok(response) => finish(&self.facts.name, response, sms).await,
            Err(error) => {
                let answer = call::unanswered(&error);
                call::report_broken(&self.facts.name, answer, None, error);
                answer.into()
            }
        }
    }
}

#[async_trait]
impl SmsGateway for SparrowGateway {
    fn facts(&self) -> &GatewayFacts {
        &self.facts
    }

    fn carries_to(&self, phone: Phone) -> bool {
        phone.nepal_subscriber().is_some()
    }

    async fn send(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held> {
        // Ten digits and nothing else: `to` is a list with commas on Sparrow's side.
        if let Some(receiver) = sms.to.nepal_subscriber() {
            return Ok(self.call(&receiver, sms, within).await);
        }
        let answer = SendAnswer::ReceiverRefused;
        tracing::warn!(
            gateway = &*self.facts.name,
            class = answer.as_str(),
            "the phone is not a Nepali mobile: not called"
        );
        Ok(answer.into())
    }

    async fn credit(&self) -> Option<CreditBalance> {
        credit::ask(&self.facts.name, &self.client, &self.credit_endpoint, &self.token).await
    }
}

impl fmt::Debug for SparrowGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SparrowGateway")
            .field("endpoint", &self.endpoint.as_str())
            .field("token", &self.token)
            .field("identity", &self.facts.sender)
            .finish_non_exhaustive()
    }
}

/// Reads the answer, judges it and reports it.
async fn finish(gateway: &str, response: Response, sms: &Sms) -> SendReport {
    let status = response.status().as_u16();
    match call::read(response).await {
        Ok(body) => {
            let judged = judge(status, body.as_deref());
            let said = judged.report(sms);
            report(gateway, status, &judged, said.message_id.as_ref());
            said
        }
        Err(error) => {
            let answer = judge(status, None).answer;
            call::report_broken(gateway, answer, Some(status), error);
            answer.into()
        }
    }
}

/// Tells the operator of an answer, once.
fn report(gateway: &str, http_status: u16, judged: &Judged, message_id: Option<&MessageId>) {
    let Judged { answer, said } = judged;
    let class = answer.as_str();
    match answer {
        SendAnswer::Accepted if !said.is_odd() => tracing::debug!(
            gateway,
            class,
            message_id = message_id.map(MessageId::as_str),
            count = said.count,
            credit_consumed = said.credit_consumed,
            "the SMS was accepted"
        ),
        SendAnswer::Accepted => tracing::warn!(
            gateway,
            class,
            message_id = message_id.map(MessageId::as_str),
            count = said.count,
            credit_consumed = said.credit_consumed,
            "the SMS was accepted, but not as one receiver for one credit"
        ),
        SendAnswer::ReceiverRefused | SendAnswer::Refused | SendAnswer::NotSent | SendAnswer::Unknown => {
            tracing::warn!(
                gateway,
                class,
                http_status,
                response_code = said.response_code,
                meaning = said.response_code.map(meaning),
                count = said.count,
                "the SMS was not accepted"
            );
        }
    }
}
