//! What is left at Sparrow: asked over real sockets.

use std::time::Duration;

use adapters::gateway::SparrowGateway;
use domain::credit::CreditBalance;
use domain::ports::SmsGateway;
use simulator::Behaviour;

use crate::harness::{ENOUGH, MODULE, TOKEN, settings, simulator, sms};
use crate::logs::Logs;
use crate::patience::{Patience, for_each};
use crate::wire::{Play, Wire, http};

/// What is told, with nothing of the token in any line of any crate, and one warning where nothing is told.
async fn told(base_url: &str, patience: Patience) -> Option<CreditBalance> {
    let logs = Logs::capture();
    let gateway = SparrowGateway::new(settings(base_url, patience)).unwrap();
    let told = gateway.credit().await;
    let warnings = logs.warnings(MODULE);
    assert_eq!(warnings.len(), usize::from(told.is_none()), "{warnings:?}");
    let heard = logs.all();
    assert!(heard.contains("TRACE hyper"), "the client below is not heard: {heard}");
    assert!(!format!("{heard}{gateway:?}").contains(TOKEN), "the token is printed: {heard}");
    told
}

#[tokio::test]
async fn what_is_left_is_what_the_account_has() {
    let (simulator, running) = simulator().await;
    let gateway = SparrowGateway::new(settings(&running.base_url(), Patience::Long)).unwrap();
    simulator.set_credits(70);
    assert_eq!(gateway.credit().await, Some(CreditBalance::from_credits(70)));
    gateway.send(&sms(), ENOUGH).await.unwrap();
    assert_eq!(gateway.credit().await, Some(CreditBalance::from_credits(69)));
    simulator.set_credits(0);
    assert_eq!(gateway.credit().await, Some(CreditBalance::default()), "Sparrow refuses with 1012 then");
    assert_eq!(told(&running.base_url(), Patience::Long).await, Some(CreditBalance::default()));
}

#[test]
fn what_makes_no_sense_is_not_told_and_warned_of() {
    let rows = [
        (Behaviour::Refuse { code: 1002 }, Patience::Long),
        (Behaviour::HtmlWith200, Patience::Long),
        (Behaviour::TruncatedJson, Patience::Long),
        (Behaviour::ServerError { status: 503 }, Patience::Long),
        (Behaviour::Redirect { location: "http://127.0.0.1:9/".to_owned() }, Patience::Long),
        (Behaviour::SlowHeaders { millis: 10_000 }, Patience::Short),
        (Behaviour::Hang, Patience::Short),
    ];
    for_each(rows, async |(behaviour, patience)| {
        let (simulator, running) = simulator().await;
        simulator.set_credit_behaviour(behaviour.clone());
        assert_eq!(told(&running.base_url(), patience).await, None, "{behaviour:?}");
    });
}

#[tokio::test]
async fn the_call_is_a_get_with_the_token_and_is_made_once() {
    let body = r#"{"credits_available": 12.5, "credits_consumed": 3, "response_code": 200}"#;
    let wire = Wire::start(Play::Say(http("200 OK", "", body))).await;
    let told = told(&wire.url("/v2"), Patience::Long).await;
    assert_eq!(told, Some(CreditBalance::from_thousandths(12_500)));
    let calls = wire.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].starts_with(&format!("GET /v2/credit/?token={TOKEN} HTTP/1.1\r\n")), "{}", calls[0]);
}

#[tokio::test]
async fn a_gateway_that_is_not_there_tells_nothing_in_time() {
    let (_socket, address) = crate::wire::refusing();
    let base_url = format!("http://{address}/v2");
    let asked = tokio::time::timeout(Duration::from_secs(10), told(&base_url, Patience::Short));
    assert_eq!(asked.await.unwrap(), None);
}
