//! Gateways that refuse, dependencies that are down, and faults of our own: what callers are told, and that nothing is
//! sent, counted or lost by it.

use std::sync::Arc;
use std::time::Duration;

use api::{ApiSettings, EdgeSettings};
use async_trait::async_trait;
use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{Credential, Scope, SecretHash};
use domain::credit::CreditBalance;
use domain::id::CredentialId;
use domain::phone::Phone;
use domain::ports::{
    CredentialFilter, CredentialStore, Dependency, GatewayFacts, Gateways, Held, Holder, Lost, Page,
    PortError, SendAnswer, SendReport, Sms, SmsGateway,
};
use domain::testkit::World;
use domain::time::Timestamp;
use domain::verification::DeliveryState;
use serde_json::json;

use crate::harness::{
    CHECK_PHONE, Call, PHONE, START, Service, UNKNOWN_ID, carries_budget, delete, get, post,
};

/// Every operation of the native API, as the holder of `token` would call it about `id`.
fn operations(token: &str, id: &str, code: &str) -> Vec<Call> {
    vec![
        post(START).bearer(token).json(&json!({"phone": PHONE})),
        post(CHECK_PHONE).bearer(token).json(&json!({"phone": PHONE, "code": code})),
        post(format!("{START}/{id}/checks")).bearer(token).json(&json!({"code": code})),
        post(format!("{START}/{id}/resends")).bearer(token),
        delete(format!("{START}/{id}")).bearer(token),
        get(format!("{START}/{id}")).bearer(token),
        get(START).bearer(token),
    ]
}

#[tokio::test]
async fn a_gateway_that_refuses_or_is_not_there_costs_nothing() {
    let gateways = [
        (SendAnswer::Refused, 502, "gateway-refused", None),
        (SendAnswer::NotSent, 503, "gateway-unavailable", Some(5)),
    ];
    for (answer, status, code, retry_after) in gateways {
        let service = Service::new();
        let token = service.user("ram").await;
        let before = service.state();
        // More often than any limit allows sends.
        for _ in 0..12 {
            service.world.gateway.answer_next([answer]);
            let refused = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await;
            carries_budget(&refused.refuses(status, code), 4, 5);
            assert_eq!(refused.header("retry-after").map(|text| text.parse().unwrap()), retry_after);
        }
        let after = service.state();
        assert_eq!(after.accounts, before.accounts);
        assert_eq!(service.only_verification().delivery.state, DeliveryState::Failed);
        let id = service.only_verification().id.to_string();
        carries_budget(&service.resend(&token, &id).await.is(200), 3, 5);
        service.check(&token, &id, &service.right_code()).await.is(200);
    }
}

#[tokio::test]
async fn a_resend_that_the_gateway_refuses_keeps_the_code_that_was_sent() {
    for (answer, status, code) in [
        (SendAnswer::Refused, 502, "gateway-refused"),
        (SendAnswer::NotSent, 503, "gateway-unavailable"),
        (SendAnswer::ReceiverRefused, 422, "destination-unsupported"),
    ] {
        let service = Service::new();
        let token = service.user("ram").await;
        let id = service.started(&token).await;
        service.pass(60);
        service.world.gateway.answer_next([answer]);
        carries_budget(&service.resend(&token, &id).await.refuses(status, code), 3, 5);
        service.check(&token, &id, &service.right_code()).await.is(200);
    }
}

#[tokio::test]
async fn nothing_is_sent_or_changed_while_the_store_is_down() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    service.pass(60);
    for call in operations(&token, &id, &service.right_code()) {
        let before = service.state();
        service.world.store.set_down(true);
        let answer = service.call(call).await;
        service.world.store.set_down(false);
        answer.refuses(503, "temporarily-unavailable");
        assert_eq!(answer.retry_after(), 1);
        assert_eq!(service.state(), before);
    }
}

#[tokio::test]
async fn nothing_is_sent_while_the_counters_are_down() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let sita = service.user("sita").await;
    let id = service.started(&ram).await;
    service.pass(60);
    service.world.counters.set_down(true);
    let start = |token: &str| post(START).bearer(token).json(&json!({"phone": PHONE}));
    let resend = post(format!("{START}/{id}/resends")).bearer(&ram);
    for call in [start(&sita), start(&ram), resend] {
        let answer = service.call_changes_nothing(call).await;
        answer.refuses(503, "temporarily-unavailable");
    }
    // A code that was sent can be checked all the same: its limits are in the store.
    service.check(&ram, &id, &service.wrong_code()).await.refuses(422, "code-incorrect");
    service.check(&ram, &id, &service.right_code()).await.is(200);
}

#[tokio::test]
async fn whichever_call_of_the_store_fails_nothing_is_sent() {
    for method in ["holder", "find", "add", "standing", "insert"] {
        let service = Service::new();
        let key = service.key(Scope::Verify).await;
        service.world.store.fail_next(method, 1);
        let start = || post(START).bearer(&key).json(&json!({"phone": PHONE, "account": "hari"}));
        service.call(start()).await.refuses(503, "temporarily-unavailable");
        assert_eq!(service.state().sent, 0, "{method}");
        assert_eq!(service.world.store.verifications(), [], "{method}");
        service.call(start()).await.is(201);
    }
    for method in ["holder", "load", "save"] {
        let service = Service::new();
        let token = service.user("ram").await;
        let id = service.started(&token).await;
        service.pass(60);
        service.world.store.fail_next(method, 1);
        let resend = post(format!("{START}/{id}/resends")).bearer(&token);
        service.call_changes_nothing(resend).await.refuses(503, "temporarily-unavailable");
        service.resend(&token, &id).await.is(200);
    }
}

