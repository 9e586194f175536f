//! The Sparrow gateway over real sockets: against the simulator, which answers as Sparrow does, and (`junk`) against
//! servers that speak anything but sense.
//!
//! No test installs a provider of cryptography: the gateway must have done it.

#[cfg(test)]
#[path = "sparrow/credit.rs"]
mod credit;
#[cfg(test)]
#[path = "sparrow/guarded.rs"]
mod guarded;
#[cfg(test)]
#[path = "sparrow/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "sparrow/junk.rs"]
mod junk;
#[cfg(test)]
#[path = "sparrow/logs.rs"]
mod logs;
#[cfg(test)]
#[path = "http/patience.rs"]
mod patience;
#[cfg(test)]
#[path = "sparrow/simulated.rs"]
mod simulated_gateway;
#[cfg(test)]
#[path = "http/wire.rs"]
mod wire;

use std::sync::Arc;

use adapters::gateway::{SparrowGateway, SparrowSettings, SparrowSettingsFault};
use domain::ports::{SendAnswer, SmsGateway};
use domain::testkit::contract;
use simulator::Behaviour;

use self::harness::{
    ACCEPTED, CODE, ENOUGH, HASH, IDENTITY, MODULE, RECEIVER, TOKEN, gateway, played, send_to, settings,
    simulated, simulator, sms, sms_to,
};
use self::logs::Logs;
use self::patience::{Patience, for_each};
use self::wire::{Play, Wire, http};

#[tokio::test]
async fn an_accepted_sms_arrives_as_it_was_written() {
    let (simulator, running) = simulator().await;
    let (gateway, sms) = (gateway(&running.base_url()), sms());
    assert_eq!(gateway.send(&sms, ENOUGH).await.unwrap().answer, SendAnswer::Accepted);
    let inbox = simulator.inbox(Some("+9779841234567"));
    assert_eq!(inbox.len(), 1);
    assert_eq!((inbox[0].text.as_str(), inbox[0].from.as_str()), (sms.text.as_str(), IDENTITY));
    assert!(inbox[0].text.ends_with(HASH));
}

#[tokio::test]
async fn the_call_is_a_posted_form_with_four_fields_and_nothing_in_the_address() {
    let wire = Wire::start(Play::Say(http("200 OK", "", ACCEPTED))).await;
    assert_eq!(send_to(&wire.url("/v2"), Patience::Long).await, SendAnswer::Accepted);
    let calls = wire.calls();
    let (head, body) = calls[0].split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /v2/sms/ http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
    assert!(head.contains(concat!("user-agent: sparrow-verify/", env!("CARGO_PKG_VERSION"))), "{head}");
    for unwanted in ["authorization", "cookie", "referer", "accept-encoding", "transfer-encoding", "expect"] {
        assert!(!head.contains(unwanted), "{head}");
    }
    let (start, text) = body.split_once("&text=").unwrap();
    assert_eq!(start, format!("token={TOKEN}&from={IDENTITY}&to={RECEIVER}"));
    assert!(text.starts_with(CODE) && text.ends_with("%0Awu%2BaGJ%2F10%2B0"), "{text}");
    assert!(!text.contains('&') && !text.contains('='), "{text}");
}

#[tokio::test]
async fn what_sparrow_accepts_is_accepted_however_slowly() {
    for behaviour in [
        Behaviour::Normal,
        Behaviour::Latency { millis: 100 },
        Behaviour::SlowHeaders { millis: 100 },
        Behaviour::SlowBody { millis: 100 },
    ] {
        assert_eq!(
            simulated(behaviour.clone(), Patience::Long).await,
            (SendAnswer::Accepted, 1),
            "{behaviour:?}"
        );
    }
}

#[tokio::test]
async fn every_refusal_is_told_apart_by_who_must_mend_it() {
    for code in (1000..=1013).chain([1014, 1099, 0, 9999, 1_000_000]) {
        let expected = match code {
            1007 | 1011 => SendAnswer::ReceiverRefused,
            _ => SendAnswer::Refused,
        };
        assert_eq!(simulated(Behaviour::Refuse { code }, Patience::Long).await, (expected, 0), "{code}");
    }
    assert_eq!(simulated(Behaviour::CountZero, Patience::Long).await, (SendAnswer::Refused, 0));
}

