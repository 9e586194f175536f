//! The demo: the whole way, on the embedded default.

use std::time::Duration;

use harness::{Service, code_in, directory, wrong};
use reqwest::Method;
use serde_json::json;

const PHONE: &str = "+9779841234567";

#[tokio::test]
async fn a_person_verifies_a_phone() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let token = demo.told("user_token");

    let started =
        demo.client.post("/v1/verifications", token, &json!({"phone": "984-1234567"})).await.is(201);
    assert_eq!(started.member("phone"), "+97798•••••67");
    assert_eq!(started.member("account"), demo.told("username"));
    let id = started.member("id");

    let code = demo.code(PHONE).await;
    let checks = format!("/v1/verifications/{id}/checks");
    let refused = demo.client.post(&checks, token, &json!({"code": wrong(&code)})).await;
    assert_eq!(refused.is_problem(422, "code-incorrect").json()["checks_left"], 4);
    let approved = demo.client.post(&checks, token, &json!({"code": code})).await.is(200);
    assert_eq!(approved.member("status"), "approved");
    let again = demo.client.post(&checks, token, &json!({"code": code})).await.is(200);
    assert_eq!(again.json(), approved.json(), "a double submit changes nothing");

    let started = demo.client.post("/v1/verifications", token, &json!({"phone": PHONE})).await;
    let _ = started.is_problem(403, "already-verified");
}

#[tokio::test]
async fn an_application_names_its_accounts_and_checks_by_phone() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let key = demo.told("application_key");
    let body = json!({"phone": "9801234567", "account": "sita", "locale": "ne-NP"});
    let _ = demo.client.post("/v1/verifications", key, &body).await.is(201);
    let texts = demo.inbox("+9779801234567").await;
    assert!(texts[0].contains("कोड"), "{texts:?}");
    let code = code_in(&texts[0]);

    let strangers = json!({"phone": "9801234567", "account": "ram", "code": code});
    let _ = demo
        .client
        .post("/v1/verifications/checks", key, &strangers)
        .await
        .is_problem(404, "verification-not-found");
    let own = json!({"phone": "+977 980 1234567", "account": "sita", "code": code});
    let approved = demo.client.post("/v1/verifications/checks", key, &own).await.is(200);
    assert_eq!(approved.member("account"), "sita");
}

#[tokio::test]
async fn what_a_demo_knows_survives_a_restart() {
    let directory = directory();
    let first = Service::demo(directory.path());
    let token = first.told("user_token").to_owned();
    let id =
        first.client.post("/v1/verifications", &token, &json!({"phone": PHONE})).await.is(201).member("id");
    let code = first.code(PHONE).await;
    first.signal("KILL");
    let _ = first.wait(Duration::from_secs(10));

    let second = Service::demo(directory.path());
    assert_eq!(
        second.told("user_token"),
        token,
        "the same credentials, so that pasted commands go on working"
    );
    let cooling = second.client.post("/v1/verifications", &token, &json!({"phone": PHONE})).await;
    assert_eq!(cooling.is_problem(429, "resend-too-soon").json()["checks_left"], 5);
    let checks = format!("/v1/verifications/{id}/checks");
    let _ = second.client.post(&checks, &token, &json!({"code": code})).await.is(200);
}

#[tokio::test]
async fn the_inbox_is_a_list_of_what_came() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let token = demo.told("user_token");
    let _ = demo.client.post("/v1/verifications", token, &json!({"phone": PHONE})).await.is(201);
    let path = demo.told("inbox_url").replace(demo.told("url"), "");
    assert_eq!(path, "/inbox");
    for to in ["+9779841234567", "%2B9779841234567"] {
        let messages = demo.client.get(&format!("{path}?to={to}"), "").await.is(200).json();
        let message = &messages.as_array().expect("a list")[0];
        let members: Vec<_> = message.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["to", "from", "text", "at"]);
        assert_eq!(message["to"], PHONE);
    }
    assert_eq!(demo.client.get("/inbox?to=+9779801234567", "").await.is(200).json(), json!([]));
}

