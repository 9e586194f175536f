//! The classic API: the tutorial's two endpoints, to be called by clients that know nothing of the native one.

use domain::credential::Scope;
use domain::ports::SendAnswer;
use domain::testkit::phone;
use serde_json::json;

use crate::harness::{Answer, Call, OTHER_PHONE, PHONE, START, Service, call, get, post};

const PATHS: [&str; 4] = ["/validate_phone/", "/validate_phone", "/validate_otp/", "/validate_otp"];
const ALLOWED: &str = "POST, OPTIONS, HEAD";

fn ask(token: &str) -> Call {
    post("/validate_phone/").bearer(token).json(&json!({"phone": PHONE}))
}

fn answer_with(token: &str, code: &str) -> Call {
    let body = json!({"phone": PHONE, "otp": code, "username": "ram"});
    post("/validate_otp/").bearer(token).json(&body)
}

/// An answer of the classic API, whole.
#[track_caller]
fn told(answer: &Answer, status: u16, details: &str) {
    assert_eq!(answer.is(status), json!({"status": status, "details": details}));
}

#[tokio::test]
async fn a_phone_is_verified_with_json_or_a_form_and_with_or_without_the_slash() {
    for slash in ["/", ""] {
        for form in [false, true] {
            let service = Service::new();
            let token = service.user("ram").await;
            let ask = post(format!("/validate_phone{slash}")).bearer(&token);
            let ask = if form { ask.form(&[("phone", PHONE)]) } else { ask.json(&json!({"phone": PHONE})) };
            told(&service.call(ask).await, 200, "OTP sent successfully.");
            assert_eq!(service.world.gateway.sent()[0].to, phone(PHONE));
            let code = service.right_code();
            let answer = post(format!("/validate_otp{slash}")).bearer(&token);
            let answer = if form {
                answer.form(&[("phone", "+977 9845550123"), ("otp", &code), ("username", "ram")])
            } else {
                answer.json(&json!({"phone": PHONE, "otp": code, "username": "ram"}))
            };
            told(&service.call(answer).await, 200, "OTP matched. Phone number verified.");
            assert_eq!(service.world.store.accounts()[0].phone.unwrap().phone, phone(PHONE));
        }
    }
}

#[tokio::test]
async fn a_query_is_no_matter() {
    let service = Service::new();
    let token = service.user("ram").await;
    for path in ["/validate_phone?x=1", "/validate_phone/?x=1"] {
        let ask = post(path).bearer(&token).json(&json!({"phone": OTHER_PHONE}));
        assert!(matches!(service.call(ask).await.status, 200 | 429));
    }
    assert_eq!(service.world.gateway.sent().len(), 1);
}

#[tokio::test]
async fn asking_again_sends_again_after_the_wait() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.call(ask(&token)).await.is(200);
    let soon = service.call_changes_nothing(ask(&token)).await;
    told(&soon, 429, "An OTP was sent a moment ago. Wait before you request another.");
    assert_eq!(soon.retry_after(), 60);
    service.pass(60);
    service.call(ask(&token)).await.is(200);
    assert_eq!(service.world.gateway.sent().len(), 2);
}

#[tokio::test]
async fn what_is_verified_is_not_verified_again() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.call(ask(&token)).await.is(200);
    service.call(answer_with(&token, &service.right_code())).await.is(200);
    told(&service.call_changes_nothing(ask(&token)).await, 403, "Phone number already verified.");
    // A double submit is told again that it was right.
    let again = answer_with(&token, &service.right_code());
    told(&service.call_changes_nothing(again).await, 200, "OTP matched. Phone number verified.");
}

#[tokio::test]
async fn another_username_is_refused_whether_or_not_it_exists() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.user("sita").await;
    service.call(ask(&token)).await.is(200);
    for stranger in ["sita", "nobody", "Ram", " ram", "", "\u{0}", &"x".repeat(3000)] {
        let body = json!({"phone": PHONE, "otp": service.right_code(), "username": stranger});
        let answer = post("/validate_otp/").bearer(&token).json(&body);
        told(&service.call_changes_nothing(answer).await, 403, "The username is not yours.");
    }
}

