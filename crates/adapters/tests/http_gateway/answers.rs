//! What each answer means, and that the gateway is called once, whatever it answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use adapters::gateway::HttpGateway;
use adapters::gateway::http::{
    HttpGatewayBody, HttpGatewayRefusal, HttpGatewaySettings, JsonCondition, RefusalMeans, StatusRange,
};
use domain::ports::{SendAnswer, SmsGateway};
use domain::testkit::contract;
use serde_json::{Value, json};

use crate::harness::{
    CODE, ENOUGH, HASH, MODULE, RECEIVER, SECRET, TAKEN, pairs, played, say, saying, settings, sms, sms_to,
};
use crate::logs::Logs;
use crate::patience::Patience;
use crate::wire::{Play, Wire, http};

async fn answered(play: Play) -> SendAnswer {
    let (report, calls) = played(play.clone(), Patience::Long, saying).await;
    assert_eq!(calls.len(), 1, "{play:?}");
    report.answer
}

#[tokio::test]
async fn an_answer_means_what_the_settings_say() {
    for (status, body, expected) in [
        ("200 OK", TAKEN, SendAnswer::Accepted),
        ("201 Created", r#"{"error": false}"#, SendAnswer::Accepted),
        // A status that the settings do not name.
        ("202 Accepted", TAKEN, SendAnswer::Unknown),
        // Rules.
        ("400 Bad Request", r#"{"code": 7}"#, SendAnswer::ReceiverRefused),
        ("422 No", r#"{"code": 7.0, "error": true}"#, SendAnswer::ReceiverRefused),
        ("200 OK", r#"{"code": 8, "error": true}"#, SendAnswer::NotSent),
        ("200 OK", r#"{"code": 9}"#, SendAnswer::Refused),
        ("503 Busy", "", SendAnswer::NotSent),
        ("503 Busy", "<html>", SendAnswer::NotSent),
        // Rules that do not fit: the code is a string, the status another.
        ("400 Bad Request", r#"{"code": "7"}"#, SendAnswer::Refused),
        ("200 OK", r#"{"code": 7}"#, SendAnswer::Unknown),
        ("500 Oops", r#"{"code": 9}"#, SendAnswer::Unknown),
        // It contradicts itself.
        ("200 OK", r#"{"code": 9, "error": false}"#, SendAnswer::Unknown),
        ("400 Bad Request", r#"{"code": 7, "error": false}"#, SendAnswer::Unknown),
        ("400 Bad Request", TAKEN, SendAnswer::Unknown),
        ("302 Found", TAKEN, SendAnswer::Unknown),
        // The status alone.
        ("429 Too Many Requests", "", SendAnswer::NotSent),
        ("404 Not Found", "<h1>no</h1>", SendAnswer::Refused),
        ("401 Unauthorized", r#"{"code": 20003}"#, SendAnswer::Refused),
        ("500 Oops", "", SendAnswer::Unknown),
        ("502 Bad Gateway", r#"{"error": true}"#, SendAnswer::Unknown),
        // Success without its proof.
        ("200 OK", "<html>welcome to the hotel</html>", SendAnswer::Unknown),
        ("200 OK", "", SendAnswer::Unknown),
        ("200 OK", r#"{"error": false, "data": [{"id": 26731"#, SendAnswer::Unknown),
        ("200 OK", r#"{"error": "false"}"#, SendAnswer::Unknown),
        ("200 OK", r#"{"error": null}"#, SendAnswer::Unknown),
        ("200 OK", "false", SendAnswer::Unknown),
        ("200 OK", r#"{"error": false}{"error": false}"#, SendAnswer::Unknown),
    ] {
        assert_eq!(answered(say(status, body)).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Wire::start(say("200 OK", TAKEN)).await;
    let location = format!("Location: {}\r\n", elsewhere.url("/"));
    for (status, expected) in [
        ("301 Moved Permanently", SendAnswer::Refused),
        ("302 Found", SendAnswer::Refused),
        ("303 See Other", SendAnswer::Unknown),
        ("307 Temporary Redirect", SendAnswer::Refused),
        ("308 Permanent Redirect", SendAnswer::Refused),
    ] {
        assert_eq!(answered(Play::Say(http(status, &location, ""))).await, expected, "{status}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_status_alone_may_mean_success() {
    let plain = |_: &mut HttpGatewaySettings| ();
    let ruled = |settings: &mut HttpGatewaySettings| {
        let one_of = vec![json!("no"), json!(null)];
        settings.refusals = vec![HttpGatewayRefusal {
            status: vec![StatusRange::SUCCESS],
            json: vec![JsonCondition { pointer: "/state".to_owned(), one_of }],
            means: RefusalMeans::Refused,
        }];
    };
    let broken = Play::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}".to_vec());
    for play in [
        say("204 No Content", ""),
        say("200 OK", "OK"),
        say("202 Accepted", "{}"),
        say("299 Odd", "<p>"),
        broken.clone(),
    ] {
        let answer = played(play.clone(), Patience::Long, plain).await.0.answer;
        assert_eq!(answer, SendAnswer::Accepted, "{play:?}");
    }
    for (play, expected) in [
        (say("200 OK", r#"{"state": "yes"}"#), SendAnswer::Accepted),
        (say("200 OK", "{}"), SendAnswer::Accepted),
        (say("200 OK", r#"{"state": "no"}"#), SendAnswer::Refused),
        (say("200 OK", r#"{"state": null}"#), SendAnswer::Refused),
        // A rule asks what the body says, and it says nothing that can be read.
        (say("200 OK", "<html>"), SendAnswer::Unknown),
        (say("200 OK", r#"{"state": "n"#), SendAnswer::Unknown),
        (broken, SendAnswer::Unknown),
    ] {
        let answer = played(play.clone(), Patience::Long, ruled).await.0.answer;
        assert_eq!(answer, expected, "{play:?}");
    }
}

#[tokio::test]
async fn id_and_cost_are_kept_as_far_as_they_tell_nothing() {
    let of = async |body: &str| played(say("200 OK", body), Patience::Long, saying).await.0;
    let report = of(TAKEN).await;
    assert_eq!(report.message_id.unwrap().as_str(), "2673160");
    assert_eq!(report.credits.unwrap().thousandths(), 1500);
    for id in [
        format!("\"{RECEIVER}\""),
        format!("\"+977{RECEIVER}\""),
        format!("977{RECEIVER}"),
        format!("\"{CODE}\""),
        format!("\"{HASH}\""),
        format!("\"{}\"", "x".repeat(101)),
        "\"a b\"".to_owned(),
        "\"\"".to_owned(),
        "true".to_owned(),
        "1.5".to_owned(),
        "[1]".to_owned(),
        json!(sms().text.as_str()).to_string(),
    ] {
        let report = of(&format!(r#"{{"error": false, "data": [{{"id": {id}}}], "cost": -1}}"#)).await;
        let told = (report.answer, report.message_id, report.credits);
        assert_eq!(told, (SendAnswer::Accepted, None, None), "{id}");
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_call_puts_nothing_in_the_log() {
    let said = json!(format!("{SECRET} {CODE} is your code. {HASH} {RECEIVER}")).to_string();
    let ids = format!(r#""code": {RECEIVER}, "data": [{{"id": {RECEIVER}}}], "cost": {RECEIVER}"#);
    for status in ["200 OK", "302 Found", "400 Bad Request", "500 Oops"] {
        for body in [
            said.clone(),
            format!(r#"{{"error": {said}, {ids}}}"#),
            format!(r#"{{"error": false, {ids}}}"#),
            format!(r#"{{"error": false, "code": "{CODE}", "data": [{{"id": "{CODE}"}}]}}"#),
        ] {
            played(say(status, &body), Patience::Long, saying).await;
        }
    }
    let header = format!("X-Said: {said}\r\n");
    for play in [Play::Say(http("400 No", &header, &said)), Play::Say(said.clone().into_bytes())] {
        played(play, Patience::Long, saying).await;
    }
}

#[tokio::test]
async fn the_operator_reads_what_decided() {
    for (status, body, expected, error_code) in [
        ("400 No", r#"{"code": 7}"#, "class=receiver-refused http_status=400 by=refusal 1 ", Some(7)),
        ("503 Busy", "", "class=not-sent http_status=503 by=refusal 4 ", None),
        ("400 No", r#"{"code": 21211}"#, "class=refused http_status=400 by=status ", Some(21211)),
        // It could be a code of ours.
        ("400 No", r#"{"code": 642137}"#, "class=refused http_status=400 by=status ", None),
        ("400 No", TAKEN, "class=unknown http_status=400 by=it contradicts itself ", None),
    ] {
        let wire = Wire::start(say(status, body)).await;
        let mut settings = settings(&wire.url("/"), Patience::Long);
        saying(&mut settings);
        let logs = Logs::capture();
        HttpGateway::new(settings).unwrap().send(&sms(), ENOUGH).await.unwrap();
        let warning = logs.warnings(MODULE).concat();
        assert!(warning.contains(expected), "{warning}");
        let shown = error_code.map_or("by=".to_owned(), |code| format!("error_code={code} "));
        assert!(warning.contains(&shown), "{warning}");
        assert_eq!(warning.contains("error_code"), error_code.is_some(), "{warning}");
    }
}

#[tokio::test]
async fn a_phone_that_has_no_national_form_is_refused_without_a_call() {
    let wire = Wire::start(say("200 OK", TAKEN)).await;
    let mut settings = settings(&wire.url("/"), Patience::Long);
    settings.body = HttpGatewayBody::Form(pairs([("to", "{to_national}"), ("text", "{text}")]));
    let (gateway, logs) = (HttpGateway::new(settings).unwrap(), Logs::capture());
    for digits in [14_155_552_671, 919_876_543_210, 97_714_412_345] {
        let report = gateway.send(&sms_to(digits), ENOUGH).await.unwrap();
        assert_eq!(report.answer, SendAnswer::ReceiverRefused, "{digits}");
        assert!(!logs.all().contains(&digits.to_string()));
    }
    assert_eq!((wire.connections(), logs.warnings(MODULE).len()), (0, 3));
}

#[tokio::test]
async fn fifty_sends_at_once_are_fifty_calls_with_an_id_each() {
    let wire = Wire::start(say("200 OK", TAKEN)).await;
    let gateway = Arc::new(HttpGateway::new(settings(&wire.url("/"), Patience::Long)).unwrap());
    let sends: Vec<_> = (0..50)
        .map(|number| {
            let gateway = Arc::clone(&gateway);
            let sms = sms_to(9_779_841_234_500 + number);
            tokio::spawn(async move { gateway.send(&sms, ENOUGH).await.unwrap() })
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.unwrap().answer, SendAnswer::Accepted);
    }
    let calls = wire.calls();
    let id = |call: &String| {
        let body: Value = serde_json::from_str(call.split_once("\r\n\r\n").unwrap().1).unwrap();
        body["id"].as_str().unwrap().to_owned()
    };
    let ids: BTreeSet<String> = calls.iter().map(id).collect();
    assert_eq!((calls.len(), ids.len()), (50, 50));
}

#[tokio::test]
async fn it_keeps_the_contract_of_gateways() {
    for play in [say("200 OK", TAKEN), say("400 No", ""), Play::SayAndHold(vec![]), Play::CloseAtOnce] {
        let wire = Wire::start(play).await;
        let gateway = HttpGateway::new(settings(&wire.url("/"), Patience::Short)).unwrap();
        assert_eq!((gateway.facts().kind, &*gateway.facts().host), ("http", "127.0.0.1"));
        contract::sms_gateway(Arc::new(gateway), &sms(), Patience::Short.bound()).await;
    }
}
