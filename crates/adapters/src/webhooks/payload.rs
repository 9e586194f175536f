//! What a message says: `{"type", "timestamp", "data"}`, as Standard Webhooks advises.

use domain::application::ApplicationId;
use domain::event::Event;
use domain::id::EventId;
use domain::phone::Phone;
use domain::ports::WebhookMessage;
use domain::time::{Timestamp, rfc3339};
use serde::Serialize;

/// How a phone is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneForm {
    /// `+97798•••••67`: enough to recognise it, not enough to call it.
    Masked,
    /// `+9779841234567`: the receiver is to know it.
    Full,
}

impl PhoneForm {
    fn of(self, phone: Phone) -> String {
        match self {
            Self::Masked => phone.masked(),
            Self::Full => phone.e164(),
        }
    }
}

/// The `type` of a message that only tries whether the receiver takes messages.
const PING: &str = "test.ping";

#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'a str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    application: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<f64>,
}

/// The id of a message, by which its receiver knows one that it has had already.
pub(super) const fn id(message: WebhookMessage<'_>) -> EventId {
    match message {
        WebhookMessage::Event(event) => event.id,
        WebhookMessage::Ping { id, at: _ } => id,
    }
}

/// The body of a message.
pub(super) fn body(application: &ApplicationId, message: WebhookMessage<'_>, phone: PhoneForm) -> String {
    let payload = match message {
        WebhookMessage::Event(event) => of_event(event, phone),
        WebhookMessage::Ping { id: _, at } => of_ping(application, at),
    };
    // Texts and nothing else: it always has a form.
    serde_json::to_string(&payload).unwrap_or_default()
}

fn of_event(event: &Event, phone: PhoneForm) -> Payload<'_> {
    Payload {
        r#type: event.kind.as_str(),
        timestamp: rfc3339(event.at),
        data: Data {
            application: event.application.as_str(),
            verification: event.verification.map(|id| id.to_string()),
            purpose: event.purpose.map(domain::verification::Purpose::as_str),
            account: event.account.as_ref().map(|account| account.username.as_str()),
            phone: event.phone.map(|told| phone.of(told)),
            reason: event.reason.as_deref(),
            block: event.block.map(|id| id.to_string()),
            prefix: event.prefix.map(|digits| digits.to_string()),
            gateway: event.credit.as_ref().map(|credit| &*credit.gateway),
            credits: event.credit.as_ref().map(|credit| credit.balance.as_f64()),
        },
    }
}

fn of_ping(application: &ApplicationId, at: Timestamp) -> Payload<'_> {
    Payload {
        r#type: PING,
        timestamp: rfc3339(at),
        data: Data {
            application: application.as_str(),
            verification: None,
            purpose: None,
            account: None,
            phone: None,
            reason: None,
            block: None,
            prefix: None,
            gateway: None,
            credits: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use domain::account::Username;
    use domain::block::Prefix;
    use domain::event::{EventAccount, EventKind, EventPlace};
    use domain::id::{AccountId, BlockId, VerificationId};
    use domain::verification::Purpose;

    use super::*;

    const ID: &str = "0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

    fn event() -> Event {
        Event {
            id: EventId::parse(ID).unwrap(),
            place: EventPlace(7),
            application: ApplicationId::default_application(),
            kind: EventKind::VerificationApproved,
            at: Timestamp::from_second(1_768_464_000).unwrap(),
            verification: VerificationId::parse(ID),
            purpose: Some(Purpose::Contact),
            account: Some(EventAccount {
                id: AccountId::parse(ID).unwrap(),
                username: Username::parse("ram \"the\" second").unwrap(),
            }),
            phone: Phone::from_digits(9_779_841_234_567),
            reason: None,
            block: None,
            prefix: None,
            credit: None,
        }
    }

    fn told(event: &Event, phone: PhoneForm) -> String {
        body(&event.application, WebhookMessage::Event(event), phone)
    }

    #[test]
    fn a_message_says_what_happened_and_to_whom() {
        assert_eq!(
            told(&event(), PhoneForm::Masked),
            r#"{"type":"verification.approved","timestamp":"2026-01-15T08:00:00.000Z","data":{"application":"default","verification":"0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b","purpose":"contact","account":"ram \"the\" second","phone":"+97798•••••67"}}"#
        );
    }

    #[test]
    fn a_whole_phone_is_told_only_where_it_is_asked_for() {
        assert!(told(&event(), PhoneForm::Full).contains(r#""phone":"+9779841234567""#));
        assert!(!told(&event(), PhoneForm::Masked).contains("9841234567"));
    }

    #[test]
    fn what_an_event_does_not_have_is_left_out() {
        let bare = Event {
            kind: EventKind::FraudDecided,
            verification: None,
            purpose: None,
            account: None,
            phone: None,
            reason: Some("denied".into()),
            block: BlockId::parse(ID),
            prefix: Prefix::parse("+977984"),
            ..event()
        };
        assert!(
            told(&bare, PhoneForm::Full)
                .ends_with(r#""data":{"application":"default","reason":"denied","block":"0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b","prefix":"+977984"}}"#)
        );
    }

    #[test]
    fn a_ping_has_the_form_of_an_event() {
        let ping = WebhookMessage::Ping { id: EventId::parse(ID).unwrap(), at: Timestamp::UNIX_EPOCH };
        assert_eq!(id(ping).to_string(), ID);
        assert_eq!(
            body(&ApplicationId::default_application(), ping, PhoneForm::Full),
            r#"{"type":"test.ping","timestamp":"1970-01-01T00:00:00.000Z","data":{"application":"default"}}"#
        );
    }
}
