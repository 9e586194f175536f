//! Checks, by id and by phone: a right code approves, a wrong one costs a check, and nothing else does.

use std::collections::BTreeSet;

use domain::credential::Scope;
use domain::policy::Policy;
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{
    Answer, CHECK_PHONE, OTHER_PHONE, PHONE, START, Service, UNKNOWN_ID, call, carries_budget, get, post,
};

async fn check_phone(service: &Service, token: &str, body: Value) -> Answer {
    service.call(post(CHECK_PHONE).bearer(token).json(&body)).await
}

#[tokio::test]
async fn a_right_code_approves_and_binds_the_phone() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    service.pass(5);
    let body = service.check(&token, &id, &service.right_code()).await.is(200);
    assert_eq!(body["status"], "approved");
    assert_eq!(body["approved_at"], "2026-01-15T08:00:05.000Z");
    let account = &service.world.store.accounts()[0];
    assert_eq!(account.phone.unwrap().phone, domain::testkit::phone(PHONE));
}

#[tokio::test]
async fn a_right_code_sent_twice_is_answered_twice_and_changes_nothing() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let code = service.right_code();
    let first = service.check(&token, &id, &code).await.is(200);
    let by_id = post(format!("{START}/{id}/checks")).bearer(&token).json(&json!({"code": code}));
    assert_eq!(service.call_changes_nothing(by_id).await.is(200), first);
    let by_phone = post(CHECK_PHONE).bearer(&token).json(&json!({"phone": PHONE, "code": code}));
    assert_eq!(service.call_changes_nothing(by_phone).await.is(200), first);
}

#[tokio::test]
async fn a_check_by_phone_finds_the_live_verification() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let id = service.started(&ram).await;
    let code = service.right_code();
    let body = check_phone(&service, &ram, json!({"phone": "+977 9845550123", "code": code})).await.is(200);
    assert_eq!(body["id"], id.as_str());
    assert_eq!(body["status"], "approved");
}

#[tokio::test]
async fn an_application_key_checks_for_the_account_it_names() {
    let service = Service::new();
    let key = service.key(Scope::Verify).await;
    let start = json!({"phone": PHONE, "account": "hari"});
    service.call(post(START).bearer(&key).json(&start)).await.is(201);
    let code = service.right_code();
    for account in [json!(null), json!("sita"), json!("Hari")] {
        let mut body = json!({"phone": PHONE, "code": code, "account": account});
        if account.is_null() {
            body.as_object_mut().unwrap().remove("account");
        }
        check_phone(&service, &key, body).await.refuses(404, "verification-not-found");
    }
    let wrong_purpose = json!({"phone": PHONE, "code": code, "account": "hari", "purpose": "login"});
    check_phone(&service, &key, wrong_purpose).await.refuses(404, "verification-not-found");
    let right = json!({"phone": PHONE, "code": code, "account": "hari", "purpose": "contact"});
    assert_eq!(check_phone(&service, &key, right).await.is(200)["account"], "hari");
}

#[tokio::test]
async fn a_wrong_code_costs_one_check_until_none_are_left() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    for left in (0..5).rev() {
        let body = if left % 2 == 0 {
            service.check(&token, &id, &service.wrong_code()).await.refuses(422, "code-incorrect")
        } else {
            let body = json!({"phone": PHONE, "code": service.wrong_code()});
            check_phone(&service, &token, body).await.refuses(422, "code-incorrect")
        };
        carries_budget(&body, 3, left);
    }
    let by_id = post(format!("{START}/{id}/checks")).bearer(&token);
    let by_id = service.call_changes_nothing(by_id.json(&json!({"code": service.right_code()}))).await;
    carries_budget(&by_id.refuses(429, "too-many-checks"), 3, 0);
    assert_eq!(by_id.retry_after(), 60);
    let by_phone = post(CHECK_PHONE).bearer(&token);
    let by_phone = by_phone.json(&json!({"phone": PHONE, "code": service.right_code()}));
    service.call_changes_nothing(by_phone).await.refuses(429, "too-many-checks");
    let body = service.call(get(format!("{START}/{id}")).bearer(&token)).await.is(200);
    assert_eq!(body["status"], "locked");
}

#[tokio::test]
async fn a_resend_does_not_refill_the_checks() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    service.check(&token, &id, &service.wrong_code()).await.refuses(422, "code-incorrect");
    service.pass(60);
    carries_budget(&service.resend(&token, &id).await.is(200), 2, 4);
}

#[tokio::test]
async fn what_cannot_be_a_code_costs_nothing() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let codes = [
        "",
        " ",
        "12345",
        "12345678901",
        "12a456",
        "042--137",
        "-042137",
        "042137\u{0}",
        "०४२",
        &"1".repeat(4000),
    ];
    for code in codes {
        let by_id = post(format!("{START}/{id}/checks")).bearer(&token).json(&json!({"code": code}));
        service.call_changes_nothing(by_id).await.refuses(422, "code-malformed");
        let by_phone = post(CHECK_PHONE).bearer(&token).json(&json!({"phone": PHONE, "code": code}));
        service.call_changes_nothing(by_phone).await.refuses(422, "code-malformed");
    }
}

