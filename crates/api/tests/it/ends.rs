//! Resends, cancels, and what is told of a verification that is over.

use domain::credential::Scope;
use domain::testkit::World;
use domain::verification::State;
use serde_json::{Value, json};

use crate::harness::{Answer, CHECK_PHONE, PHONE, START, Service, carries_budget, delete, post};

async fn cancel(service: &Service, token: &str, id: &str) -> Answer {
    service.call(delete(format!("{START}/{id}")).bearer(token)).await
}

#[tokio::test]
async fn a_resend_sends_the_same_code_and_waits_longer_each_time() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let code = service.right_code();
    for (sends_left, wait) in [(2, 60), (1, 120)] {
        service.pass(wait);
        carries_budget(&service.resend(&token, &id).await.is(200), sends_left, 5);
        assert_eq!(service.right_code(), code);
    }
    let too_soon = service.resend(&token, &id).await;
    too_soon.refuses(429, "resend-too-soon");
    assert_eq!(too_soon.retry_after(), 300);
}

#[tokio::test]
async fn a_resend_late_in_the_life_sends_a_new_code() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let first = service.right_code();
    service.pass(421);
    let body = service.resend(&token, &id).await.is(200);
    assert_eq!(body["expires_at"], "2026-01-15T08:17:01.000Z");
    assert_ne!(service.right_code(), first);
    service.check(&token, &id, &first).await.refuses(422, "code-incorrect");
    service.check(&token, &id, &service.right_code()).await.is(200);
}

#[tokio::test]
async fn a_resend_that_comes_too_soon_says_how_soon() {
    for (passed_ms, told) in [(0, 60), (800, 60), (1000, 59), (59_001, 1), (59_900, 1)] {
        let service = Service::new();
        let token = service.user("ram").await;
        let id = service.started(&token).await;
        service.world.pass(std::time::Duration::from_millis(passed_ms));
        let resend = post(format!("{START}/{id}/resends")).bearer(&token);
        let answer = service.call_changes_nothing(resend).await;
        carries_budget(&answer.refuses(429, "resend-too-soon"), 3, 5);
        assert_eq!(answer.retry_after(), told, "after {passed_ms} ms");
    }
}

#[tokio::test]
async fn sends_run_out() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    for wait in [60, 120, 300] {
        service.pass(wait);
        service.resend(&token, &id).await.is(200);
    }
    service.pass(300);
    let resend = post(format!("{START}/{id}/resends")).bearer(&token);
    let by_resend = service.call_changes_nothing(resend).await;
    let start = post(START).bearer(&token).json(&json!({"phone": PHONE}));
    let by_start = service.call_changes_nothing(start).await;
    for answer in [by_resend, by_start] {
        carries_budget(&answer.refuses(429, "sends-used-up"), 0, 5);
        // The last resend came at 480 s and began a new life; 300 s of it are over.
        assert_eq!(answer.retry_after(), 300);
    }
}

#[tokio::test]
async fn a_canceled_verification_is_over() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let canceled = cancel(&service, &token, &id).await.is(200);
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(cancel(&service, &token, &id).await.is(200), canceled, "canceling twice is the same as once");
    let code = service.right_code();
    service.check(&token, &id, &code).await.refuses(410, "verification-canceled");
    service.resend(&token, &id).await.refuses(410, "verification-canceled");
    let by_phone = post(CHECK_PHONE).bearer(&token).json(&json!({"phone": PHONE, "code": code}));
    service.call_changes_nothing(by_phone).await.refuses(404, "verification-not-found");
}

#[tokio::test]
async fn canceling_is_no_way_around_the_wait() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    cancel(&service, &token, &id).await.is(200);
    let start = || post(START).bearer(&token).json(&json!({"phone": PHONE}));
    let answer = service.call_changes_nothing(start()).await;
    answer.refuses(429, "resend-too-soon");
    assert_eq!(answer.retry_after(), 60);
    service.pass(60);
    assert_ne!(service.call(start()).await.is(201)["id"], id.as_str());
}

#[tokio::test]
async fn an_expired_verification_is_over() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    service.pass(599);
    service.check(&token, &id, &service.wrong_code()).await.refuses(422, "code-incorrect");
    service.pass(1);
    let code = service.right_code();
    service.check(&token, &id, &code).await.refuses(410, "verification-expired");
    service.resend(&token, &id).await.refuses(410, "verification-expired");
    cancel(&service, &token, &id).await.refuses(410, "verification-expired");
    let by_phone = post(CHECK_PHONE).bearer(&token).json(&json!({"phone": PHONE, "code": code}));
    service.call_changes_nothing(by_phone).await.refuses(404, "verification-not-found");
}

#[tokio::test]
async fn an_approved_verification_is_neither_sent_nor_canceled() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.approved(&token).await;
    let code = service.right_code();
    let resend = post(format!("{START}/{id}/resends")).bearer(&token);
    service.call_changes_nothing(resend).await.refuses(409, "verification-approved");
    let cancel = delete(format!("{START}/{id}")).bearer(&token);
    service.call_changes_nothing(cancel).await.refuses(409, "verification-approved");
    service.pass(600);
    service.check(&token, &id, &code).await.refuses(410, "verification-expired");
    service.resend(&token, &id).await.refuses(410, "verification-expired");
}

#[tokio::test]
async fn a_locked_verification_is_neither_sent_nor_canceled() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    for _ in 0..5 {
        service.check(&token, &id, &service.wrong_code()).await.refuses(422, "code-incorrect");
    }
    let resend = post(format!("{START}/{id}/resends")).bearer(&token);
    service.call_changes_nothing(resend).await.refuses(429, "too-many-checks");
    let cancel = delete(format!("{START}/{id}")).bearer(&token);
    service.call_changes_nothing(cancel).await.refuses(429, "too-many-checks");
    service.pass(3600);
    // The wait is over, and there is still a second to tell.
    assert_eq!(service.resend(&token, &id).await.retry_after(), 1);
}

#[tokio::test]
async fn an_admin_key_looks_and_cancels_but_does_not_send() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let admin = service.key(Scope::Admin).await;
    service.pass(60);
    let resend = post(format!("{START}/{id}/resends")).bearer(&admin);
    service.call_changes_nothing(resend).await.refuses(403, "scope-missing");
    assert_eq!(cancel(&service, &admin, &id).await.is(200)["status"], "canceled");
}

#[tokio::test]
async fn a_key_acts_for_the_accounts_of_its_application_only() {
    let world = World::builder().application("shop", "Shop", domain::policy::Policy::default()).build();
    let service = Service::over(world);
    let ram = service.user("ram").await;
    let id = service.started(&ram).await;
    let (_, foreign) = service.credential_of("shop", None, None).await;
    let call = delete(format!("{START}/{id}")).bearer(&foreign);
    service.call_changes_nothing(call).await.refuses(404, "verification-not-found");
    let own = service.key(Scope::Verify).await;
    service.pass(60);
    service.resend(&own, &id).await.is(200);
    cancel(&service, &own, &id).await.is(200);
    assert!(matches!(service.only_verification().state, State::Canceled { .. }));
}

#[tokio::test]
async fn after_an_end_everything_told_of_it_is_the_same_whoever_asks_by_id() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let id = service.started(&ram).await;
    cancel(&service, &ram, &id).await.is(200);
    let key = service.key(Scope::Verify).await;
    let code = service.right_code();
    let told: Vec<Value> = vec![
        service.check(&ram, &id, &code).await.refuses(410, "verification-canceled"),
        service.check(&key, &id, &code).await.refuses(410, "verification-canceled"),
    ];
    assert_eq!(told[0], told[1]);
}
