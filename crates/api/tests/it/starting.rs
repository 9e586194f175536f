//! `POST /v1/verifications`: who gets a code for which phone, and what is refused before anything is sent.

use domain::credential::Scope;
use domain::ports::SendAnswer;
use domain::testkit::{World, phone};
use domain::verification::{DeliveryState, State};
use serde_json::json;

use crate::harness::{OTHER_PHONE, PHONE, START, Service, carries_budget, post};

#[tokio::test]
async fn a_start_sends_a_code_and_tells_everything_of_the_verification() {
    let service = Service::new();
    let token = service.user("ram").await;
    let answer = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await;
    let body = answer.is(201);
    let expected = json!({
        "id": body["id"],
        "status": "pending",
        "phone": "+97798•••••23",
        "account": "ram",
        "purpose": "contact",
        "delivery": "sent",
        "code_length": 6,
        "created_at": "2026-01-15T08:00:00.000Z",
        "expires_at": "2026-01-15T08:10:00.000Z",
        "resend_at": "2026-01-15T08:01:00.000Z",
        "sends_left": 3,
        "checks_left": 5,
    });
    assert_eq!(body, expected);
    let sent = service.world.gateway.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to, phone(PHONE));
    assert!(sent[0].text.contains("Demo"), "the SMS names the application");
}

#[tokio::test]
async fn a_start_while_one_is_live_sends_the_same_code_again() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let first = service.right_code();
    service.pass(60);
    let again = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await.is(200);
    assert_eq!(again["id"], id.as_str());
    carries_budget(&again, 2, 5);
    assert_eq!(service.right_code(), first);
    assert_eq!(service.world.gateway.sent().len(), 2);
}

#[tokio::test]
async fn every_spelling_of_a_phone_is_the_same_phone() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    for spelling in ["+977 984-5550123", "00977 9845550123", "09845550123", " ९८४५५५०१२३ ", "9779845550123"]
    {
        let start = post(START).bearer(&token).json(&json!({"phone": spelling}));
        service.call_changes_nothing(start).await.refuses(429, "resend-too-soon");
    }
    assert_eq!(service.only_verification().id.to_string(), id);
}

#[tokio::test]
async fn a_user_token_acts_for_its_own_account_only() {
    let service = Service::new();
    let ram = service.user("ram").await;
    service.user("sita").await;
    for stranger in ["sita", "Ram", "nobody"] {
        let start = post(START).bearer(&ram).json(&json!({"phone": PHONE, "account": stranger}));
        let body = service.call_changes_nothing(start).await.refuses(403, "account-forbidden");
        assert_eq!(body["title"], "The account is not the caller's own");
    }
    service.call(post(START).bearer(&ram).json(&json!({"phone": PHONE, "account": "ram"}))).await.is(201);
}

#[tokio::test]
async fn an_application_key_makes_an_account_on_first_use() {
    let service = Service::new();
    let key = service.key(Scope::Verify).await;
    let start = json!({"phone": PHONE, "account": "hari"});
    let body = service.call(post(START).bearer(&key).json(&start)).await.is(201);
    assert_eq!(body["account"], "hari");
    service.pass(60);
    service.call(post(START).bearer(&key).json(&start)).await.is(200);
    let names: Vec<_> =
        service.world.store.accounts().iter().map(|account| account.username.to_string()).collect();
    assert_eq!(names, ["hari"]);
}

#[tokio::test]
async fn an_application_key_needs_no_account() {
    let service = Service::new();
    let key = service.key(Scope::Verify).await;
    let body = service.call(post(START).bearer(&key).json(&json!({"phone": PHONE}))).await.is(201);
    assert_eq!(body.get("account"), None);
    assert!(service.world.store.accounts().is_empty());
    let id = body["id"].as_str().unwrap();
    assert_eq!(service.check(&key, id, &service.right_code()).await.is(200)["status"], "approved");
}

#[tokio::test]
async fn an_admin_key_does_not_start() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    for body in [json!({"phone": PHONE}), json!({"phone": PHONE, "account": "hari"})] {
        let start = post(START).bearer(&admin).json(&body);
        service.call_changes_nothing(start).await.refuses(403, "scope-missing");
    }
}

#[tokio::test]
async fn a_verified_phone_is_not_verified_again_until_the_proof_is_old() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.approved(&token).await;
    let start = || post(START).bearer(&token).json(&json!({"phone": PHONE}));
    service.call_changes_nothing(start()).await.refuses(403, "already-verified");
    let other = json!({"phone": OTHER_PHONE});
    service.call(post(START).bearer(&token).json(&other)).await.is(201);
    service.pass(180 * 86_400);
    service.call(start()).await.is(201);
}

#[tokio::test]
async fn other_purposes_need_the_phone_that_the_account_has_verified() {
    let service = Service::new();
    let token = service.user("ram").await;
    let start = |phone: &str, purpose: &str| {
        post(START).bearer(&token).json(&json!({"phone": phone, "purpose": purpose}))
    };
    for purpose in ["login", "recovery", "transaction"] {
        let refused = service.call_changes_nothing(start(PHONE, purpose)).await;
        refused.refuses(403, "phone-not-verified");
    }
    service.approved(&token).await;
    service.call_changes_nothing(start(OTHER_PHONE, "login")).await.refuses(403, "phone-not-verified");
    for purpose in ["login", "recovery", "transaction"] {
        assert_eq!(service.call(start(PHONE, purpose)).await.is(201)["purpose"], purpose);
    }
}