#[tokio::test]
async fn a_leaked_code_proves_nothing_for_somebody_else() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let sita = service.user("sita").await;
    service.call(ask(&ram)).await.is(200);
    let code = service.right_code();
    let body = json!({"phone": PHONE, "otp": code, "username": "sita"});
    let answer = service.call_changes_nothing(post("/validate_otp/").bearer(&sita).json(&body)).await;
    told(&answer, 400, "No OTP is waiting for this phone number. Request a new one.");
    service.call_changes_nothing(answer_with(&sita, &code)).await.tells(403);
}

#[tokio::test]
async fn a_wrong_code_is_a_bad_one_and_costs_a_check() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.call(ask(&token)).await.is(200);
    for used in 1..=5 {
        told(&service.call(answer_with(&token, &service.wrong_code())).await, 400, "Incorrect OTP.");
        assert_eq!(service.only_verification().checks_used, used);
    }
    let locked = service.call_changes_nothing(answer_with(&token, &service.right_code())).await;
    told(&locked, 429, "Too many incorrect OTPs. Request a new one later.");
    assert_eq!(locked.retry_after(), 60);
}

#[tokio::test]
async fn a_code_that_is_none_costs_nothing() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.call(ask(&token)).await.is(200);
    for code in ["", "0", "12345", "abcdef", "123456789012"] {
        told(&service.call_changes_nothing(answer_with(&token, code)).await, 400, "Incorrect OTP.");
    }
}

#[tokio::test]
async fn where_no_code_waits_one_is_to_be_requested() {
    let service = Service::new();
    let token = service.user("ram").await;
    let nothing = "No OTP is waiting for this phone number. Request a new one.";
    told(&service.call_changes_nothing(answer_with(&token, "042137")).await, 400, nothing);
    service.call(ask(&token)).await.is(200);
    service.pass(600);
    let late = answer_with(&token, &service.right_code());
    told(&service.call_changes_nothing(late).await, 400, nothing);
}

#[tokio::test]
async fn a_phone_of_another_account_is_told_after_the_right_code_only() {
    let service = Service::new();
    let sita = service.user("sita").await;
    service.approved(&sita).await;
    let ram = service.user("ram").await;
    service.call(ask(&ram)).await.is(200);
    told(&service.call(answer_with(&ram, &service.wrong_code())).await, 400, "Incorrect OTP.");
    let right = service.call(answer_with(&ram, &service.right_code())).await;
    told(&right, 403, "Phone number already verified by another user.");
}

#[tokio::test]
async fn limits_say_when_to_come_back() {
    let service = Service::new();
    for name in ["a", "b", "c", "d", "e"] {
        let token = service.user(name).await;
        service.call(ask(&token)).await.is(200);
    }
    let token = service.user("ram").await;
    let refused = service.call_changes_nothing(ask(&token)).await;
    told(&refused, 429, "Maximum number of OTPs sent. Try again later, or contact support.");
    assert_eq!(refused.retry_after(), 3600);
}

#[tokio::test]
async fn a_gateway_that_does_not_send_is_told_in_our_words() {
    let gateways = [
        (
            SendAnswer::Refused,
            502,
            "Nothing was sent and nothing counted. The operator has been told; try again later.",
        ),
        (SendAnswer::NotSent, 503, "Nothing was sent and nothing counted. Try again after `Retry-After`."),
        (SendAnswer::ReceiverRefused, 400, "The gateway cannot reach this number. Ask for another one."),
    ];
    for (answer, status, details) in gateways {
        let service = Service::new();
        let token = service.user("ram").await;
        service.world.gateway.answer_next([answer]);
        told(&service.call(ask(&token)).await, status, details);
    }
}

#[tokio::test]
async fn a_store_that_is_down_is_told_in_the_classic_form() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.store.set_down(true);
    for call in [ask(&token), answer_with(&token, "042137")] {
        let answer = service.call_changes_nothing(call).await;
        answer.tells(503);
        assert_eq!(answer.retry_after(), 1);
    }
}

