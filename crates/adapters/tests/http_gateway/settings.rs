//! Which settings are taken, and that a fault says where and what, and nothing secret.

use adapters::gateway::http::{
    GatewaySecret, HttpGatewayBody, HttpGatewayCredit, HttpGatewayProblem, HttpGatewayRefusal, JsonCondition,
    RefusalMeans, StatusRange,
};
use adapters::gateway::{HttpGateway, HttpGatewaySettings, HttpGatewaySettingsFault};
use serde_json::json;
use std::time::Duration;

use crate::harness::{pairs, settings};
use crate::patience::Patience;

const URL: &str = "https://sms.example.com/send";

type Change = fn(&mut HttpGatewaySettings);

/// Where the fault is that this change makes, and what it says.
fn fault(change: Change) -> (&'static str, String, HttpGatewayProblem) {
    let mut settings = settings(URL, Patience::Long);
    change(&mut settings);
    let fault = HttpGateway::new(settings).unwrap_err();
    let said = format!("{fault} {fault:?}");
    assert!(!said.contains("private"), "{said}");
    match fault {
        HttpGatewaySettingsFault::Setting { key, at, problem } => (key, at, problem),
        HttpGatewaySettingsFault::Client(error) => panic!("{error}"),
    }
}

fn fields(value: &str) -> HttpGatewayBody {
    HttpGatewayBody::Form(pairs([("to", "{to}"), ("text", "{text}"), ("private", value)]))
}

fn credit() -> HttpGatewayCredit {
    HttpGatewayCredit {
        url: URL.to_owned(),
        query: vec![],
        headers: vec![],
        form: vec![],
        pointer: "/left".to_owned(),
    }
}

#[test]
fn the_settings_of_a_plain_webhook_are_taken() {
    assert!(HttpGateway::new(HttpGatewaySettings::new("own", URL)).is_ok());
    assert!(HttpGateway::new(settings(URL, Patience::Long)).is_ok());
}

#[test]
fn a_fault_names_the_setting() {
    let rows: [(Change, &str, &str); 30] = [
        (|s| s.name = "Not A Slug".to_owned(), "name", ""),
        (|s| s.sender = " Example".to_owned(), "sender", ""),
        (|s| s.sender = "i".repeat(65), "sender", ""),
        (|s| s.url = "http://sms.example.com".to_owned(), "url", ""),
        (|s| s.url = "https://sms.example.com/?to={to}".to_owned(), "url", ""),
        (|s| s.url = "https://user:private@sms.example.com/".to_owned(), "url", ""),
        (|s| s.headers = pairs([("bad name", "x")]), "headers", "bad name"),
        (|s| s.headers = pairs([("x", "नौ")]), "headers", "x"),
        (|s| s.headers = pairs([("x", "a\r\nb: c")]), "headers", "x"),
        (|s| s.headers = pairs([("x", "1"), ("X", "2")]), "headers", "X"),
        (|s| s.headers = pairs([("Content-Length", "1")]), "headers", "Content-Length"),
        (|s| s.headers = pairs([("Authorization", "{secret}")]), "headers", "Authorization"),
        (|s| s.headers = pairs([("x", "{to}")]), "headers", "x"),
        (|s| s.headers = vec![("x".to_owned(), "y".to_owned()); 33], "headers", ""),
        (|s| s.body = HttpGatewayBody::Form(pairs([("to", "{to}")])), "form", ""),
        (|s| s.body = HttpGatewayBody::Form(pairs([("text", "{text}")])), "form", ""),
        (
            |s| s.body = HttpGatewayBody::Json(json!({ "a/b": ["{text}", { "c~": "{to" }] })),
            "json",
            "/a~1b/1/c~0",
        ),
        (|s| s.body = HttpGatewayBody::Json(json!("{to} {text} {nothing}")), "json", ""),
        (|s| s.secret = Some(GatewaySecret::from("")), "secret", ""),
        (|s| s.basic_auth.as_mut().unwrap().user = "a:b".to_owned(), "basic_auth", ""),
        (|s| s.bearer = Some(GatewaySecret::from("private")), "bearer", ""),
        (|s| s.success.status = vec![], "success.status", ""),
        (|s| s.success.status = vec!["4xx".parse().unwrap()], "success.status", ""),
        (|s| s.success.json = vec![JsonCondition::equals("error", false)], "success.json", ""),
        (|s| s.refusals = vec![rule("4xx", "/~2"), rule("4xx", "/a")], "refusals", "1"),
        (|s| s.message_id = Some("sid".to_owned()), "message_id", ""),
        (|s| s.total_timeout = Duration::from_secs(61), "total_timeout", ""),
        (|s| s.connect_timeout = s.total_timeout, "total_timeout", ""),
        (
            |s| s.credit = Some(HttpGatewayCredit { pointer: "left".to_owned(), ..credit() }),
            "credit.pointer",
            "",
        ),
        (
            |s| s.credit = Some(HttpGatewayCredit { form: pairs([("a", "{text}")]), ..credit() }),
            "credit.form",
            "a",
        ),
    ];
    for (place, (change, key, at)) in rows.into_iter().enumerate() {
        let found = fault(change);
        assert_eq!((found.0, found.1.as_str()), (key, at), "row {place}: {}", found.2);
    }
}

