//! The faults, as a caller sees them.

use std::time::Duration;

use futures_util::FutureExt;
use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::Behaviour;

use crate::harness::{TOKEN, client, fields, read, refusal, start};

/// Beyond what any test waits.
const FOREVER: u64 = 60_000;
const SOON: Duration = Duration::from_millis(100);

#[tokio::test]
async fn any_code_can_be_refused_with_documented_or_not() {
    let harness = start().await;
    for (code, sentence) in [
        (1000, "A required field is missing"),
        (1001, "Invalid IP Address"),
        (1002, "Invalid Token"),
        (1003, "Account Inactive"),
        (1004, "Account Inactive"),
        (1005, "Account has been expired"),
        (1006, "Account has been expired"),
        (1007, "Invalid Receiver"),
        (1008, "Invalid Sender"),
        (1009, "Unknown error"),
        (1010, "Text cannot be empty"),
        (1011, "No valid receiver"),
        (1012, "No Credits Available"),
        (1013, "Insufficient Credits"),
        (1099, "Unknown error"),
    ] {
        harness.simulator.set_behaviour(Behaviour::Refuse { code });
        assert_eq!(harness.send(&[]).await, refusal(code, sentence));
    }
    assert!(harness.simulator.inbox(None).is_empty());
}

#[tokio::test]
async fn one_shot_behaviours_are_used_in_order_and_then_the_standing_one() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::CountZero);
    assert!(harness.simulator.enqueue(Behaviour::Refuse { code: 1001 }));
    assert!(harness.simulator.enqueue(Behaviour::Normal));
    assert!(harness.simulator.enqueue(Behaviour::ServerError { status: 503 }));
    let mut seen = Vec::new();
    for _ in 0..5 {
        let (status, body) = harness.send(&[]).await;
        seen.push((status.as_u16(), body["count"].as_u64()));
    }
    assert_eq!(seen, [(403, None), (200, Some(1)), (503, None), (200, Some(0)), (200, Some(0))]);
    assert_eq!((harness.simulator.calls(), harness.texts().len()), (5, 1));

    harness.simulator.enqueue(Behaviour::Hang);
    harness.simulator.reset_behaviour();
    assert_eq!(harness.send(&[]).await.1["count"], 1);
}

#[tokio::test]
async fn a_call_that_reached_nobody_says_so() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::CountZero);
    let nobody = json!({
        "count": 0,
        "response_code": 200,
        "response": "0 mesages has been queued for delivery",
    });
    assert_eq!(harness.send(&[]).await, (StatusCode::OK, nobody));
    assert!(harness.simulator.inbox(None).is_empty());
}

#[tokio::test]
async fn an_answer_can_be_anything() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::Status {
        status: 418,
        body: "[1, 2".into(),
        content_type: "application/x-odd".into(),
    });
    let response = harness.post(&fields(&[])).await;
    assert_eq!(response.status().as_u16(), 418);
    assert_eq!(response.headers()["content-type"], "application/x-odd");
    assert_eq!(response.text().await.unwrap(), "[1, 2");

    harness.simulator.set_behaviour(Behaviour::HtmlWith200);
    let response = harness.post(&fields(&[])).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    assert!(response.text().await.unwrap().starts_with("<!doctype html>"));

    let location = "http://127.0.0.1:9/elsewhere".to_owned();
    harness.simulator.set_behaviour(Behaviour::Redirect { location: location.clone() });
    let response = harness.post(&fields(&[])).await;
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(response.headers()["location"], location);

    for status in [500, 502, 503] {
        harness.simulator.set_behaviour(Behaviour::ServerError { status });
        assert_eq!(harness.post(&fields(&[])).await.status().as_u16(), status);
    }
    assert!(harness.simulator.inbox(None).is_empty());
}

#[tokio::test]
async fn an_impossible_answer_falls_back_to_a_500() {
    let harness = start().await;
    for behaviour in [
        Behaviour::Status { status: 99, body: String::new(), content_type: "a\nb".into() },
        Behaviour::Status { status: 101, body: String::new(), content_type: String::new() },
        Behaviour::ServerError { status: 200 },
    ] {
        harness.simulator.set_behaviour(behaviour);
        assert_eq!(harness.post(&fields(&[])).await.status().as_u16(), 500);
    }
}

#[tokio::test]
async fn a_truncated_answer_is_complete_http_but_no_json_and_the_sms_arrives() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::TruncatedJson);
    let response = harness.post(&fields(&[])).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    let body = response.text().await.unwrap();
    assert!(body.starts_with('{'), "{body}");
    assert!(serde_json::from_str::<Value>(&body).is_err(), "{body}");
    assert_eq!(harness.texts(), ["Hello"]);
}

#[tokio::test]
async fn a_reset_comes_after_half_of_the_body_and_the_sms_arrives() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::ResetMidway);
    let answer = harness.raw_send().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let declared = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(body.starts_with('{') && body.len() < declared.parse().unwrap(), "{answer}");

    let response = harness.post(&fields(&[])).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.bytes().await.is_err(), "the body breaks off");
    assert_eq!(harness.texts(), ["Hello"; 2]);
}

