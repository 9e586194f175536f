//! The gateways that `docs/gateways.md` has settings for, each against a server that answers as that gateway documents.

use adapters::gateway::HttpGateway;
use adapters::gateway::http::{
    GatewaySecret, HttpGatewayBasicAuth, HttpGatewayBody, HttpGatewayCredit, HttpGatewayRefusal,
    HttpGatewaySettings, HttpGatewaySuccess, JsonCondition, RefusalMeans,
};
use adapters::webhooks::WebhookSecret;
use domain::credit::CreditBalance;
use domain::ports::{SendAnswer, SmsGateway};
use serde_json::{Value, json};

use crate::harness::{ENOUGH, pairs, parts, say, sms};
use crate::logs;
use crate::wire::Wire;

const TWILIO_TAKEN: &str = r#"{"account_sid": "AC1", "api_version": "2010-04-01", "body": "042137 is your code",
    "date_created": "Thu, 24 Aug 2023 05:01:45 +0000", "direction": "outbound-api", "error_code": null,
    "from": "+15557122661", "num_segments": "1", "price": null, "price_unit": null,
    "sid": "SM1f0e8ae6ade43cb3c0ce4525424e404f", "status": "queued", "to": "+9779841234567"}"#;

const AAKASH_TAKEN: &str = r#"{"error": false, "message": "1 messages has been queued for delivery.", "data": {
    "valid": [{"id": 2673160, "mobile": "9841234567", "text": "042137 is your code", "credit": 1,
        "network": "ntc", "status": "queued"}], "invalid": []}}"#;
const AAKASH_INVALID: &str = r#"{"error": false, "message": "0 messages has been queued for delivery.", "data": {
    "valid": [], "invalid": [{"mobile": "9841234567", "text": "042137 is your code", "credit": 0,
        "network": "N/A", "status": "aborted"}]}}"#;
const AAKASH_BOTH: &str = r#"{"error": false, "message": "", "data": {
    "valid": [{"id": 1, "credit": 1, "status": "queued"}], "invalid": [{"status": "aborted"}]}}"#;

fn refusal(status: &str, pointer: &str, one_of: Vec<Value>, means: RefusalMeans) -> HttpGatewayRefusal {
    let json = vec![JsonCondition { pointer: pointer.to_owned(), one_of }];
    HttpGatewayRefusal { status: vec![status.parse().unwrap()], json, means }
}

fn twilio(url: String) -> HttpGatewaySettings {
    let receiver =
        [21211, 21214, 21217, 21265, 21266, 21408, 21608, 21610, 21612, 21614, 21635].map(Value::from).into();
    HttpGatewaySettings {
        sender: "+15557122661".to_owned(),
        basic_auth: Some(HttpGatewayBasicAuth { user: "AC1".to_owned(), password: "twilio-token".into() }),
        body: HttpGatewayBody::Form(pairs([("To", "{to}"), ("From", "{sender}"), ("Body", "{text}")])),
        success: HttpGatewaySuccess { status: vec!["201".parse().unwrap()], json: vec![] },
        refusals: vec![
            refusal("4xx", "/code", receiver, RefusalMeans::ReceiverRefused),
            refusal("4xx", "/code", vec![json!(20429), json!(21611)], RefusalMeans::NotSent),
        ],
        message_id: Some("/sid".to_owned()),
        error_code: Some("/code".to_owned()),
        credit: Some(HttpGatewayCredit {
            url: url.replace("Messages.json", "Balance.json"),
            query: vec![],
            headers: vec![],
            form: vec![],
            pointer: "/balance".to_owned(),
        }),
        ..HttpGatewaySettings::new("twilio", url)
    }
}