#[tokio::test]
async fn keys_are_for_the_native_api() {
    let service = Service::new();
    for scope in [Scope::Verify, Scope::Admin] {
        let key = service.key(scope).await;
        for call in [ask(&key), answer_with(&key, "042137")] {
            told(
                &service.call_changes_nothing(call).await,
                403,
                "Use the token of a user; a key does not serve here.",
            );
        }
    }
}

#[tokio::test]
async fn bad_input_is_bad_and_says_what_is() {
    let service = Service::new();
    let token = service.user("ram").await;
    let inputs = [
        ("/validate_phone/", json!({}), "phone is missing."),
        ("/validate_phone/", json!({"phone": 9_845_550_123_u64}), "phone must be a string."),
        ("/validate_phone/", json!({"phone": [PHONE, OTHER_PHONE]}), "phone must be a string."),
        ("/validate_phone/", json!({"phone": null}), "phone must be a string."),
        ("/validate_phone/", json!({"phone": PHONE, "to": PHONE}), "to is not a field of this body."),
        (
            "/validate_otp/",
            json!({"phone": PHONE, "otp": 42_137, "username": "ram"}),
            "otp must be a string.",
        ),
        ("/validate_otp/", json!({"otp": "042137"}), "phone is missing. username is missing."),
    ];
    for (path, body, details) in inputs {
        let answer = service.call_changes_nothing(post(path).bearer(&token).json(&body)).await;
        told(&answer, 400, details);
    }
    for phones in ["9845550123,9805550123", "<script>", "", "98"] {
        for call in [
            post("/validate_phone/").bearer(&token).json(&json!({"phone": phones})),
            post("/validate_phone/").bearer(&token).form(&[("phone", phones)]),
            post("/validate_otp/").bearer(&token).form(&[
                ("phone", phones),
                ("otp", "042137"),
                ("username", "ram"),
            ]),
        ] {
            assert!(service.call_changes_nothing(call).await.tells(400).contains("number"));
        }
    }
    let twice = post("/validate_phone/").bearer(&token).form(&[("phone", PHONE), ("phone", OTHER_PHONE)]);
    told(&service.call_changes_nothing(twice).await, 400, "phone is there more than once.");
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_told_in_the_classic_form() {
    let service = Service::new();
    let token = service.user("ram").await;
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    for path in PATHS {
        let bodies: [(&str, Vec<u8>, u16); 9] = [
            (json, b"".to_vec(), 400),
            (json, b"{".to_vec(), 400),
            (json, b"[]".to_vec(), 400),
            (json, b"\xff".to_vec(), 400),
            (form, b"".to_vec(), 400),
            (form, b"phone=\xff".to_vec(), 400),
            ("text/plain", b"phone=9845550123".to_vec(), 415),
            ("multipart/form-data; boundary=x", b"--x--".to_vec(), 415),
            (json, vec![b' '; 4097], 413),
        ];
        for (content_type, body, status) in bodies {
            let call = post(path).bearer(&token).body(content_type, body);
            service.call_changes_nothing(call).await.tells(status);
        }
    }
}

#[tokio::test]
async fn options_and_head_say_what_is_allowed() {
    let service = Service::new();
    for path in PATHS {
        let options = service.call_changes_nothing(call("OPTIONS", path)).await;
        options.tells(200);
        let head = service.call_changes_nothing(call("HEAD", path)).await;
        assert_eq!((head.status, head.text()), (200, ""));
        for answer in [options, head] {
            assert_eq!(answer.header("allow"), Some(ALLOWED));
            assert_eq!(answer.content_type(), Some("application/json"));
        }
    }
}

#[tokio::test]
async fn other_methods_are_not_allowed_in_the_classic_form() {
    let service = Service::new();
    let token = service.user("ram").await;
    for path in PATHS {
        for method in ["GET", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
            let answer = service.call_changes_nothing(call(method, path).bearer(&token)).await;
            answer.tells(405);
            assert_eq!(answer.header("allow"), Some(ALLOWED), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn both_apis_see_the_same_verification() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.call(ask(&token)).await.is(200);
    let page = service.call(get(START).bearer(&token)).await.is(200);
    let id = page["items"][0]["id"].as_str().unwrap();
    service.check(&token, id, &service.right_code()).await.is(200);
}