#[tokio::test]
async fn an_approval_that_could_not_be_stored_is_none() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    service.world.store.fail_next("approve", 1);
    let check =
        post(format!("{START}/{id}/checks")).bearer(&token).json(&json!({"code": service.right_code()}));
    service.call_changes_nothing(check).await.refuses(503, "temporarily-unavailable");
    service.check(&token, &id, &service.right_code()).await.is(200);
}

#[tokio::test]
async fn a_lost_note_of_a_delivery_changes_no_answer() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.store.fail_next("record_delivery", 1);
    let body = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await.is(201);
    assert_eq!(body["delivery"], "sent");
    assert_eq!(service.world.alarms.raised(), [Lost::DeliveryRecord]);
    service.check(&token, body["id"].as_str().unwrap(), &service.right_code()).await.is(200);
}

#[tokio::test]
async fn nothing_is_begun_without_randomness() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.entropy.set_failing(true);
    let start = post(START).bearer(&token).json(&json!({"phone": PHONE}));
    service.call_changes_nothing(start).await.refuses(503, "temporarily-unavailable");
}

/// A gateway with a fault in it.
#[derive(Debug)]
struct BrokenGateway(GatewayFacts);

#[async_trait]
impl SmsGateway for BrokenGateway {
    fn facts(&self) -> &GatewayFacts {
        &self.0
    }

    fn carries_to(&self, _: Phone) -> bool {
        true
    }

    async fn send(&self, _: &Sms, _: Duration) -> Result<SendReport, Held> {
        panic!("the gateway panicked: 042137");
    }

    async fn credit(&self) -> Option<CreditBalance> {
        None
    }
}

#[tokio::test]
async fn a_panic_is_told_like_any_fault_of_ours() {
    let world = World::new();
    let mut verifier = world.verifier.clone();
    verifier.ports.gateways = Gateways::one(Arc::new(BrokenGateway(GatewayFacts {
        name: "broken".into(),
        kind: "broken",
        host: "localhost".into(),
        sender: "Demo".into(),
        credit_low: CreditBalance::default(),
        credit_low_days: 0,
    })));
    let settings = ApiSettings::default();
    let service = Service::with_verifier(world, verifier, settings);
    let token = service.user("ram").await;
    let start = post(START).bearer(&token).json(&json!({"phone": PHONE}));
    let body = service.call(start).await.refuses(500, "internal-error");
    assert_eq!(body["title"], "Something went wrong here");
    let classic = post("/validate_phone/").bearer(&service.user("sita").await).json(&json!({"phone": PHONE}));
    service.call(classic).await.tells(500);
}

/// Credentials with a fault in their store.
#[derive(Debug)]
struct BrokenCredentials;

#[async_trait]
impl CredentialStore for BrokenCredentials {
    async fn issue(&self, _: &Credential, _: &SecretHash) -> Result<(), PortError> {
        panic!("not called")
    }

    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, PortError> {
        // Which of the two faults it is hangs on the presented secret.
        assert!(hash.bytes()[0].is_multiple_of(2), "a panic in the authentication");
        Err(PortError::inconsistent(Dependency::Store, "row 7 of sqlx is torn"))
    }

    async fn list_credentials(
        &self,
        _: &ApplicationId,
        _: CredentialFilter,
        _: Page<CredentialId>,
    ) -> Result<Vec<(Credential, Option<Username>)>, PortError> {
        panic!("not called")
    }

    async fn load_credential(
        &self,
        _: &ApplicationId,
        _: CredentialFilter,
        _: CredentialId,
    ) -> Result<Option<(Credential, Option<Username>)>, PortError> {
        panic!("not called")
    }

    async fn revoke(
        &self,
        _: &ApplicationId,
        _: CredentialFilter,
        _: CredentialId,
        _: Timestamp,
    ) -> Result<Option<Credential>, PortError> {
        panic!("not called")
    }
}

#[tokio::test]
async fn a_fault_in_the_authentication_is_told_in_the_form_of_its_operation() {
    let world = World::new();
    let mut verifier = world.verifier.clone();
    verifier.ports.credentials = Arc::new(BrokenCredentials);
    let settings = ApiSettings::default();
    let service = Service::with_verifier(world, verifier, settings);
    // Enough secrets that both faults happen.
    for number in 0..16 {
        let token = format!("svu_{number:064}");
        for call in operations(&token, UNKNOWN_ID, "042137") {
            service.call_changes_nothing(call).await.refuses(500, "internal-error");
        }
        for path in ["/validate_phone/", "/validate_otp/"] {
            let classic = post(path).bearer(&token).json(&json!({"phone": PHONE}));
            service.call_changes_nothing(classic).await.tells(500);
        }
    }
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up_and_its_work_goes_on() {
    let edge = EdgeSettings { answer_timeout: Duration::from_millis(20), ..EdgeSettings::default() };
    let service = Service::with_settings(World::new(), ApiSettings { edge, ..ApiSettings::default() });
    let token = service.user("ram").await;
    service.world.gateway.hold();
    let start = post(START).bearer(&token).json(&json!({"phone": PHONE}));
    service.call(start).await.refuses(503, "temporarily-unavailable");
    let classic = post("/validate_phone").bearer(&service.user("sita").await).json(&json!({"phone": PHONE}));
    service.call(classic).await.tells(503);
    service.world.gateway.release();
    service.all_done().await;
    let delivered: Vec<_> =
        service.world.store.verifications().iter().map(|verification| verification.delivery.state).collect();
    assert_eq!(delivered, [DeliveryState::Sent, DeliveryState::Sent]);
}