fn aakash(url: String) -> HttpGatewaySettings {
    HttpGatewaySettings {
        secret: Some(GatewaySecret::from("aakash-token")),
        body: HttpGatewayBody::Form(pairs([
            ("auth_token", "{secret}"),
            ("to", "{to_national}"),
            ("text", "{text}"),
        ])),
        success: HttpGatewaySuccess {
            status: vec!["200".parse().unwrap()],
            json: vec![
                JsonCondition::equals("/error", false),
                JsonCondition::equals("/data/valid/0/status", "queued"),
            ],
        },
        refusals: vec![
            refusal("200", "/error", vec![json!(true)], RefusalMeans::Refused),
            refusal("200", "/data/invalid/0/status", vec![json!("aborted")], RefusalMeans::ReceiverRefused),
        ],
        message_id: Some("/data/valid/0/id".to_owned()),
        credits: Some("/data/valid/0/credit".to_owned()),
        credit: Some(HttpGatewayCredit {
            url: url.replace("v3/send", "v1/credit"),
            query: vec![],
            headers: vec![],
            form: pairs([("auth_token", "{secret}")]),
            pointer: "/available_credit".to_owned(),
        }),
        ..HttpGatewaySettings::new("aakash", url)
    }
}

/// Sends through a gateway with these settings, whose server answers so, and tells the id and the thousandths of a credit
/// that are kept of it.
async fn sent(
    settings: fn(String) -> HttpGatewaySettings,
    path: &str,
    status: &str,
    body: &str,
) -> (SendAnswer, Option<String>, Option<u32>, Vec<String>) {
    logs::listen();
    let wire = Wire::start(say(status, body)).await;
    let gateway = HttpGateway::new(settings(wire.url(path))).unwrap();
    let report = gateway.send(&sms(), ENOUGH).await.unwrap();
    let id = report.message_id.map(|id| id.as_str().to_owned());
    (report.answer, id, report.credits.map(domain::delivery::Credits::thousandths), wire.calls())
}

const TWILIO: &str = "/2010-04-01/Accounts/AC1/Messages.json";
const AAKASH: &str = "/sms/v3/send";

#[tokio::test]
async fn twilio_takes_an_sms() {
    let (answer, id, _, calls) = sent(twilio, TWILIO, "201 CREATED", TWILIO_TAKEN).await;
    assert_eq!(answer, SendAnswer::Accepted);
    assert_eq!(id.as_deref(), Some("SM1f0e8ae6ade43cb3c0ce4525424e404f"));
    let (head, body) = parts(&calls);
    // "AC1:twilio-token".
    assert!(head.contains("authorization: basic qumxonr3awxpby10b2tlbg==\r\n"), "{head}");
    assert!(head.starts_with("post /2010-04-01/accounts/ac1/messages.json "), "{head}");
    assert!(body.starts_with("To=%2B9779841234567&From=%2B15557122661&Body=042137"), "{body}");
}

#[tokio::test]
async fn what_twilio_refuses_is_told_apart() {
    for (status, code, expected) in [
        ("400 BAD REQUEST", 21211, SendAnswer::ReceiverRefused),
        ("400 BAD REQUEST", 21614, SendAnswer::ReceiverRefused),
        ("400 BAD REQUEST", 21610, SendAnswer::ReceiverRefused),
        ("400 BAD REQUEST", 21408, SendAnswer::ReceiverRefused),
        ("400 BAD REQUEST", 21606, SendAnswer::Refused),
        ("401 UNAUTHORIZED", 20003, SendAnswer::Refused),
        ("429 TOO MANY REQUESTS", 20429, SendAnswer::NotSent),
        ("429 TOO MANY REQUESTS", 21611, SendAnswer::NotSent),
        ("500 INTERNAL SERVER ERROR", 20500, SendAnswer::Unknown),
        ("503 SERVICE UNAVAILABLE", 20503, SendAnswer::Unknown),
    ] {
        let body = json!({ "code": code, "message": "no", "more_info": "https://www.twilio.com/docs", "status": 400 });
        let (answer, id, ..) = sent(twilio, TWILIO, status, &body.to_string()).await;
        assert_eq!((answer, id), (expected, None), "{code}");
    }
    // Not what Twilio documents.
    let (answer, ..) = sent(twilio, TWILIO, "200 OK", "<html>").await;
    assert_eq!(answer, SendAnswer::Unknown);
}

