//! Callers who hang up: what was begun is brought to its end.

use domain::ports::SendAnswer;
use domain::verification::{DeliveryState, State};
use poem::Endpoint;
use serde_json::json;

use crate::harness::{Call, PHONE, START, Service, post};

/// Makes the call, hangs up when the gateway has been reached, and waits for what goes on.
async fn hang_up(service: &Service, call: Call) {
    let sent = service.world.gateway.sent().len();
    service.world.gateway.hold();
    {
        let answer = service.endpoint.call(call.into_request());
        tokio::select! {
            biased;
            _ = answer => panic!("the gateway was held, so there was no answer to be had"),
            () = service.world.gateway.reached(sent + 1) => {}
        }
        // Here the answer is dropped, as the server does when a connection ends.
    }
    assert_eq!(service.world.store.verifications()[0].delivery.state, DeliveryState::Sending);
    service.world.gateway.release();
    service.all_done().await;
}

#[tokio::test]
async fn a_start_whose_caller_hung_up_is_recorded() {
    let service = Service::new();
    let token = service.user("ram").await;
    hang_up(&service, post(START).bearer(&token).json(&json!({"phone": PHONE}))).await;
    let kept = service.only_verification();
    assert_eq!((kept.delivery.state, kept.state), (DeliveryState::Sent, State::Pending));
    service.check(&token, &kept.id.to_string(), &service.right_code()).await.is(200);
}

#[tokio::test]
async fn a_resend_whose_caller_hung_up_is_recorded() {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    service.pass(60);
    hang_up(&service, post(format!("{START}/{id}/resends")).bearer(&token)).await;
    assert_eq!(service.only_verification().delivery.state, DeliveryState::Sent);
    assert_eq!(service.only_verification().delivery.number, 2);
}

#[tokio::test]
async fn a_classic_start_whose_caller_hung_up_is_recorded() {
    let service = Service::new();
    let token = service.user("ram").await;
    hang_up(&service, post("/validate_phone/").bearer(&token).form(&[("phone", PHONE)])).await;
    assert_eq!(service.only_verification().delivery.state, DeliveryState::Sent);
}

#[tokio::test]
async fn a_refusal_that_nobody_heard_is_given_back_to_the_limits() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.gateway.answer_next([SendAnswer::Refused]);
    hang_up(&service, post(START).bearer(&token).json(&json!({"phone": PHONE}))).await;
    assert_eq!(service.only_verification().delivery.state, DeliveryState::Failed);
    assert_eq!(service.world.counters.calls("refund"), 1);
}
