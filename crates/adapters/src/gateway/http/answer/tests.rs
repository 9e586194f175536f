use std::collections::BTreeSet;

use domain::message::{AppName, Content, Locale, MessageFormat};
use domain::phone::Phone;
use serde_json::json;

use super::super::settings::RefusalMeans;
use super::*;

fn sms() -> Sms {
    let content =
        Content { locale: Locale::English, code: "042137", minutes: 10, app_hash: None, origin: None };
    let text = MessageFormat::new(AppName::parse("Example").unwrap()).render(&content);
    Sms { to: Phone::from_digits(9_779_841_234_567).unwrap(), text }
}

fn rules(refusals: Vec<HttpGatewayRefusal>, success: Vec<JsonCondition>) -> Rules {
    let mut settings = HttpGatewaySettings::new("own", "https://example.com");
    settings.refusals = refusals;
    settings.success.json = success;
    Rules::parse(&settings).unwrap()
}

fn rule(status: &str, json: Vec<JsonCondition>, means: RefusalMeans) -> HttpGatewayRefusal {
    HttpGatewayRefusal { status: vec![status.parse().unwrap()], json, means }
}

#[test]
fn no_answer_lets_the_sms_go_again_unless_it_proves_that_nothing_was_sent() {
    let rules = rules(Vec::new(), vec![JsonCondition::equals("/ok", true)]);
    for status in 100..=999 {
        for body in
            [None, Some(&b"<html>"[..]), Some(b"{}"), Some(b"{\"ok\": false}"), Some(b"{\"ok\": true}")]
        {
            let answer = rules.judge(status, body, &sms()).report.answer;
            let taken = body == Some(b"{\"ok\": true}");
            let expected = match status {
                200..=299 if taken => SendAnswer::Accepted,
                303 => SendAnswer::Unknown,
                429 if !taken => SendAnswer::NotSent,
                300..=499 if !taken => SendAnswer::Refused,
                _ => SendAnswer::Unknown,
            };
            assert_eq!(answer, expected, "{status} {body:?}");
        }
    }
}

#[test]
fn the_first_rule_that_fits_decides() {
    let code = |code: u16| vec![JsonCondition::equals("/code", code)];
    let rules = rules(
        vec![
            rule("400", code(1), RefusalMeans::ReceiverRefused),
            rule("4xx", code(1), RefusalMeans::NotSent),
            rule("4xx", Vec::new(), RefusalMeans::Refused),
            rule("4xx", code(2), RefusalMeans::ReceiverRefused),
        ],
        Vec::new(),
    );
    let by = |status: u16, code: u16| {
        let judged = rules.judge(status, Some(json!({ "code": code }).to_string().as_bytes()), &sms());
        (judged.report.answer, judged.by)
    };
    assert_eq!(by(400, 1), (SendAnswer::ReceiverRefused, By::Refusal(1)));
    assert_eq!(by(404, 1), (SendAnswer::NotSent, By::Refusal(2)));
    assert_eq!(by(404, 2), (SendAnswer::Refused, By::Refusal(3)));
    assert_eq!(by(200, 1), (SendAnswer::Accepted, By::Success));
}

#[test]
fn values_are_equal_if_they_are_as_large_and_of_one_kind() {
    for (one, other) in [
        (json!(1), json!(1.0)),
        (json!(21211), json!(21211)),
        (json!("a"), json!("a")),
        (json!(null), json!(null)),
        (json!([1, {"a": "b"}]), json!([1, {"a": "b"}])),
    ] {
        assert!(equal(&one, &other), "{one} {other}");
    }
    for (one, other) in [
        (json!(1), json!("1")),
        (json!(1), json!(true)),
        (json!(null), json!(false)),
        (json!("a"), json!("A")),
        (json!(1), json!(1.5)),
    ] {
        assert!(!equal(&one, &other) && !equal(&other, &one), "{one} {other}");
    }
}

#[test]
fn a_pointer_is_one_of_rfc_6901() {
    for text in ["", "/", "/a", "/a/0/b", "/~0~1", "//", "/a b"] {
        assert_eq!(pointer(text), Ok(()), "{text}");
    }
    for text in ["a", "a/b", "/~", "/~2", "/a~", "#/a", "$.a"] {
        assert_eq!(pointer(text), Err(HttpGatewayProblem::Pointer), "{text}");
    }
}

#[test]
fn each_thing_that_decides_has_its_words() {
    let all = [By::Success, By::Refusal(1), By::Refusal(2), By::Status, By::Contradiction];
    assert_eq!(all.map(By::words).into_iter().collect::<BTreeSet<_>>().len(), all.len());
}
