//! `Idempotency-Key`: the same call made again is answered as it was and not made again, for whoever made it and nobody
//! else, and what a later try may change is tried again.

use domain::credential::Scope;
use domain::policy::Policy;
use domain::ports::SendAnswer;
use poem::Endpoint;
use serde_json::json;

use crate::harness::{Answer, CHECK_PHONE, Call, OTHER_PHONE, PHONE, START, Service, get, post};

const KEY: &str = "idempotency-key";

fn start(token: &str, key: &str) -> Call {
    post(START).bearer(token).header(KEY, key).json(&json!({"phone": PHONE}))
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// Makes the call, which must be answered like `first` and do nothing.
async fn replays(service: &Service, call: Call, first: &Answer) {
    let sent = service.world.gateway.sent().len();
    let again = service.call_changes_nothing(call).await;
    assert!(is_replayed(&again), "{again:?}");
    assert_eq!((again.status, again.text()), (first.status, first.text()));
    for header in ["content-type", "retry-after"] {
        assert_eq!(again.header(header), first.header(header), "{header}");
    }
    assert_eq!(service.world.gateway.sent().len(), sent);
}

#[tokio::test]
async fn the_same_start_made_again_is_answered_and_not_made_again() {
    let service = Service::new();
    let token = service.user("ram").await;
    let first = service.call(start(&token, "\"k-1\"")).await;
    first.is(201);
    assert!(!is_replayed(&first));
    service.pass(30);
    replays(&service, start(&token, "\"k-1\""), &first).await;
    replays(&service, start(&token, "k-1"), &first).await;
    let spelled = format!("{{ \"phone\":\n\t\"{PHONE}\" }}");
    let spelled =
        post(START).bearer(&token).header(KEY, "k-1").body("application/json; charset=utf-8", spelled);
    replays(&service, spelled, &first).await;
    assert_eq!(service.world.gateway.sent().len(), 1);
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.call(start(&token, "k")).await.is(201);
    let other = post(START).bearer(&token).header(KEY, "k").json(&json!({"phone": OTHER_PHONE}));
    service.call_changes_nothing(other).await.refuses(422, "idempotency-key-reused");
    let other = post(START).bearer(&token).header(KEY, "other").json(&json!({"phone": OTHER_PHONE}));
    service.call(other).await.is(201);
}

#[tokio::test]
async fn while_the_first_runs_the_second_is_told_to_come_back() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.gateway.hold();
    let first = tokio::spawn({
        let (endpoint, call) = (service.endpoint.clone(), start(&token, "k"));
        async move { Answer::read(endpoint.call(call.into_request()).await.unwrap()).await }
    });
    service.world.gateway.reached(1).await;
    let second = service.call_changes_nothing(start(&token, "k")).await;
    second.refuses(409, "idempotency-key-in-use");
    assert_eq!(second.retry_after(), 1);
    let other = post(START).bearer(&token).header(KEY, "k").json(&json!({"phone": OTHER_PHONE}));
    service.call_changes_nothing(other).await.refuses(422, "idempotency-key-reused");
    service.world.gateway.release();
    let first = first.await.unwrap();
    first.is(201);
    replays(&service, start(&token, "k"), &first).await;
}

#[tokio::test]
async fn what_is_no_key_is_told_and_nothing_is_done() {
    let service = Service::new();
    let token = service.user("ram").await;
    let long = "k".repeat(256);
    for key in ["", " ", "\"", "\"k", "a b", "a,b", "\"k\";x=1", long.as_str(), "कुञ्जी"] {
        let answer = service.call_changes_nothing(start(&token, key)).await;
        answer.refuses(400, "idempotency-key-invalid");
    }
    let twice = start(&token, "a").header(KEY, "b");
    service.call_changes_nothing(twice).await.refuses(400, "idempotency-key-invalid");
    service.call(start(&token, &"k".repeat(255))).await.is(201);
}

#[tokio::test]
async fn who_calls_is_asked_before_the_key_is_looked_at() {
    let service = Service::new();
    for key in ["k", "a b"] {
        let unknown = service.call_changes_nothing(start(&format!("svu_{}", "0".repeat(64)), key)).await;
        unknown.refuses(401, "unauthenticated");
        let nobody = post(START).header(KEY, key).json(&json!({"phone": PHONE}));
        service.call_changes_nothing(nobody).await.refuses(401, "unauthenticated");
    }
    assert_eq!(service.world.store.calls("begin"), 0);
}

#[tokio::test]
async fn a_key_is_of_one_account_and_one_application() {
    let world = domain::testkit::World::builder().application("shop", "Shop", Policy::default()).build();
    let service = Service::over(world);
    let ram = service.user("ram").await;
    let first = service.call(start(&ram, "k")).await;
    first.is(201);
    let sita = service.user("sita").await;
    let key = service.key(Scope::Verify).await;
    let (_, foreign) = service.credential_of("shop", None, None).await;
    for other in [&sita, &key, &foreign] {
        let answer = service.call(start(other, "k")).await;
        assert!(!is_replayed(&answer), "{answer:?}");
        assert_ne!(answer.is(201)["id"], first.json()["id"]);
    }
    // A token that was replaced is the same caller's.
    let renewed = service.user("ram").await;
    assert_ne!(renewed, ram);
    replays(&service, start(&renewed, "k"), &first).await;
}

