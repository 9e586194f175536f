//! What is left at the gateway: asked over real sockets.

use adapters::gateway::http::HttpGatewayCredit;
use adapters::gateway::{HttpGateway, HttpGatewaySettings};
use domain::credit::CreditBalance;
use domain::ports::SmsGateway;

use crate::harness::{MODULE, SECRET, pairs, parts, settings};
use crate::logs::Logs;
use crate::patience::{Patience, for_each};
use crate::wire::{self, Play, Wire, http};

fn asking(url: String) -> HttpGatewayCredit {
    HttpGatewayCredit { url, query: vec![], headers: vec![], form: vec![], pointer: "/left/0".to_owned() }
}

/// What is told, with no secret in any line of any crate, and one warning where nothing is told.
async fn told(credit: HttpGatewayCredit, patience: Patience) -> Option<CreditBalance> {
    let logs = Logs::capture();
    let settings =
        HttpGatewaySettings { credit: Some(credit), ..settings("http://127.0.0.1:9/private-path", patience) };
    let printed = format!("{settings:?}");
    let gateway = HttpGateway::new(settings).unwrap();
    let told = gateway.credit().await;
    let warnings = logs.warnings(MODULE);
    assert_eq!(warnings.len(), usize::from(told.is_none()), "{warnings:?}");
    let heard = logs.all();
    assert!(heard.contains("TRACE hyper"), "the client below is not heard: {heard}");
    for secret in [SECRET, "private", "QUMxOmEtdm"] {
        assert!(!format!("{printed}{heard}{gateway:?}").contains(secret), "{secret} is printed: {heard}");
    }
    told
}

#[tokio::test]
async fn what_is_left_stands_where_the_pointer_says() {
    for (body, thousandths) in [
        (r#"{"left": [70]}"#, 70_000),
        (r#"{"left": ["12.5", 3]}"#, 12_500),
        (r#"{"left": [-3]}"#, 0),
        (r#"{"left": [1e300]}"#, CreditBalance::MAX.thousandths()),
    ] {
        let wire = Wire::start(Play::Say(http("200 OK", "", body))).await;
        let told = told(asking(wire.url("/private")), Patience::Long).await;
        assert_eq!(told, Some(CreditBalance::from_thousandths(thousandths)), "{body}");
        let head = parts(&wire.calls()).0;
        assert!(head.starts_with("get /private http/1.1\r\n"), "{head}");
        assert!(head.contains("authorization: basic "), "{head}");
    }
}

#[tokio::test]
async fn a_token_goes_where_the_gateway_wants_it() {
    let body = r#"{"left": [1]}"#;
    let wire = Wire::start(Play::Say(http("200 OK", "", body))).await;
    let credit = HttpGatewayCredit {
        query: pairs([("key", "{secret}")]),
        headers: pairs([("x-key", "{secret}")]),
        ..asking(wire.url("/private?v=1"))
    };
    assert!(told(credit, Patience::Long).await.is_some());
    let head = parts(&wire.calls()).0;
    let line = "get /private?v=1&key=a-very.private%2btoken%26%3d%25%22%5c http/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
    assert!(head.contains(&format!("x-key: {SECRET}\r\n")), "{head}");

    let wire = Wire::start(Play::Say(http("200 OK", "", body))).await;
    let form = pairs([("auth_token", "{secret}")]);
    assert!(told(HttpGatewayCredit { form, ..asking(wire.url("/private")) }, Patience::Long).await.is_some());
    let (head, form) = parts(&wire.calls());
    assert!(head.starts_with("post /private http/1.1\r\n"), "{head}");
    assert_eq!(form, "auth_token=a-very.private%2Btoken%26%3D%25%22%5C");
}

#[test]
fn what_makes_no_sense_is_not_told_and_warned_of() {
    let good = r#"{"left": [5]}"#;
    let rows = [
        (Play::Say(http("403 No", "", good)), Patience::Long),
        (Play::Say(http("302 Found", "Location: /\r\n", good)), Patience::Long),
        (Play::Say(http("500 Oops", "", good)), Patience::Long),
        (Play::Say(http("200 OK", "", "<html>")), Patience::Long),
        (Play::Say(http("200 OK", "", r#"{"left": ["many"]}"#)), Patience::Long),
        (Play::Say(http("200 OK", "", r#"{"left": []}"#)), Patience::Long),
        (Play::Say(http("200 OK", "", &format!("{good}{}", " ".repeat(70_000)))), Patience::Long),
        (Play::CloseAtOnce, Patience::Long),
        (Play::SayAndHold(vec![]), Patience::Short),
    ];
    for_each(rows, async |(play, patience)| {
        let wire = Wire::start(play.clone()).await;
        assert_eq!(told(asking(wire.url("/private")), patience).await, None, "{play:?}");
        assert!(wire.calls().len() <= 1);
    });
}

#[tokio::test]
async fn a_gateway_that_does_not_tell_is_not_asked() {
    let (_bound, refusing) = wire::refusing();
    let logs = Logs::capture();
    let gateway = HttpGateway::new(settings(&format!("http://{refusing}/"), Patience::Short)).unwrap();
    assert_eq!((gateway.credit().await, logs.warnings(MODULE).len()), (None, 0));
}
