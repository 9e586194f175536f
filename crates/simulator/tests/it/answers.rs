//! The documented answers.

use reqwest::StatusCode;
use serde_json::json;
use simulator::{Simulator, SimulatorConfig};

use crate::harness::{FORM, IDENTITY, PHONE, TOKEN, fields, read, refusal, start, start_with};

#[tokio::test]
async fn a_good_call_is_answered_as_documented() {
    let harness = start().await;
    let (status, body) = harness.send(&[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        body,
        json!({
            "count": 1,
            "response_code": 200,
            "response": "1 mesages has been queued for delivery",
            "message_id": 1,
            "credit_available": 999.0,
            "credit_consumed": 1.0,
        })
    );
    assert!(
        body["credit_available"].is_f64() && body["credit_consumed"].is_f64() && body["message_id"].is_u64()
    );

    let [sms] = &harness.simulator.inbox(None)[..] else { panic!("one SMS") };
    assert_eq!(
        (sms.to.as_str(), sms.from.as_str(), sms.text.as_str()),
        ("+9779841234567", IDENTITY, "Hello")
    );
    let at: jiff::Timestamp = sms.at.parse().unwrap();
    assert_eq!(sms.at, format!("{at:.3}"), "RFC 3339 in UTC with milliseconds");
}

#[tokio::test]
async fn a_call_may_be_a_get_a_form_or_json_with_or_without_the_slash() {
    let harness = start().await;
    let json =
        serde_json::to_value(fields(&[]).into_iter().collect::<std::collections::BTreeMap<_, _>>()).unwrap();
    for path in ["/v2/sms/", "/v2/sms"] {
        let url = harness.url(path);
        for call in [
            harness.client.get(&url).query(&fields(&[])),
            harness.client.post(&url).form(&fields(&[])),
            harness.client.post(&url).json(&json),
            harness
                .client
                .post(&url)
                .header("content-type", "application/json; charset=utf-8")
                .body(json.to_string()),
        ] {
            let response = call.send().await.unwrap();
            assert_eq!(response.headers()["content-type"], "application/json");
            assert_eq!(read(response).await.0, StatusCode::OK, "{path}");
        }
    }
    assert_eq!(harness.texts(), ["Hello"; 8]);
    assert_eq!(harness.simulator.calls(), 8);
}

#[tokio::test]
async fn a_receiver_in_json_may_be_a_number() {
    let harness = start().await;
    let body = json!({"token": TOKEN, "from": IDENTITY, "to": 9_841_234_567_u64, "text": "Hello"});
    let response = harness.client.post(harness.url("/v2/sms/")).json(&body).send().await.unwrap();
    assert_eq!(read(response).await.0, StatusCode::OK);
}

#[tokio::test]
async fn each_fault_of_a_call_has_its_code() {
    let harness = start().await;
    let long_list = "1,2,3";
    for (changed, code, sentence) in [
        (("token", "another"), 1002, "Invalid Token"),
        (("token", ""), 1002, "Invalid Token"),
        (("from", "Somebody"), 1008, "Invalid Sender"),
        (("text", ""), 1010, "Text cannot be empty"),
        (("text", " \n"), 1010, "Text cannot be empty"),
        (("to", ""), 1007, "Invalid Receiver"),
        (("to", "984123456"), 1007, "Invalid Receiver"),
        (("to", "+9779841234567"), 1007, "Invalid Receiver"),
        (("to", long_list), 1011, "No valid receiver"),
    ] {
        assert_eq!(harness.send(&[changed]).await, refusal(code, sentence), "{changed:?}");
    }
    assert!(harness.simulator.inbox(None).is_empty());
    assert_eq!(harness.simulator.calls(), 9);
}

#[tokio::test]
async fn a_missing_field_comes_before_every_other_fault() {
    let harness = start().await;
    for missing in ["token", "from", "to", "text"] {
        let form: Vec<_> =
            fields(&[("token", "another")]).into_iter().filter(|(name, _)| *name != missing).collect();
        let answer = read(harness.post(&form).await).await;
        assert_eq!(answer, refusal(1000, "A required field is missing"), "{missing}");
    }
    let url = harness.url("/v2/sms/");
    for (content_type, body) in [
        ("application/json", "{"),
        ("application/json", r#"{"token":"a-token","from":"Example","to":["9841234567"],"text":"Hello"}"#),
        ("text/plain", FORM),
    ] {
        let call = harness.client.post(&url).header("content-type", content_type).body(body);
        let answer = read(call.send().await.unwrap()).await;
        assert_eq!(answer, refusal(1000, "A required field is missing"), "{body}");
    }
}

#[tokio::test]
async fn faults_are_found_in_order() {
    let harness = start_with(SimulatorConfig { credits: 0, ..SimulatorConfig::new(TOKEN, IDENTITY) }).await;
    let mut changed = vec![("to", "1"), ("text", ""), ("from", "Somebody"), ("token", "another")];
    for code in [1002, 1008, 1010, 1007, 1012] {
        assert_eq!(harness.send(&changed).await.1["response_code"], code);
        changed.pop();
    }
}

#[tokio::test]
async fn a_list_reaches_its_valid_receivers() {
    let harness = start().await;
    let (status, body) = harness.send(&[("to", "9841234567, 12345,9801234567")]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["count"], 2);
    assert_eq!(body["response"], "2 mesages has been queued for delivery");
    assert_eq!(body["credit_consumed"], 2.0);
    let receivers: Vec<_> = harness.simulator.inbox(None).into_iter().map(|sms| sms.to).collect();
    assert_eq!(receivers, ["+9779841234567", "+9779801234567"]);
}

#[tokio::test]
async fn a_text_arrives_as_it_was_sent() {
    let harness = start().await;
    let texts =
        ["FA+9qCX9VSu /&=%20", "तपाईंको कोड ०४२१३७ हो।", "<#> \n042137\r\n\n@example.com #042137", "😀 “€”"];
    for text in texts {
        let (status, _) = harness.send(&[("text", text)]).await;
        assert_eq!(status, StatusCode::OK);
    }
    assert_eq!(harness.texts(), texts);
}

#[tokio::test]
async fn a_plus_survives_only_when_it_is_escaped() {
    let harness = start().await;
    let base = FORM.trim_end_matches("Hello");
    for text in ["wu%2BaGJn10%2B0", "wu+aGJn10+0"] {
        let call = harness.client.post(harness.url("/v2/sms/"));
        let call =
            call.header("content-type", "application/x-www-form-urlencoded").body(format!("{base}{text}"));
        call.send().await.unwrap();
        harness.client.get(harness.url(&format!("/v2/sms/?{base}{text}"))).send().await.unwrap();
    }
    assert_eq!(harness.texts(), ["wu+aGJn10+0", "wu+aGJn10+0", "wu aGJn10 0", "wu aGJn10 0"]);
}

#[tokio::test]
async fn credits_run_out() {
    let harness = start_with(SimulatorConfig { credits: 5, ..SimulatorConfig::new(TOKEN, IDENTITY) }).await;
    let two_segments = "न".repeat(71);
    let (_, body) = harness.send(&[("text", &two_segments), ("to", "9841234567,9801234567")]).await;
    assert_eq!((&body["credit_consumed"], &body["credit_available"]), (&json!(4.0), &json!(1.0)));
    assert_eq!(harness.send(&[("text", &two_segments)]).await, refusal(1013, "Insufficient Credits"));
    assert_eq!(harness.send(&[]).await.1["credit_available"], 0.0);
    assert_eq!(harness.send(&[]).await, refusal(1012, "No Credits Available"));
    assert_eq!(harness.simulator.inbox(None).len(), 3, "what was refused did not arrive");

    harness.simulator.set_credits(1);
    assert_eq!(harness.send(&[]).await.1["message_id"], 3);
}

#[tokio::test]
async fn the_credit_is_told_to_who_knows_the_token() {
    let harness = start_with(SimulatorConfig { credits: 3, ..SimulatorConfig::new(TOKEN, IDENTITY) }).await;
    harness.send(&[]).await;
    let told = json!({"credits_available": 2, "credits_consumed": 1, "response_code": 200});
    for path in ["/v2/credit/?token=a-token", "/v2/credit?token=a-token"] {
        assert_eq!(harness.get(path).await, (StatusCode::OK, told.clone()));
    }
    for path in ["/v2/credit/", "/v2/credit/?token=another"] {
        assert_eq!(harness.get(path).await, refusal(1002, "Invalid Token"));
    }
    harness.simulator.set_credits(0);
    assert_eq!(harness.get("/v2/credit/?token=a-token").await, refusal(1012, "No Credits Available"));
    assert_eq!(harness.simulator.calls(), 1, "a credit call is no send");
}

#[tokio::test]
async fn the_inbox_keeps_only_the_newest() {
    let harness = start_with(SimulatorConfig { inbox_max: 2, ..SimulatorConfig::new(TOKEN, IDENTITY) }).await;
    for text in ["one", "two", "three"] {
        harness.send(&[("text", text)]).await;
    }
    assert_eq!(harness.texts(), ["two", "three"]);
}

#[tokio::test]
async fn a_body_beyond_64_kib_is_refused() {
    let harness = start().await;
    let response = harness.post(&fields(&[("text", &"a".repeat(64 * 1024))])).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(harness.simulator.inbox(None).is_empty());
    assert_eq!(harness.simulator.calls(), 1);
}

#[tokio::test]
async fn other_methods_send_nothing() {
    let harness = start().await;
    for method in [reqwest::Method::HEAD, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let url = harness.url(&format!("/v2/sms/?{FORM}"));
        let response = harness.client.request(method, url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "GET, POST");
    }
    let response = harness.client.post(harness.url("/v2/credit/")).send().await.unwrap();
    assert_eq!(response.headers()["allow"], "GET");
    assert_eq!((harness.simulator.calls(), harness.texts().len()), (0, 0));
}

#[tokio::test]
async fn two_calls_at_once_do_not_share_a_credit() {
    let harness = start_with(SimulatorConfig { credits: 5, ..SimulatorConfig::new(TOKEN, IDENTITY) }).await;
    let form = fields(&[]);
    let calls = (0..20).map(|_| harness.post(&form));
    let answers = futures_util::future::join_all(calls).await;
    let sent = answers.iter().filter(|answer| answer.status() == StatusCode::OK).count();
    assert_eq!((sent, harness.simulator.inbox(Some(PHONE)).len()), (5, 5));
}

#[tokio::test]
async fn the_base_url_is_where_a_gateway_sends() {
    let simulator = Simulator::new(SimulatorConfig::new(TOKEN, IDENTITY));
    let running = simulator.start(([0, 0, 0, 0], 0).into()).await.unwrap();
    let port = running.address().port();
    assert_ne!(port, 0);
    assert_eq!(running.base_url(), format!("http://127.0.0.1:{port}/v2"));
    running.stop().await;
}

#[tokio::test]
async fn an_address_in_use_is_an_error_that_names_it() {
    let harness = start().await;
    let error = harness.simulator.start(harness.running.address()).await.unwrap_err();
    assert!(error.to_string().contains(&harness.running.address().to_string()), "{error}");
}
