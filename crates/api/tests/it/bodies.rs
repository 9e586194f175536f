//! Bodies that are not what they should be. Each is refused with its own problem, and nothing is sent or changed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use api::{ApiSettings, BODY_BYTES_MAX, EdgeSettings};
use domain::testkit::World;
use poem::Body;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use crate::harness::{CHECK_PHONE, PHONE, START, Service, call, post};

const JSON: &str = "application/json";

/// Every native operation with a body, and a body that is right in form.
fn operations(id: &str) -> Vec<(String, Value)> {
    vec![
        (START.to_owned(), json!({"phone": PHONE})),
        (CHECK_PHONE.to_owned(), json!({"phone": PHONE, "code": "000000"})),
        (format!("{START}/{id}/checks"), json!({"code": "000000"})),
    ]
}

/// A service in which a verification is live, so that there is something to change.
async fn service() -> (Service, String, String) {
    let service = Service::new();
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    service.pass(60);
    (service, token, id)
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_malformed() {
    let (service, token, id) = service().await;
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let deep_member = format!(r#"{{"phone": {deep}}}"#);
    let bodies: Vec<&[u8]> = vec![
        b"",
        b" ",
        b"{",
        b"}",
        b"[]",
        b"null",
        b"7",
        b"true",
        b"\"phone\"",
        b"[{\"phone\": \"9845550123\"}]",
        b"{\"phone\": \"9845550123\"",
        b"{\"phone\": \"9845550123\"}x",
        b"{}{}",
        b"{'phone': '9845550123'}",
        b"{phone: 1}",
        b"phone=9845550123",
        b"{\"phone\": \"98455\n50123\"}",
        b"{\"phone\": NaN}",
        b"{\"a\": 1,}",
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b"{\"phone\": \"\xff\"}",
        b"{\"phone\": \"\\ud800\"}",
        b"{\"phone\": \"\\x41\"}",
        deep.as_bytes(),
        deep_member.as_bytes(),
        b"{\"phone\": 1e99999}",
    ];
    for (path, _) in operations(&id) {
        for body in &bodies {
            let call = post(&path).bearer(&token).body(JSON, body.to_vec());
            service.call_changes_nothing(call).await.refuses(400, "body-malformed");
        }
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let (service, token, id) = service().await;
    for (path, body) in operations(&id) {
        for content_type in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/xml",
            "application/jsonp",
            "application/json5",
            "json",
            "*/*",
            "text/html; application/json",
            "\u{80}",
        ] {
            let call = post(&path).bearer(&token).body(content_type, body.to_string());
            service.call_changes_nothing(call).await.refuses(415, "media-type-unsupported");
        }
        let untyped = post(&path).bearer(&token).bare_body(body.to_string());
        service.call_changes_nothing(untyped).await.refuses(415, "media-type-unsupported");
    }
    let parameters = "Application/JSON ; charset=UTF-8";
    let call = post(START).bearer(&token).body(parameters, json!({"phone": PHONE}).to_string());
    service.call(call).await.is(200);
}

#[tokio::test]
async fn fields_are_strings_and_nothing_else() {
    let (service, token, id) = service().await;
    let values = [
        json!(42_137),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(null),
        json!(true),
        json!([]),
        json!([PHONE]),
        json!(["042137"]),
        json!({}),
        json!({"phone": PHONE}),
    ];
    for (path, body) in operations(&id) {
        for field in body.as_object().unwrap().keys() {
            for value in &values {
                let mut body = body.clone();
                body[field] = value.clone();
                let call = post(&path).bearer(&token).json(&body);
                let problem = service.call_changes_nothing(call).await.refuses(422, "body-invalid");
                let expected = json!([{"pointer": format!("#/{field}"), "detail": "must be a string"}]);
                assert_eq!(problem["errors"], expected, "{value}");
            }
        }
    }
}

#[tokio::test]
async fn optional_fields_are_left_out_not_null() {
    let (service, token, _) = service().await;
    for field in ["account", "locale", "app_hash", "origin", "purpose"] {
        let call = post(START).bearer(&token).json(&json!({"phone": PHONE, field: null}));
        let problem = service.call_changes_nothing(call).await.refuses(422, "body-invalid");
        assert_eq!(problem["errors"][0]["pointer"], format!("#/{field}"));
    }
}

#[tokio::test]
async fn missing_unknown_and_repeated_fields_are_named() {
    let (service, token, id) = service().await;
    for (path, body) in operations(&id) {
        let fields: Vec<_> = body.as_object().unwrap().keys().collect();
        let nothing = service.call_changes_nothing(post(&path).bearer(&token).json(&json!({}))).await;
        let missing: Vec<_> = fields
            .iter()
            .map(|field| json!({"pointer": format!("#/{field}"), "detail": "is missing"}))
            .collect();
        assert_eq!(nothing.refuses(422, "body-invalid")["errors"], json!(missing));
        for unknown in ["Phone", "phone ", "to", "", "a/b~c", "__proto__", "\u{0}", "दूरभाष"] {
            let mut body = body.clone();
            body[unknown] = json!("x");
            let problem = service.call_changes_nothing(post(&path).bearer(&token).json(&body)).await;
            let pointer = format!("#/{}", unknown.replace('~', "~0").replace('/', "~1"));
            let expected = json!([{"pointer": pointer, "detail": "is not a field of this body"}]);
            assert_eq!(problem.refuses(422, "body-invalid")["errors"], expected);
        }
        let text = body.to_string();
        let twice = format!("{},{}", &text[..text.len() - 1], &text[1..]);
        let problem = service.call_changes_nothing(post(&path).bearer(&token).body(JSON, twice)).await;
        let expected: Vec<_> = fields
            .iter()
            .map(|field| json!({"pointer": format!("#/{field}"), "detail": "is there more than once"}))
            .collect();
        assert_eq!(problem.refuses(422, "body-invalid")["errors"], json!(expected));
    }
}

#[tokio::test]
async fn a_body_full_of_faults_gets_a_short_answer() {
    let (service, token, _) = service().await;
    let faults: Vec<_> = (0..500).map(|number| format!("\"{number}\":1")).collect();
    let body = format!("{{{}}}", faults.join(","));
    assert!(body.len() <= BODY_BYTES_MAX);
    let answer = service.call_changes_nothing(post(START).bearer(&token).body(JSON, body)).await;
    assert_eq!(answer.refuses(422, "body-invalid")["errors"].as_array().unwrap().len(), 20);
    let long_name = format!("{{\"{}\": 1}}", "x".repeat(4000));
    let answer = service.call_changes_nothing(post(START).bearer(&token).body(JSON, long_name)).await;
    answer.refuses(422, "body-invalid");
    assert!(answer.text().len() < 500, "{}", answer.text());
}

/// A right body of exactly that many bytes.
fn padded(body: &Value, bytes: usize) -> Vec<u8> {
    let text = body.to_string();
    assert!(text.len() <= bytes);
    format!("{text}{}", " ".repeat(bytes - text.len())).into_bytes()
}

#[tokio::test]
async fn a_body_has_at_most_4096_bytes() {
    let (service, token, id) = service().await;
    for (path, body) in operations(&id) {
        let call = post(&path).bearer(&token).body(JSON, padded(&body, BODY_BYTES_MAX + 1));
        service.call_changes_nothing(call).await.refuses(413, "body-too-large");
        // Of unknown length, as when it comes in chunks.
        let chunked = Body::from_async_read(io::Cursor::new(padded(&body, BODY_BYTES_MAX + 1)));
        let call = post(&path).bearer(&token).body(JSON, chunked);
        service.call_changes_nothing(call).await.refuses(413, "body-too-large");
        // Whoever says so beforehand need not send it.
        let announced = post(&path).bearer(&token).header("content-length", "4097").body(JSON, endless());
        service.call_changes_nothing(announced).await.refuses(413, "body-too-large");
        let absurd =
            post(&path).bearer(&token).header("content-length", "9".repeat(40)).body(JSON, endless());
        service.call_changes_nothing(absurd).await.refuses(413, "body-too-large");
    }
    let chunked = Body::from_async_read(io::Cursor::new(padded(&json!({"phone": PHONE}), BODY_BYTES_MAX)));
    service.call(post(START).bearer(&token).body(JSON, chunked)).await.is(200);
    service.pass(120);
    let whole = padded(&json!({"phone": PHONE}), BODY_BYTES_MAX);
    service.call(post(START).bearer(&token).body(JSON, whole)).await.is(200);
}

/// A body that begins and never ends; whoever waits for its end waits for ever.
fn endless() -> Body {
    struct Never;
    impl AsyncRead for Never {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }
    Body::from_async_read(Never)
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let edge = EdgeSettings { body_timeout: Duration::from_millis(20), ..EdgeSettings::default() };
    let service = Service::with_settings(World::new(), ApiSettings { edge, ..ApiSettings::default() });
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let mut paths: Vec<_> = operations(&id).into_iter().map(|(path, _)| path).collect();
    paths.push(format!("{START}/{id}/resends"));
    for path in paths {
        let (mut writer, reader) = tokio::io::duplex(64);
        writer.write_all(b"{\"phone\": ").await.unwrap();
        let call = post(path).bearer(&token).body(JSON, Body::from_async_read(reader));
        service.call_changes_nothing(call).await.refuses(408, "request-timeout");
        drop(writer);
    }
    for path in ["/validate_phone/", "/validate_otp/"] {
        let classic = post(path).bearer(&token).body(JSON, endless());
        service.call_changes_nothing(classic).await.tells(408);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed() {
    struct Broken;
    impl AsyncRead for Broken {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionReset)))
        }
    }
    let (service, token, id) = service().await;
    for (path, _) in operations(&id) {
        let call = post(path).bearer(&token).body(JSON, Body::from_async_read(Broken));
        service.call_changes_nothing(call).await.refuses(400, "body-malformed");
    }
    let classic = post("/validate_otp/").bearer(&token).body(JSON, Body::from_async_read(Broken));
    service.call_changes_nothing(classic).await.tells(400);
}

