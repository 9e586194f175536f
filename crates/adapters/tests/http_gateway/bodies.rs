//! What arrives: every value as it was, whatever characters it has.

use adapters::gateway::http::{GatewaySecret, HttpGatewayBody, HttpGatewayMethod};
use domain::ports::SendAnswer;
use serde_json::{Value, json};

use crate::harness::{HASH, PATH, SECRET, pairs, parts, played, sms};
use crate::patience::Patience;
use crate::wire::{Play, http};

fn taken() -> Play {
    Play::Say(http("200 OK", "", ""))
}

#[tokio::test]
async fn a_form_holds_every_value_as_it_is() {
    let (report, calls) = played(taken(), Patience::Long, |settings| {
        settings.sender = "Ex & Co=+%".to_owned();
        settings.body = HttpGatewayBody::Form(pairs([
            ("To", "{to}"),
            ("From+&", "{sender}"),
            ("Body", "{text}"),
            ("d", "{to_digits}/{to_national}"),
            ("token", "{secret}"),
            ("plain", "{{100% & more}}"),
            ("empty", ""),
        ]));
    })
    .await;
    assert_eq!(report.answer, SendAnswer::Accepted);
    let (head, body) = parts(&calls);
    assert!(head.starts_with(&format!("post {PATH} http/1.1\r\n")), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded\r\n"), "{head}");
    assert!(body.is_ascii() && !body.contains([' ', '"', '\n', '/']), "{body}");
    let fields: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let sms = sms();
    assert_eq!(
        fields,
        pairs([
            ("To", "+9779841234567"),
            ("From+&", "Ex & Co=+%"),
            ("Body", sms.text.as_str()),
            ("d", "9779841234567/9841234567"),
            ("token", SECRET),
            ("plain", "{100% & more}"),
            ("empty", ""),
        ])
    );
    assert!(sms.text.as_str().contains(HASH) && sms.text.as_str().contains("\\o/ कोड\nकोड"));
}

#[tokio::test]
async fn json_holds_every_value_as_it_is_and_keeps_its_order() {
    let template = json!({
        "z": "{text}",
        "a": [{ "to\"{to}": "to {to}" }, ["{sender}{sender}"], [], {}],
        "token": "{secret}",
        "n": 1.5, "t": true, "f": false, "nil": null,
        "id": "{id}",
        "quoted": "\"{{\\\n",
    });
    let (report, calls) = played(taken(), Patience::Long, |settings| {
        settings.sender = "Ex \"& Co\" \\".to_owned();
        settings.body = HttpGatewayBody::Json(template);
        settings.method = HttpGatewayMethod::Put;
    })
    .await;
    assert_eq!(report.answer, SendAnswer::Accepted);
    let (head, body) = parts(&calls);
    assert!(head.starts_with(&format!("put {PATH} http/1.1\r\n")), "{head}");
    assert!(head.contains("content-type: application/json\r\n"), "{head}");
    let arrived: Value = serde_json::from_str(&body).unwrap();
    let id = arrived["id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "a random UUID: {id}");
    let expected = json!({
        "z": sms().text.as_str(),
        "a": [{ "to\"{to}": "to +9779841234567" }, ["Ex \"& Co\" \\Ex \"& Co\" \\"], [], {}],
        "token": SECRET,
        "n": 1.5, "t": true, "f": false, "nil": null,
        "id": id,
        "quoted": "\"{\\\n",
    });
    assert_eq!(arrived.to_string(), expected.to_string(), "in this order");
}

#[tokio::test]
async fn who_calls_is_said_as_the_settings_say() {
    let (_, calls) = played(taken(), Patience::Long, |settings| {
        settings.headers =
            pairs([("X-Api-Key", "k {secret.api_key}"), ("Idempotency-Key", "{id}"), ("X-From", "{sender}")]);
        settings.secrets.insert("api_key".to_owned(), GatewaySecret::from("k1"));
    })
    .await;
    let (head, body) = parts(&calls);
    // "AC1:" and the secret.
    assert!(head.contains("authorization: basic qumxomet"), "{head}");
    assert!(head.contains("x-api-key: k k1\r\n") && head.contains("x-from: example\r\n"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert!(head.contains(&format!("idempotency-key: {}\r\n", body["id"].as_str().unwrap())), "{head}");
    for unwanted in ["cookie", "referer", "accept-encoding", "transfer-encoding", "expect", "webhook-"] {
        assert!(!head.contains(unwanted), "{head}");
    }

    let (_, calls) = played(taken(), Patience::Long, |settings| {
        settings.basic_auth = None;
        settings.bearer = Some(GatewaySecret::from("a-private-token"));
    })
    .await;
    assert!(parts(&calls).0.contains("authorization: bearer a-private-token\r\n"));

    let (_, calls) = played(taken(), Patience::Long, |settings| {
        settings.basic_auth = None;
        settings.headers = pairs([("Authorization", "Token {secret}")]);
    })
    .await;
    assert!(parts(&calls).0.contains("authorization: token a-very.private"));
}