#[tokio::test]
async fn a_phone_that_is_none_is_refused_with_the_reason() {
    let service = Service::new();
    let token = service.user("ram").await;
    let faults = [
        ("", "empty"),
        ("   ", "empty"),
        ("98412345678901234567890123456789012345678901234567890123456789012345", "too-long"),
        ("98412x4567", "invalid-character"),
        ("9841234567,9801234567", "invalid-character"),
        ("<script>", "invalid-character"),
        ("984123456\u{0}7", "invalid-character"),
        ("984123456", "wrong-length"),
        ("+14155550123", "unsupported-country"),
        ("9731234567", "unallocated-prefix"),
        ("9611234567", "defunct-operator"),
        ("015551234", "not-mobile"),
        ("5001", "short-code"),
    ];
    for (text, reason) in faults {
        let start = post(START).bearer(&token).json(&json!({"phone": text}));
        let body = service.call_changes_nothing(start).await.refuses(422, "phone-invalid");
        assert_eq!(body["reason"], reason, "{text:?}");
    }
}

#[tokio::test]
async fn the_sms_carries_the_app_hash_and_the_origin_of_the_application() {
    let service = Service::new();
    let token = service.user("ram").await;
    let start = json!({"phone": PHONE, "app_hash": "FA+9qCX9VSu", "origin": "https://example.com"});
    service.call(post(START).bearer(&token).json(&start)).await.is(201);
    let text = &service.world.gateway.sent()[0].text;
    assert!(text.contains("FA+9qCX9VSu"), "{text}");
    assert!(text.contains(&format!("@example.com #{}", service.right_code())), "{text}");
}

#[tokio::test]
async fn only_the_application_s_own_app_hashes_and_origins_are_taken() {
    let service = Service::new();
    let token = service.user("ram").await;
    let refusals = [
        (json!({"phone": PHONE, "app_hash": "AAAAAAAAAAA"}), "app-hash-unknown"),
        (json!({"phone": PHONE, "origin": "https://evil.example"}), "origin-unknown"),
    ];
    for (body, code) in refusals {
        let start = post(START).bearer(&token).json(&body);
        service.call_changes_nothing(start).await.refuses(422, code);
    }
}

#[tokio::test]
async fn a_field_whose_text_means_nothing_is_named() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let key = service.key(Scope::Verify).await;
    let faults = [
        ("app_hash", "short"),
        ("app_hash", "FA+9qCX9VS\u{0}"),
        ("origin", "http://example.com"),
        ("origin", "https://example.com/path"),
        ("purpose", "marketing"),
        ("purpose", ""),
        ("account", ""),
        ("account", " hari"),
        ("account", "ha\u{0}ri"),
        ("account", &"x".repeat(151)),
        ("locale", &"x".repeat(36)),
    ];
    for token in [&ram, &key] {
        for (field, text) in faults {
            let start = post(START).bearer(token).json(&json!({"phone": PHONE, field: text}));
            let body = service.call_changes_nothing(start).await.refuses(422, "body-invalid");
            assert_eq!(body["errors"][0]["pointer"], format!("#/{field}"), "{text:?}");
        }
    }
}

#[tokio::test]
async fn the_language_is_the_one_asked_for_or_the_application_s() {
    for (locale, nepali) in [("ne", true), ("NE_np", true), ("en-GB", false), ("fr", false), ("\u{0}", false)]
    {
        let service = Service::new();
        let token = service.user("ram").await;
        let start = json!({"phone": PHONE, "locale": locale});
        service.call(post(START).bearer(&token).json(&start)).await.is(201);
        let text = &service.world.gateway.sent()[0].text;
        assert_eq!(text.contains('क'), nepali, "{locale}: {text}");
    }
}

#[tokio::test]
async fn a_send_of_unknown_outcome_counts_as_a_send() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.gateway.answer_next([SendAnswer::Unknown]);
    let body = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await.is(201);
    assert_eq!(body["delivery"], "unknown");
    carries_budget(&body, 3, 5);
    let again = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await;
    carries_budget(&again.refuses(429, "resend-too-soon"), 3, 5);
}

#[tokio::test]
async fn a_destination_that_the_gateway_cannot_reach_is_told_and_not_tried_again_at_once() {
    let service = Service::new();
    let token = service.user("ram").await;
    let start = || post(START).bearer(&token).json(&json!({"phone": PHONE}));
    service.world.gateway.answer_next([SendAnswer::ReceiverRefused]);
    let body = service.call(start()).await.refuses(422, "destination-unsupported");
    carries_budget(&body, 4, 5);
    let kept = service.only_verification();
    assert_eq!((kept.state, kept.delivery.state), (State::Pending, DeliveryState::Failed));
    service.call_changes_nothing(start()).await.refuses(429, "resend-too-soon");
}

#[tokio::test]
async fn two_starts_at_once_send_one_sms() {
    let service = Service::new();
    let token = service.user("ram").await;
    let start = || service.call(post(START).bearer(&token).json(&json!({"phone": PHONE})));
    let (one, two, three) = tokio::join!(start(), start(), start());
    let mut statuses = [one.status, two.status, three.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 429, 429]);
    assert_eq!(service.world.gateway.sent().len(), 1);
}

#[tokio::test]
async fn the_same_phone_is_verified_for_each_application_by_itself() {
    let world = World::builder().application("shop", "Shop", domain::policy::Policy::default()).build();
    let service = Service::over(world);
    let (_, shop) = service.credential_of("shop", Some("ram"), None).await;
    let ram = service.user("ram").await;
    service.approved(&ram).await;
    service.approved(&shop).await;
    assert!(service.world.store.accounts().iter().all(|account| account.phone.is_some()));
}