#[tokio::test]
async fn operations_without_a_body_do_not_mind_one() {
    let (service, token, id) = service().await;
    for (method, path) in
        [("GET", START.to_owned()), ("GET", format!("{START}/{id}")), ("GET", "/livez".to_owned())]
    {
        for body in [Body::from("x"), Body::from(vec![0; 10_000]), endless()] {
            let call = call(method, &path).bearer(&token).bare_body(body);
            service.call_changes_nothing(call).await.is(200);
        }
    }
    let resends = || post(format!("{START}/{id}/resends")).bearer(&token);
    service
        .call_changes_nothing(resends().body("text/plain", "\u{0}{"))
        .await
        .refuses(415, "media-type-unsupported");
    service.call_changes_nothing(resends().body(JSON, "{\"x\":")).await.refuses(400, "body-malformed");
    let unknown = resends().body(JSON, "{\"locale\":\"ne\"}");
    service.call_changes_nothing(unknown).await.refuses(422, "body-invalid");
    service.call(resends().body(JSON, "{}")).await.is(200);
    service.pass(120);
    let large = post(format!("{START}/{id}/resends")).bearer(&token).bare_body(vec![0; 4097]);
    service.call_changes_nothing(large).await.refuses(413, "body-too-large");
    let cancel = call("DELETE", format!("{START}/{id}")).bearer(&token).bare_body(vec![0; 10_000]);
    service.call(cancel).await.is(200);
}
