//! A law: whatever bytes are posted, the answer is in its form, is no fault of ours, and an SMS leaves only where the
//! answer says so.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::harness::{CHECK_PHONE, Call, PHONE, START, Service, UNKNOWN_ID, call, post};

const FIELDS: [&str; 9] =
    ["phone", "code", "account", "locale", "app_hash", "origin", "purpose", "otp", "username"];
const METHODS: [&str; 9] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW"];
const CONTENT_TYPES: [&str; 5] = [
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "text/plain",
    "",
];

/// Everything that can be posted to.
fn paths(id: &str) -> Vec<String> {
    vec![
        START.to_owned(),
        CHECK_PHONE.to_owned(),
        format!("{START}/{id}/checks"),
        format!("{START}/{UNKNOWN_ID}/checks"),
        format!("{START}/{id}/resends"),
        "/validate_phone/".to_owned(),
        "/validate_phone".to_owned(),
        "/validate_otp/".to_owned(),
        "/validate_otp".to_owned(),
    ]
}

/// A service in which ram has a live verification, for many calls.
struct Ground {
    runtime: Runtime,
    service: Service,
    token: String,
    id: String,
}

impl Ground {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let service = Service::new();
        let token = runtime.block_on(service.user("ram"));
        let id = runtime.block_on(service.started(&token));
        Self { runtime, service, token, id }
    }

    /// The law; the harness looks at the form.
    fn holds(&self, call: Call) {
        let before = self.service.world.gateway.sent().len();
        let answer = self.runtime.block_on(self.service.call(call));
        assert!(answer.status < 500, "{answer:?}");
        let sent = self.service.world.gateway.sent().len() - before;
        assert!(sent == 0 || (sent == 1 && matches!(answer.status, 200 | 201)), "{sent} SMS: {answer:?}");
    }
}

fn for_all<S: Strategy>(strategy: &S, cases: u32, law: impl Fn(S::Value)) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(strategy, |value| {
        law(value);
        Ok(())
    });
    if let Err(failure) = run {
        panic!("{failure}");
    }
}

/// Texts, among them those that mean something somewhere.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[0-9+ -]{0,16}",
        Just(PHONE.to_owned()),
        Just("ram".to_owned()),
        Just("042137".to_owned()),
        Just("contact".to_owned()),
        Just("\u{0}".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![3 => prop::sample::select(FIELDS.as_slice()).prop_map(str::to_owned), 1 => any::<String>()]
}

#[test]
fn any_bytes_are_answered_in_form() {
    let ground = Ground::new();
    let paths = paths(&ground.id);
    let posted = (
        0..paths.len(),
        prop::sample::select(CONTENT_TYPES.as_slice()),
        prop::collection::vec(any::<u8>(), 0..300),
    );
    for_all(&posted, 400, |(path, content_type, bytes)| {
        ground.holds(post(&paths[path]).bearer(&ground.token).body(content_type, bytes));
    });
}

#[test]
fn any_json_is_answered_in_form() {
    let ground = Ground::new();
    let paths = paths(&ground.id);
    for_all(&(0..paths.len(), value()), 400, |(path, value)| {
        ground.holds(post(&paths[path]).bearer(&ground.token).json(&value));
    });
}

#[test]
fn any_strings_in_any_fields_are_answered_in_form() {
    let ground = Ground::new();
    let paths = paths(&ground.id);
    let members = prop::collection::vec((prop::sample::select(FIELDS.as_slice()), text()), 0..5);
    for_all(&(0..paths.len(), members, any::<bool>()), 400, |(path, members, form)| {
        let call = post(&paths[path]).bearer(&ground.token);
        let fields: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let object: Map<_, _> =
            members.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
        ground.holds(if form { call.form(&fields) } else { call.json(&Value::Object(object)) });
    });
}

#[test]
fn any_path_and_method_are_answered_in_form() {
    let ground = Ground::new();
    let part = prop_oneof![
        Just("v1".to_owned()),
        Just("verifications".to_owned()),
        Just("checks".to_owned()),
        Just("docs".to_owned()),
        Just("validate_phone".to_owned()),
        Just(ground.id.clone()),
        "[!-~&&[^?#]]{0,12}",
        "(%[0-9a-fA-F]{2}){1,6}",
    ];
    let asked = (
        prop::sample::select(METHODS.as_slice()),
        prop::collection::vec(part, 0..6),
        prop::option::of("[ -~&&[^# \"<>]]{0,20}"),
    );
    for_all(&asked, 600, |(method, parts, query)| {
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("/{}{query}", parts.join("/"));
        // What the HTTP library does not read never comes here.
        if path.parse::<poem::http::Uri>().is_ok() {
            ground.holds(call(method, path).bearer(&ground.token));
        }
    });
}