fn rule(status: &str, pointer: &str) -> HttpGatewayRefusal {
    HttpGatewayRefusal {
        status: vec![status.parse().unwrap()],
        json: vec![JsonCondition::equals(pointer, 1)],
        means: RefusalMeans::Refused,
    }
}

#[test]
fn a_template_says_what_is_wrong_with_it() {
    let rows: [(Change, HttpGatewayProblem); 6] = [
        (|s| s.body = fields("{"), HttpGatewayProblem::Brace),
        (|s| s.body = fields("{code}"), HttpGatewayProblem::Placeholder),
        (|s| s.body = fields("{secret.other}"), HttpGatewayProblem::NoSecret),
        (
            |s| {
                s.sender = String::new();
                s.body = fields("{sender}");
            },
            HttpGatewayProblem::NoSender,
        ),
        (|s| s.body = HttpGatewayBody::Json(json!(["{to}"])), HttpGatewayProblem::Lacks { name: "text" }),
        (|s| s.headers = pairs([("x", "{text}")]), HttpGatewayProblem::PlaceholderHere { name: "text" }),
    ];
    for (change, problem) in rows {
        let mut settings = settings(URL, Patience::Long);
        change(&mut settings);
        let fault = HttpGateway::new(settings).unwrap_err();
        let HttpGatewaySettingsFault::Setting { problem: found, .. } = &fault else { panic!("{fault}") };
        assert_eq!(*found, problem);
        assert!(fault.to_string().starts_with('`'), "{fault}");
    }
}

#[test]
fn statuses_are_written_in_three_ways() {
    for (text, inside, outside) in [
        ("201", 201, 200),
        ("2xx", 299, 300),
        ("200-204", 204, 205),
        ("400-499", 400, 399),
        ("599", 599, 598),
    ] {
        let range: StatusRange = text.parse().unwrap();
        assert!(range.holds(inside) && !range.holds(outside), "{text}");
    }
    for text in
        ["", "20", "2000", "xx", "6xx", "1xx", "22xx", "204-200", "200-", "-200", "+20", "2x4", "600", " 200"]
    {
        assert!(text.parse::<StatusRange>().is_err(), "{text:?}");
    }
}

#[test]
fn meanings_are_named_as_answers_are() {
    for means in RefusalMeans::ALL {
        assert_eq!(RefusalMeans::parse(means.as_str()), Some(means));
    }
    assert_eq!(RefusalMeans::parse("accepted"), None);
    assert_eq!(RefusalMeans::parse("unknown"), None);
}

#[test]
fn nothing_printed_holds_a_secret() {
    let mut settings = settings("https://sms.example.com/private-path?private=1", Patience::Long);
    settings.secrets.insert("key".to_owned(), GatewaySecret::from("private-secret"));
    // A secret where it does not belong.
    settings.headers = pairs([("x-key", "private-literal")]);
    settings.body = fields("private-literal");
    settings.credit = Some(HttpGatewayCredit {
        url: "https://sms.example.com/private-credit".to_owned(),
        query: pairs([("k", "private-query")]),
        headers: pairs([("h", "private-header")]),
        form: pairs([("f", "private-form")]),
        pointer: String::new(),
    });
    let printed = format!("{settings:?}");
    let printed = format!("{printed}{:?}", HttpGateway::new(settings).unwrap());
    assert!(printed.contains("https://sms.example.com") && printed.contains("***"), "{printed}");
    for secret in ["private-", "very.private", "private=1"] {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
}