#[tokio::test]
async fn a_key_is_of_one_operation() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.call(start(&token, "k")).await.is(201)["id"].as_str().unwrap().to_owned();
    service.pass(60);
    let call = || post(format!("{START}/{id}/resends")).bearer(&token).header(KEY, "k");
    let resent = service.call(call()).await;
    resent.is(200);
    assert_eq!(service.world.gateway.sent().len(), 2);
    replays(&service, call(), &resent).await;
}

#[tokio::test]
async fn a_wrong_code_sent_again_under_its_key_costs_nothing() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let path = format!("{START}/{id}/checks");
    let check = |code: String, key| post(&path).bearer(&token).header(KEY, key).json(&json!({"code": code}));
    let wrong = service.call(check(service.wrong_code(), "1")).await;
    assert_eq!(wrong.refuses(422, "code-incorrect")["checks_left"], 4);
    replays(&service, check(service.wrong_code(), "1"), &wrong).await;
    let right = service.call(check(service.right_code(), "2")).await;
    right.is(200);
    // Also when the code is long dead.
    service.pass(3600);
    replays(&service, check(service.right_code(), "2"), &right).await;
    service.call(check(service.right_code(), "3")).await.refuses(410, "verification-expired");
}

#[tokio::test]
async fn a_refusal_of_the_rules_is_kept() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.approved(&token).await;
    let refused = service.call(start(&token, "k")).await;
    refused.refuses(403, "already-verified");
    replays(&service, start(&token, "k"), &refused).await;
    let nowhere = || {
        post(CHECK_PHONE)
            .bearer(&token)
            .header(KEY, "k")
            .json(&json!({"phone": OTHER_PHONE, "code": "042137"}))
    };
    let refused = service.call(nowhere()).await;
    refused.refuses(404, "verification-not-found");
    replays(&service, nowhere(), &refused).await;
}

#[tokio::test]
async fn what_a_later_try_may_change_is_tried_again() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.gateway.answer_next([SendAnswer::NotSent]);
    service.call(start(&token, "k")).await.refuses(503, "gateway-unavailable");
    let sent = service.call(start(&token, "k")).await;
    assert!(!is_replayed(&sent) && sent.status < 300, "{sent:?}");
    replays(&service, start(&token, "k"), &sent).await;
    service.call(start(&token, "other")).await.refuses(429, "resend-too-soon");
    service.pass(60);
    let resent = service.call(start(&token, "other")).await;
    assert!(!is_replayed(&resent) && resent.status == 200, "{resent:?}");
}

#[tokio::test]
async fn what_an_operator_lifts_is_tried_again() {
    let service = Service::new();
    let (admin, token) = (service.key(Scope::Admin).await, service.user("ram").await);
    let deny = post("/v1/admin/blocks").bearer(&admin).json(&json!({"action": "deny", "phone": PHONE}));
    service.call(deny).await.is(201);
    service.call(start(&token, "k")).await.refuses(403, "blocked");
    let allow = post("/v1/admin/blocks").bearer(&admin).json(&json!({"action": "allow", "phone": PHONE}));
    service.call(allow).await.is(201);
    let sent = service.call(start(&token, "k")).await;
    assert!(!is_replayed(&sent) && sent.status == 201, "{sent:?}");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_leaves_the_key_free() {
    let service = Service::new();
    let token = service.user("ram").await;
    let keyed = || post(START).bearer(&token).header(KEY, "k");
    service.call(keyed().body("text/plain", "phone")).await.refuses(415, "media-type-unsupported");
    service.call(keyed().body("application/json", "{")).await.refuses(400, "body-malformed");
    service.call(keyed().json(&json!({"phone": 7}))).await.refuses(422, "body-invalid");
    service.call(keyed().json(&json!({"phone": "12"}))).await.refuses(422, "phone-invalid");
    service.call(keyed().body("application/json", " ".repeat(5000))).await.refuses(413, "body-too-large");
    let answer = service.call(start(&token, "k")).await;
    answer.is(201);
    assert!(!is_replayed(&answer));
}

#[tokio::test]
async fn the_classic_api_has_keys_too() {
    let service = Service::new();
    let token = service.user("ram").await;
    let call = || post("/validate_phone/").bearer(&token).header(KEY, "k").form(&[("phone", PHONE)]);
    let sent = service.call(call()).await;
    sent.tells(200);
    replays(&service, call(), &sent).await;
    let without_slash = post("/validate_phone").bearer(&token).header(KEY, "k").form(&[("phone", PHONE)]);
    replays(&service, without_slash, &sent).await;
    let other = post("/validate_phone/").bearer(&token).header(KEY, "k").form(&[("phone", OTHER_PHONE)]);
    service.call_changes_nothing(other).await.tells(422);
    let bad = post("/validate_phone/").bearer(&token).header(KEY, "a b").form(&[("phone", PHONE)]);
    service.call_changes_nothing(bad).await.tells(400);

    let wrong = service.wrong_code();
    let fields = [("phone", PHONE), ("otp", wrong.as_str()), ("username", "ram")];
    let check = || post("/validate_otp/").bearer(&token).header(KEY, "k").form(&fields);
    let refused = service.call(check()).await;
    assert_eq!(refused.tells(400), "Incorrect OTP.");
    replays(&service, check(), &refused).await;
    let unread = || post("/validate_otp/").bearer(&token).header(KEY, "u").form(&[("phone", PHONE)]);
    service.call(unread()).await.tells(400);
    assert!(!is_replayed(&service.call(unread()).await));
}

#[tokio::test]
async fn a_caller_who_hung_up_finds_the_answer() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.gateway.hold();
    {
        let answer = service.endpoint.call(start(&token, "k").into_request());
        tokio::select! {
            biased;
            _ = answer => panic!("the gateway was held, so there was no answer to be had"),
            () = service.world.gateway.reached(1) => {}
        }
    }
    service.world.gateway.release();
    service.all_done().await;
    let found = service.call_changes_nothing(start(&token, "k")).await;
    assert!(is_replayed(&found), "{found:?}");
    assert_eq!(found.is(201)["delivery"], "sent");
}