#[tokio::test]
async fn aakash_takes_an_sms() {
    let (answer, id, credits, calls) = sent(aakash, AAKASH, "200 OK", AAKASH_TAKEN).await;
    assert_eq!((answer, id.as_deref(), credits), (SendAnswer::Accepted, Some("2673160"), Some(1000)));
    let (_, body) = parts(&calls);
    assert!(body.starts_with("auth_token=aakash-token&to=9841234567&text=042137"), "{body}");
}

#[tokio::test]
async fn what_aakash_refuses_is_told_apart() {
    let error = |message: &str| json!({ "error": true, "message": message, "data": [] }).to_string();
    for (status, body, expected) in [
        ("200 OK", error("The provided Auth Token is not valid."), SendAnswer::Refused),
        ("200 OK", error("Not enough balance."), SendAnswer::Refused),
        ("400 Bad Request", error("The text field is required."), SendAnswer::Refused),
        ("200 OK", AAKASH_INVALID.to_owned(), SendAnswer::ReceiverRefused),
        // One receiver cannot be both.
        ("200 OK", AAKASH_BOTH.to_owned(), SendAnswer::Unknown),
        ("200 OK", json!({ "error": false, "data": {} }).to_string(), SendAnswer::Unknown),
        ("200 OK", "<html>".to_owned(), SendAnswer::Unknown),
        ("502 Bad Gateway", "<html>".to_owned(), SendAnswer::Unknown),
    ] {
        let (answer, id, ..) = sent(aakash, AAKASH, status, &body).await;
        assert_eq!(answer, expected, "{body}");
        assert!(id.is_none(), "{body}");
    }
}

#[tokio::test]
async fn both_tell_what_is_left() {
    let ask = async |settings: fn(String) -> HttpGatewaySettings, path: &str, body: &str| {
        logs::listen();
        let wire = Wire::start(say("200 OK", body)).await;
        let gateway = HttpGateway::new(settings(wire.url(path))).unwrap();
        (gateway.credit().await, parts(&wire.calls()))
    };
    let (left, (head, _)) = ask(twilio, TWILIO, r#"{"currency": "USD", "balance": "12.345"}"#).await;
    assert_eq!(left, Some(CreditBalance::from_thousandths(12_345)));
    assert!(head.starts_with("get /2010-04-01/accounts/ac1/balance.json "), "{head}");
    let (left, (head, body)) =
        ask(aakash, AAKASH, r#"{"available_credit": 70, "total_sms_sent": 5, "response_code": 202}"#).await;
    assert_eq!(left, Some(CreditBalance::from_credits(70)));
    assert!(head.starts_with("post /sms/v1/credit "), "{head}");
    assert_eq!(body, "auth_token=aakash-token");
}

#[tokio::test]
async fn a_signed_webhook_takes_an_sms() {
    fn webhook(url: String) -> HttpGatewaySettings {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        HttpGatewaySettings {
            sign: vec![secret],
            body: HttpGatewayBody::Json(json!({ "id": "{id}", "to": "{to}", "text": "{text}" })),
            refusals: vec![HttpGatewayRefusal {
                status: vec!["422".parse().unwrap()],
                json: vec![],
                means: RefusalMeans::ReceiverRefused,
            }],
            ..HttpGatewaySettings::new("own", url)
        }
    }
    let (answer, _, _, calls) = sent(webhook, "/sms", "202 Accepted", "").await;
    assert_eq!(answer, SendAnswer::Accepted);
    let (head, body) = parts(&calls);
    assert!(head.contains("webhook-signature: v1,"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["id", "to", "text"]);
    assert_eq!((&body["to"], &body["text"]), (&json!("+9779841234567"), &json!(sms().text.as_str())));
    for (status, expected) in [
        ("422 No", SendAnswer::ReceiverRefused),
        ("401 No", SendAnswer::Refused),
        ("429 Later", SendAnswer::NotSent),
        ("503 Oops", SendAnswer::Unknown),
    ] {
        assert_eq!(sent(webhook, "/sms", status, "").await.0, expected, "{status}");
    }
}