#[tokio::test]
async fn the_page_and_the_documents_are_served_from_the_binary() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let page = demo.client.get("/", "").await.is(200);
    assert!(page.text.contains("no real SMS is sent"));
    assert!(page.header("content-security-policy").is_some());
    for path in
        ["/demo/page.js", "/demo/page.css", "/docs/", "/docs/swagger-ui-bundle.js", "/livez", "/readyz"]
    {
        let _ = demo.client.get(path, "").await.is(200);
    }
    let document = demo.client.get("/openapi.json", "").await.is(200).json();
    assert_eq!(document["paths"]["/v1/verifications"]["post"]["operationId"], "startVerification");
}

#[tokio::test]
async fn the_tutorials_client_is_served_as_before() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let (token, username) = (demo.told("user_token"), demo.told("username"));
    let sent = demo.client.post_form("/validate_phone/", token, &[("phone", "9841234567")]).await.is(200);
    assert_eq!(sent.json()["status"], 200);
    let code = demo.code(PHONE).await;
    let wrong = json!({"phone": "9841234567", "otp": wrong(&code), "username": username});
    assert_eq!(demo.client.post("/validate_otp", token, &wrong).await.is(400).json()["status"], 400);
    let right = json!({"phone": "9841234567", "otp": code, "username": username});
    assert_eq!(demo.client.post("/validate_otp", token, &right).await.is(200).json()["status"], 200);
    let again = demo.client.post_form("/validate_phone", token, &[("phone", "9841234567")]).await.is(403);
    assert_eq!(again.json()["details"], "Phone number already verified.");
    let options = demo.client.call(Method::OPTIONS, "/validate_phone/", "").await.is(200);
    assert_eq!(options.header("allow"), Some("POST, OPTIONS, HEAD"));
}

#[tokio::test]
async fn sixty_four_starts_at_once_make_one_verification_and_one_sms() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let token = demo.told("user_token").to_owned();
    let starts: Vec<_> = (0..64)
        .map(|_| {
            let (client, token) = (demo.client.clone(), token.clone());
            tokio::spawn(async move {
                client.post("/v1/verifications", &token, &json!({"phone": PHONE})).await.status
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for start in starts {
        statuses.push(start.await.expect("it answers"));
    }
    let created = statuses.iter().filter(|status| **status == 201).count();
    assert_eq!(created, 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 429].contains(status)), "{statuses:?}");
    assert_eq!(demo.inbox(PHONE).await.len(), 1);
}

#[tokio::test]
async fn sixty_four_right_checks_at_once_give_one_answer() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let token = demo.told("user_token").to_owned();
    let id =
        demo.client.post("/v1/verifications", &token, &json!({"phone": PHONE})).await.is(201).member("id");
    let code = demo.code(PHONE).await;
    let path = format!("/v1/verifications/{id}/checks");
    let checks: Vec<_> = (0..64)
        .map(|_| {
            let (client, token, path, body) =
                (demo.client.clone(), token.clone(), path.clone(), json!({"code": code}));
            tokio::spawn(async move { client.post(&path, &token, &body).await })
        })
        .collect();
    let mut approved_at = std::collections::BTreeSet::new();
    for check in checks {
        approved_at.insert(check.await.expect("it answers").is(200).member("approved_at"));
    }
    assert_eq!(approved_at.len(), 1, "{approved_at:?}");
}

#[tokio::test]
async fn nothing_secret_is_written_anywhere() {
    let directory = directory();
    let demo = Service::demo_with(directory.path(), &[("SPARROW_VERIFY__SERVER__LOG_LEVEL", "trace")]);
    let token = demo.told("user_token").to_owned();
    let id =
        demo.client.post("/v1/verifications", &token, &json!({"phone": PHONE})).await.is(201).member("id");
    let code = demo.code(PHONE).await;
    let path = format!("/v1/verifications/{id}/checks");
    let _ = demo.client.post(&path, &token, &json!({"code": wrong(&code)})).await.is(422);
    let _ = demo.client.post(&path, &token, &json!({"code": code})).await.is(200);
    let _ = demo.client.post("/v1/verifications", "svk_unknown", &json!({"phone": PHONE})).await.is(401);
    let log = demo.log();
    demo.signal("TERM");
    assert!(demo.wait(Duration::from_secs(20)).success());

    for secret in [code.as_str(), "9841234567", token.as_str(), "Do not share"] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
    for entry in std::fs::read_dir(directory.path()).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("sparrow-verify.db") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        for secret in ["9841234567", token.as_str(), "Do not share"] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} holds {secret}");
        }
    }
}