#[tokio::test]
async fn twenty_equal_starts_at_once_are_one_sms_and_one_answer() {
    let service = std::sync::Arc::new(Service::new());
    let token = service.user("ram").await;
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let (service, token) = (service.clone(), token.clone());
            tokio::spawn(async move {
                loop {
                    let answer = service.call(start(&token, "k")).await;
                    if answer.status != 409 {
                        return answer.is(201).to_string();
                    }
                    answer.refuses(409, "idempotency-key-in-use");
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let mut answers = std::collections::BTreeSet::new();
    for caller in callers {
        answers.insert(caller.await.unwrap());
    }
    assert_eq!((answers.len(), service.world.gateway.sent().len()), (1, 1), "{answers:?}");
}

#[tokio::test]
async fn without_the_store_a_call_with_a_key_is_not_made() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.store.fail_next("begin", 1);
    service.call_changes_nothing(start(&token, "k")).await.refuses(503, "temporarily-unavailable");
    service.call(start(&token, "k")).await.is(201);
}

#[tokio::test]
async fn an_answer_that_could_not_be_kept_is_told_and_its_key_is_free_when_its_lease_is_over() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.store.fail_next("finish", 1);
    service.call(start(&token, "k")).await.is(201);
    service.pass(44);
    service.call_changes_nothing(start(&token, "k")).await.refuses(409, "idempotency-key-in-use");
    service.pass(16);
    // Made anew, a start sends the code of the live verification again, when its wait is over.
    let again = service.call(start(&token, "k")).await;
    assert!(!is_replayed(&again));
    assert_eq!(again.is(200)["id"], service.only_verification().id.to_string());
    let codes: Vec<_> = service.world.gateway.sent().iter().map(domain::testkit::SentSms::code).collect();
    assert_eq!((codes.len(), &codes[0]), (2, &codes[1]), "it is the same code");
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let service = Service::new();
    let token = service.user("ram").await;
    let first = service.call(start(&token, "k")).await;
    service.pass(24 * 3600 - 1);
    replays(&service, start(&token, "k"), &first).await;
    service.pass(1);
    let answer = service.call(start(&token, "k")).await;
    assert_ne!(answer.is(201)["id"], first.json()["id"]);
}

#[tokio::test]
async fn without_the_header_nothing_is_asked_of_the_store() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.started(&token).await;
    service.call(get(START).bearer(&token).header(KEY, "a b")).await.is(200);
    assert_eq!(service.world.store.calls("begin"), 0, "only a POST with the header has a key");
}

#[tokio::test]
async fn who_calls_is_looked_up_once_for_a_call_with_a_key() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.store.forget_calls();
    service.call(start(&token, "k")).await.is(201);
    let store = &service.world.store;
    assert_eq!((store.calls("holder"), store.calls("begin"), store.calls("finish")), (1, 1, 1));
}

#[test]
fn every_post_documents_the_key_and_what_it_is_answered_with() {
    let document = crate::harness::Contract::new().document;
    let mut posts = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let Some(operation) = operations.get("post") else { continue };
        posts += 1;
        let parameters = operation["parameters"].as_array().unwrap();
        let keys = parameters.iter().filter(|parameter| parameter["name"] == "Idempotency-Key");
        assert_eq!(keys.map(|key| &key["required"]).collect::<Vec<_>>(), [false], "{path}");
        for status in ["400", "409", "422"] {
            assert!(operation["responses"][status].is_object(), "{path} {status}");
        }
        assert!(operation["responses"]["409"]["headers"]["Retry-After"].is_object(), "{path}");
        for status in ["200", "201"].into_iter().filter(|status| operation["responses"][status].is_object()) {
            let headers = &operation["responses"][status]["headers"];
            assert!(headers["Idempotency-Replayed"].is_object(), "{path} {status}");
        }
        assert!(operation["responses"]["429"]["headers"]["Idempotency-Replayed"].is_null(), "{path}");
    }
    assert!(posts >= 6, "{posts}");
}