#[tokio::test]
async fn a_code_is_read_as_people_write_it() {
    let devanagari = |code: &str| -> String {
        code.bytes().map(|digit| char::from_u32(0x966 + u32::from(digit - b'0')).unwrap()).collect()
    };
    let spellings: [fn(&str) -> String; 4] = [
        |code| format!(" {} {} ", &code[..3], &code[3..]),
        |code| format!("{}-{}", &code[..3], &code[3..]),
        |code| format!("\t{code}\n"),
        |code| {
            code.chars().map(|digit| char::from_u32(0xff10 + digit.to_digit(10).unwrap()).unwrap()).collect()
        },
    ];
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let code = service.right_code();
    service.check(&token, &id, &devanagari(&code)).await.is(200);
    for spelling in spellings {
        service.check(&token, &id, &spelling(&code)).await.is(200);
    }
}

#[tokio::test]
async fn codes_with_leading_zeros_are_codes() {
    // Some seed of the fakes has one; which is of no interest.
    for seed in 0..200 {
        let service = Service::over(World::builder().seed(seed).build());
        let token = service.user("ram").await;
        let id = service.started(&token).await;
        let code = service.right_code();
        assert_eq!(code.len(), 6);
        if let Some(cut) = code.strip_prefix('0') {
            service.check(&token, &id, cut).await.refuses(422, "code-malformed");
            service.check(&token, &id, &code).await.is(200);
            return;
        }
    }
    panic!("no code began with a zero");
}

#[tokio::test]
async fn unknown_foreign_and_garbage_ids_read_the_same() {
    let policy = Policy::default();
    let service = Service::over(World::builder().application("shop", "Shop", policy).build());
    let ram = service.user("ram").await;
    let id = service.started(&ram).await;
    let sita = service.user("sita").await;
    let (_, shop) = service.credential_of("shop", None, None).await;
    let garbage = [
        UNKNOWN_ID,
        "1",
        "checkz",
        "%2e%2e",
        "%00",
        "%ff",
        "%zz",
        "null",
        "'%20OR%201=1--",
        "%2Fchecks",
        "..",
        "{id}",
        "0189-0a5d",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "%F0%9F%98%80",
    ];
    let mut calls: Vec<(&str, String)> =
        garbage.iter().map(|garbage| (ram.as_str(), (*garbage).to_owned())).collect();
    calls.extend([(sita.as_str(), id.clone()), (shop.as_str(), id.clone())]);
    calls.push((ram.as_str(), "x".repeat(60_000)));
    let mut bodies = BTreeSet::new();
    for (token, id) in &calls {
        for (method, tail) in [("GET", ""), ("DELETE", ""), ("POST", "/resends"), ("POST", "/checks")] {
            let mut call = call(method, format!("{START}/{id}{tail}")).bearer(token);
            if tail == "/checks" {
                call = call.json(&json!({"code": service.right_code()}));
            }
            let answer = service.call_changes_nothing(call).await;
            bodies.insert(answer.refuses(404, "verification-not-found").to_string());
        }
    }
    let nothing_live = json!({"phone": OTHER_PHONE, "code": service.right_code()});
    let answer = check_phone(&service, &ram, nothing_live).await;
    bodies.insert(answer.refuses(404, "verification-not-found").to_string());
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

#[tokio::test]
async fn the_right_code_of_somebody_else_is_nobody_s() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let id = service.started(&ram).await;
    let sita = service.user("sita").await;
    let code = service.right_code();
    let by_id = post(format!("{START}/{id}/checks")).bearer(&sita).json(&json!({"code": code}));
    service.call_changes_nothing(by_id).await.refuses(404, "verification-not-found");
    for account in ["ram", "nobody"] {
        let named = json!({"phone": PHONE, "code": code, "account": account});
        let by_phone = post(CHECK_PHONE).bearer(&sita).json(&named);
        service.call_changes_nothing(by_phone).await.refuses(403, "account-forbidden");
    }
    let by_phone = post(CHECK_PHONE).bearer(&sita).json(&json!({"phone": PHONE, "code": code}));
    service.call_changes_nothing(by_phone).await.refuses(404, "verification-not-found");
}

#[tokio::test]
async fn an_admin_key_does_not_check() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let id = service.started(&ram).await;
    let admin = service.key(Scope::Admin).await;
    let code = service.right_code();
    let by_id = post(format!("{START}/{id}/checks")).bearer(&admin).json(&json!({"code": code}));
    service.call_changes_nothing(by_id).await.refuses(403, "scope-missing");
    let by_phone = post(CHECK_PHONE).bearer(&admin).json(&json!({"phone": PHONE, "code": code}));
    service.call_changes_nothing(by_phone).await.refuses(403, "scope-missing");
}

#[tokio::test]
async fn a_check_by_phone_of_a_phone_that_is_none_says_so() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let check = post(CHECK_PHONE).bearer(&ram).json(&json!({"phone": "12", "code": "042137"}));
    let body = service.call_changes_nothing(check).await.refuses(422, "phone-invalid");
    assert_eq!(body["reason"], "wrong-length");
}

#[tokio::test]
async fn of_parallel_right_checks_all_are_answered_and_one_approves() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let code = service.right_code();
    let (one, two, three) = tokio::join!(
        service.check(&token, &id, &code),
        service.check(&token, &id, &code),
        service.check(&token, &id, &code),
    );
    let told: BTreeSet<_> = [one, two, three].iter().map(|answer| answer.is(200).to_string()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(service.only_verification().checks_used, 1);
}