#[tokio::test]
async fn slow_headers_keep_the_caller_waiting_for_an_sms_that_has_arrived() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::SlowHeaders { millis: FOREVER });
    let form = fields(&[]);
    let mut call = Box::pin(harness.post(&form));
    tokio::select! {
        _ = &mut call => panic!("answered too early"),
        () = harness.delivered() => {}
    }
    assert!(call.now_or_never().is_none());
    harness.simulator.set_behaviour(Behaviour::SlowHeaders { millis: 1 });
    assert_eq!(harness.send(&[]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_slow_body_comes_after_its_headers() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::SlowBody { millis: FOREVER });
    // The headers are here although the body is a minute away.
    let mut response = harness.post(&fields(&[])).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(harness.texts(), ["Hello"]);
    assert!(tokio::time::timeout(SOON, response.chunk()).await.is_err());

    harness.simulator.set_behaviour(Behaviour::SlowBody { millis: 20 });
    let started = std::time::Instant::now();
    let (status, body) = harness.send(&[]).await;
    assert!(started.elapsed() >= Duration::from_millis(20));
    assert_eq!((status, &body["count"]), (StatusCode::OK, &json!(1)));
}

#[tokio::test]
async fn a_call_that_hangs_has_sent_its_sms() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::Hang);
    let form = fields(&[]);
    let mut call = Box::pin(harness.post(&form));
    tokio::select! {
        _ = &mut call => panic!("answered"),
        () = harness.delivered() => {}
    }
    assert!(tokio::time::timeout(SOON, call).await.is_err());

    let error = client(SOON).post(harness.url("/v2/sms/")).form(&form).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

#[tokio::test]
async fn an_ambiguous_answer_hides_an_sms_that_arrived() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::AcceptThenFail);
    assert_eq!(harness.post(&fields(&[])).await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.texts(), ["Hello"]);
    assert_eq!(harness.get("/v2/credit/?token=a-token").await.1["credits_consumed"], 1);
}

#[tokio::test]
async fn latency_delays_the_sms_too() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::Latency { millis: FOREVER });
    let error = client(SOON).post(harness.url("/v2/sms/")).form(&fields(&[])).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert!(harness.simulator.inbox(None).is_empty());

    harness.simulator.set_behaviour(Behaviour::Latency { millis: 20 });
    let started = std::time::Instant::now();
    assert_eq!(harness.send(&[]).await.0, StatusCode::OK);
    assert!(started.elapsed() >= Duration::from_millis(20));
}

#[tokio::test]
async fn a_late_sms_comes_although_the_caller_has_given_up() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::Latency { millis: 1000 });
    let error = client(SOON).post(harness.url("/v2/sms/")).form(&fields(&[])).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    harness.delivered().await;
}

#[tokio::test]
async fn a_behaviour_that_delivers_still_judges_the_call() {
    let harness = start().await;
    for behaviour in [Behaviour::AcceptThenFail, Behaviour::TruncatedJson, Behaviour::Latency { millis: 1 }] {
        harness.simulator.set_behaviour(behaviour);
        harness.post(&fields(&[("token", "another")])).await;
    }
    assert_eq!((harness.simulator.calls(), harness.texts().len()), (3, 0));
}

#[tokio::test]
async fn the_credit_call_has_a_behaviour_of_its_own() {
    let harness = start().await;
    harness.simulator.enqueue(Behaviour::Refuse { code: 1001 });
    let path = format!("/v2/credit/?token={TOKEN}");
    assert_eq!(harness.get(&path).await.0, StatusCode::OK);
    assert_eq!(harness.send(&[]).await.1["response_code"], 1001, "still waiting after the credit call");

    harness.simulator.set_credit_behaviour(Behaviour::Refuse { code: 1005 });
    assert_eq!(harness.get(&path).await, refusal(1005, "Account has been expired"));
    harness.simulator.set_credit_behaviour(Behaviour::CountZero);
    assert_eq!(harness.get(&path).await.1["credits_available"], 0);
    assert_eq!(harness.send(&[]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_call_that_hangs() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::Hang);
    let url = harness.url("/v2/sms/");
    let call = tokio::spawn(client(Duration::from_mins(1)).post(&url).form(&fields(&[])).send());
    harness.delivered().await;
    let inbox = harness.url("/inbox");
    tokio::time::timeout(Duration::from_secs(20), harness.running.stop()).await.unwrap();
    assert!(call.await.unwrap().is_err(), "the connection is gone");
    assert!(harness.client.get(inbox).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_call_in_progress_may_finish_while_the_simulator_stops() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::SlowHeaders { millis: 50 });
    let call = tokio::spawn(harness.client.post(harness.url("/v2/sms/")).form(&fields(&[])).send());
    harness.delivered().await;
    harness.running.stop().await;
    assert_eq!(read(call.await.unwrap().unwrap()).await.0, StatusCode::OK);
}
