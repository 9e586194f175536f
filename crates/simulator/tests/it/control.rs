//! The control API and the page.

use std::time::Duration;

use poem::listener::TcpAcceptor;
use poem::{Route, Server};
use reqwest::StatusCode;
use serde_json::json;
use simulator::{Behaviour, ReceivedSms, Simulator, SimulatorConfig};

use crate::harness::{IDENTITY, PHONE, TOKEN, client, read, start};

#[tokio::test]
async fn the_inbox_is_listed_oldest_first() {
    let harness = start().await;
    assert_eq!(harness.get("/inbox").await, (StatusCode::OK, json!([])));
    harness.send(&[("text", "one")]).await;
    harness.send(&[("text", "two"), ("to", "9801234567")]).await;
    let (status, list) = harness.get("/inbox").await;
    assert_eq!(status, StatusCode::OK);
    let received: Vec<ReceivedSms> = serde_json::from_value(list.clone()).unwrap();
    assert_eq!(received, harness.simulator.inbox(None));
    assert_eq!(
        list[0],
        json!({"to": "+9779841234567", "from": IDENTITY, "text": "one", "at": received[0].at.clone()})
    );
    assert_eq!(list[1]["to"], "+9779801234567");
}

#[tokio::test]
async fn the_inbox_is_filtered_by_a_number_in_any_form() {
    let harness = start().await;
    harness.send(&[("text", "mine")]).await;
    harness.send(&[("text", "theirs"), ("to", "9801234567")]).await;
    for to in ["%2B9779841234567", "+9779841234567", "9779841234567", PHONE] {
        let (status, list) = harness.get(&format!("/inbox?to={to}")).await;
        assert_eq!((status, list.as_array().unwrap().len()), (StatusCode::OK, 1), "{to}");
        assert_eq!(list[0]["text"], "mine");
        assert_eq!(harness.simulator.inbox(Some(&to.replace("%2B", "+"))).len(), 1, "{to}");
    }
    assert_eq!(harness.get("/inbox?to=9800000000").await, (StatusCode::OK, json!([])));
    for to in ["", "98412345", "nobody"] {
        let (status, body) = harness.get(&format!("/inbox?to={to}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{to}");
        assert!(body["error"].is_string());
        assert!(harness.simulator.inbox(Some(to)).is_empty());
    }
}

#[tokio::test]
async fn the_inbox_is_cleared() {
    let harness = start().await;
    harness.send(&[]).await;
    let response = harness.client.delete(harness.url("/inbox")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(harness.get("/inbox").await.1, json!([]));
    assert_eq!(harness.simulator.calls(), 1, "what happened, happened");
}

#[tokio::test]
async fn the_script_is_read_replaced_and_reset() {
    let harness = start().await;
    let normal = json!({"standing": {"kind": "normal"}, "next": [], "credit": {"kind": "normal"}});
    assert_eq!(harness.get("/behaviour").await, (StatusCode::OK, normal.clone()));

    let script = json!({
        "standing": {"kind": "count-zero"},
        "next": [{"kind": "refuse", "code": 1012}, {"kind": "accept-then-fail"}],
        "credit": {"kind": "server-error", "status": 503},
    });
    assert_eq!(harness.put("/behaviour", &script).await, (StatusCode::OK, script));
    assert_eq!(harness.send(&[]).await.1["response_code"], 1012);
    assert_eq!(harness.get("/behaviour").await.1["next"], json!([{"kind": "accept-then-fail"}]));
    assert_eq!(harness.send(&[]).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(harness.send(&[]).await.1["count"], 0);
    assert_eq!(harness.get("/v2/credit/?token=a-token").await.0, StatusCode::SERVICE_UNAVAILABLE);

    let response = harness.client.delete(harness.url("/behaviour")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(harness.get("/behaviour").await.1, normal);
}

#[tokio::test]
async fn one_behaviour_is_a_script_over_http_too() {
    let harness = start().await;
    let (status, script) = harness.put("/behaviour", &json!({"kind": "refuse", "code": 1099})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(script["standing"], json!({"kind": "refuse", "code": 1099}));
    assert_eq!(harness.send(&[]).await.1["response_code"], 1099);
}

#[tokio::test]
async fn a_script_with_a_mistake_changes_nothing() {
    let harness = start().await;
    harness.simulator.set_behaviour(Behaviour::CountZero);
    for script in
        [json!({"kind": "refuse"}), json!({"nxt": []}), json!({"kind": "status", "status": 700}), json!(3)]
    {
        let (status, body) = harness.put("/behaviour", &script).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{script}");
        assert!(body["error"].is_string());
    }
    let huge = json!({"kind": "status", "status": 200, "body": "a".repeat(64 * 1024)});
    assert_eq!(harness.put("/behaviour", &huge).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(harness.get("/behaviour").await.1["standing"], json!({"kind": "count-zero"}));
}

#[tokio::test]
async fn the_page_says_that_it_is_a_simulator_and_loads_only_its_own() {
    let harness = start().await;
    let response = harness.client.get(harness.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    assert_eq!(response.headers()["location"], "/inbox/page");

    let page = harness.client.get(harness.url("/inbox/page")).send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(
        page.headers()["content-security-policy"],
        "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self'"
    );
    let html = page.text().await.unwrap();
    assert!(html.contains("SIMULATOR: no real SMS is sent"));
    assert!(!html.contains("://") && !html.contains(" onclick="), "no foreign address, no inline script");

    for (path, content_type) in
        [("/inbox/page.js", "text/javascript; charset=utf-8"), ("/inbox/icon.svg", "image/svg+xml")]
    {
        let response = harness.client.get(harness.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], content_type);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn a_control_route_names_the_methods_it_takes() {
    let harness = start().await;
    for (path, allow) in [
        ("/inbox", "GET, HEAD, DELETE"),
        ("/behaviour", "GET, HEAD, PUT, DELETE"),
        ("/inbox/page", "GET, HEAD"),
        ("/", "GET, HEAD"),
    ] {
        let response = harness.client.post(harness.url(path)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(response.headers()["allow"], allow);
        let head = harness.client.head(harness.url(path)).send().await.unwrap();
        assert!(head.status().is_success() || head.status().is_redirection(), "{path}");
    }
}

#[tokio::test]
async fn the_routes_can_be_mounted_elsewhere() {
    let simulator = Simulator::new(SimulatorConfig::new(TOKEN, IDENTITY));
    let app = Route::new()
        .nest("/simulator", simulator.control_routes())
        .nest("/sparrow", simulator.sparrow_routes());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener).unwrap());
    let serving = tokio::spawn(server.run(app));

    let client = client(Duration::from_secs(20));
    let get = async |path: &str| client.get(format!("{origin}{path}")).send().await.unwrap();
    let sent = format!("/sparrow/v2/sms/?token={TOKEN}&from={IDENTITY}&to={PHONE}&text=Hello");
    assert_eq!(get(&sent).await.status(), StatusCode::OK);
    for home in ["/simulator", "/simulator/"] {
        assert_eq!(get(home).await.headers()["location"], "/simulator/inbox/page", "{home}");
    }
    assert_eq!(read(get("/simulator/inbox").await).await.1[0]["text"], "Hello");
    serving.abort();
}