#[tokio::test]
async fn an_answer_without_proof_is_unknown() {
    for (behaviour, delivered) in [
        (Behaviour::HtmlWith200, 0),
        (Behaviour::TruncatedJson, 1),
        (Behaviour::ServerError { status: 500 }, 0),
        (Behaviour::ServerError { status: 503 }, 0),
        (Behaviour::AcceptThenFail, 1),
        (Behaviour::ResetMidway, 1),
    ] {
        let answered = simulated(behaviour.clone(), Patience::Long).await;
        assert_eq!(answered, (SendAnswer::Unknown, delivered), "{behaviour:?}");
    }
}

#[test]
fn an_answer_that_comes_too_late_is_unknown() {
    let minute = 60_000;
    let rows = [
        (Behaviour::SlowHeaders { millis: minute }, 1),
        (Behaviour::SlowBody { millis: minute }, 1),
        (Behaviour::Latency { millis: minute }, 0),
        (Behaviour::Hang, 1),
    ];
    for_each(rows, async |(behaviour, delivered)| {
        let answered = simulated(behaviour.clone(), Patience::Short).await;
        assert_eq!(answered, (SendAnswer::Unknown, delivered), "{behaviour:?}");
    });
}

#[tokio::test]
async fn what_stands_before_sparrow_refuses_without_json() {
    for status in [301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 407, 408, 413, 429, 451] {
        for body in ["", "<h1>no</h1>", "{}"] {
            let behaviour = Behaviour::Status { status, body: body.into(), content_type: "text/html".into() };
            let answered = simulated(behaviour, Patience::Long).await;
            assert_eq!(answered, (SendAnswer::Refused, 0), "{status} {body}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_repeats_the_call_puts_nothing_in_the_log() {
    let said = format!("{TOKEN} {CODE} is your code. {HASH} {RECEIVER}");
    let bodies = [
        said.clone(),
        format!(r#"{{"response_code": {RECEIVER}, "count": {RECEIVER}, "response": "{said}"}}"#),
        format!(r#"{{"response_code": "{CODE}", "response": ["{said}"], "{said}": 1}}"#),
        format!(r#"{{"response_code": "{said}"}}"#),
    ];
    for status in [200, 302, 400, 403, 500] {
        for body in &bodies {
            let (body, content_type) = (body.clone(), "application/json".into());
            simulated(Behaviour::Status { status, body, content_type }, Patience::Long).await;
        }
    }
    for play in [
        Play::Say(said.clone().into_bytes()),
        Play::Say(http(&format!("403 {said}"), &format!("X-Said: {said}\r\n"), &said)),
        Play::Say(format!("HTTP/1.1 200 OK\r\n{said}\r\n\r\n").into_bytes()),
        Play::SayFirst(said.into_bytes()),
    ] {
        played(play, Patience::Long).await;
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, elsewhere_running) = simulator().await;
    let location = format!("{}/sms/", elsewhere_running.base_url());
    let redirect = Behaviour::Redirect { location: location.clone() };
    assert_eq!(simulated(redirect, Patience::Long).await, (SendAnswer::Refused, 0));
    let location = format!("Location: {location}\r\n");
    for (status, expected) in [
        ("301 Moved Permanently", SendAnswer::Refused),
        ("302 Found", SendAnswer::Refused),
        ("303 See Other", SendAnswer::Unknown),
        ("307 Temporary Redirect", SendAnswer::Refused),
        ("308 Permanent Redirect", SendAnswer::Refused),
    ] {
        let answer = played(Play::Say(http(status, &location, "")), Patience::Long).await;
        assert_eq!(answer, expected, "{status}");
    }
    assert_eq!(elsewhere.calls(), 0);
}

#[tokio::test]
async fn a_phone_of_another_country_is_refused_without_a_call() {
    let (simulator, running) = simulator().await;
    let logs = Logs::capture();
    for digits in [14_155_552_671, 919_876_543_210, 97_714_412_345] {
        let answer = gateway(&running.base_url()).send(&sms_to(digits), ENOUGH).await.unwrap().answer;
        assert_eq!(answer, SendAnswer::ReceiverRefused, "{digits}");
        assert!(!logs.all().contains(&digits.to_string()));
    }
    assert_eq!((simulator.calls(), logs.warnings(MODULE).len()), (0, 3));
}

#[tokio::test]
async fn fifty_sends_at_once_are_fifty_calls() {
    let (simulator, running) = simulator().await;
    let gateway = Arc::new(gateway(&running.base_url()));
    let sends: Vec<_> = (0..50)
        .map(|number| {
            let gateway = Arc::clone(&gateway);
            tokio::spawn(
                async move { gateway.send(&sms_to(9_779_841_234_500 + number), ENOUGH).await.unwrap() },
            )
        })
        .collect();
    for send in sends {
        assert_eq!(send.await.unwrap().answer, SendAnswer::Accepted);
    }
    assert_eq!((simulator.calls(), simulator.inbox(None).len()), (50, 50));
}

#[tokio::test]
async fn the_operator_reads_what_happened_and_why() {
    let warned = async |base_url: &str| {
        let logs = Logs::capture();
        SparrowGateway::new(settings(base_url, Patience::Short)).unwrap().send(&sms(), ENOUGH).await.unwrap();
        logs.warnings(MODULE).concat()
    };
    let (simulator, running) = simulator().await;
    let rows = [
        (
            Behaviour::Refuse { code: 1012 },
            "class=refused http_status=403 response_code=1012 meaning=no credits",
        ),
        (Behaviour::Refuse { code: 1007 }, "class=receiver-refused http_status=403 response_code=1007"),
        (Behaviour::CountZero, "class=refused http_status=200 response_code=200 meaning=success count=0"),
        (Behaviour::ServerError { status: 502 }, "class=unknown http_status=502"),
        (Behaviour::ResetMidway, "class=unknown http_status=200 error="),
        (Behaviour::Hang, "class=unknown error="),
        (
            Behaviour::Status {
                status: 200,
                body: r#"{"response_code": 200, "count": 1, "credit_consumed": 2}"#.into(),
                content_type: "application/json".into(),
            },
            "class=accepted count=1 credit_consumed=2",
        ),
    ];
    for (behaviour, expected) in rows {
        simulator.set_behaviour(behaviour);
        let warning = warned(&running.base_url()).await;
        assert!(warning.contains(expected), "{warning}");
    }
    simulator.reset_behaviour();
    assert_eq!(warned(&running.base_url()).await, "");
    let (_bound, refusing) = wire::refusing();
    let warning = warned(&format!("http://{refusing}/v2")).await;
    assert!(warning.contains("class=not-sent") && warning.contains("refused"), "{warning}");
    assert!(!warning.contains("/v2"), "{warning}");
}

#[tokio::test]
async fn it_keeps_the_contract_of_gateways() {
    let (simulator, running) = simulator().await;
    for behaviour in [Behaviour::Normal, Behaviour::Refuse { code: 1002 }, Behaviour::Hang] {
        simulator.set_behaviour(behaviour);
        let gateway = SparrowGateway::new(settings(&running.base_url(), Patience::Short)).unwrap();
        contract::sms_gateway(Arc::new(gateway), &sms(), Patience::Short.bound()).await;
    }
}

#[tokio::test]
async fn a_gateway_that_would_send_in_the_clear_is_not_made() {
    for base_url in ["http://api.sparrowsms.com/v2", "http://localhost.evil.com/v2", "http://10.0.0.1/v2"] {
        let fault = SparrowGateway::new(settings(base_url, Patience::Long)).unwrap_err();
        assert!(matches!(fault, SparrowSettingsFault::NotHttps { .. }), "{fault}");
        assert!(!format!("{fault} {fault:?}").contains(TOKEN));
    }
    assert!(SparrowGateway::new(SparrowSettings::new(TOKEN, IDENTITY)).is_ok());
}
