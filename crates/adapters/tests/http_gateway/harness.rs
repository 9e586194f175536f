//! What every test of the gateway sends, and what it checks of every send.

use std::time::{Duration, Instant};

use adapters::gateway::http::{
    GatewaySecret, HttpGatewayBasicAuth, HttpGatewayRefusal, HttpGatewaySuccess, JsonCondition, RefusalMeans,
};
use adapters::gateway::{HttpGateway, HttpGatewaySettings};
use domain::message::{AppHash, AppName, Content, Locale, MessageFormat, Template};
use domain::phone::Phone;
use domain::ports::{SendAnswer, SendReport, Sms, SmsGateway};

use crate::logs::{self, Logs};
use crate::patience::Patience;
use crate::wire::{Play, Wire, http};

pub(crate) const CODE: &str = "042137";
pub(crate) const RECEIVER: &str = "9841234567";
pub(crate) const HASH: &str = "wu+aGJ/10+0";
pub(crate) const SECRET: &str = "a-very.private+token&=%\"\\";
pub(crate) const PATH: &str = "/private-path/send?private-key=1";
/// Where its events come from.
pub(crate) const MODULE: &str = "adapters::gateway";
/// More than any time-out of a gateway.
pub(crate) const ENOUGH: Duration = Duration::from_mins(2);
/// An answer that [`saying`] takes.
pub(crate) const TAKEN: &str = r#"{"error": false, "data": [{"id": 2673160}], "cost": "1.5"}"#;

/// Words with everything that forms and JSON have to encode.
const WORDS: &str = "{code} is your code at {app}: 100% \"safe\" & sound = 1+1; \\o/ कोड\nकोड";

pub(crate) fn sms_to(e164_digits: u64) -> Sms {
    let (code, app_hash) = (CODE, Some(&AppHash::parse(HASH).unwrap()));
    let content = Content { locale: Locale::English, code, minutes: 10, app_hash, origin: None };
    let format = MessageFormat::new(AppName::parse("Example").unwrap());
    let format = format.with_template(Locale::English, Template::parse(WORDS).unwrap()).unwrap();
    Sms { to: Phone::from_digits(e164_digits).unwrap(), text: format.render(&content) }
}

pub(crate) fn sms() -> Sms {
    sms_to(9_779_841_234_567)
}

/// Settings with a secret in every place that may have one.
pub(crate) fn settings(url: &str, patience: Patience) -> HttpGatewaySettings {
    logs::listen();
    let (connect_timeout, total_timeout) = patience.timeouts();
    let secret = || GatewaySecret::from(SECRET);
    HttpGatewaySettings {
        sender: "Example".to_owned(),
        headers: pairs([("x-api-key", "{secret}")]),
        secret: Some(secret()),
        basic_auth: Some(HttpGatewayBasicAuth { user: "AC1".to_owned(), password: secret() }),
        connect_timeout,
        total_timeout,
        ..HttpGatewaySettings::new("own", url)
    }
}

/// Makes a gateway one that says in JSON whether it took the SMS.
pub(crate) fn saying(settings: &mut HttpGatewaySettings) {
    let rule = |status: &str, code: u16, means| HttpGatewayRefusal {
        status: vec![status.parse().unwrap()],
        json: vec![JsonCondition::equals("/code", code)],
        means,
    };
    settings.success = HttpGatewaySuccess {
        status: vec!["200-201".parse().unwrap()],
        json: vec![JsonCondition::equals("/error", false)],
    };
    let busy = HttpGatewayRefusal {
        status: vec!["503".parse().unwrap()],
        json: Vec::new(),
        means: RefusalMeans::NotSent,
    };
    settings.refusals = vec![
        rule("4xx", 7, RefusalMeans::ReceiverRefused),
        rule("200", 8, RefusalMeans::NotSent),
        rule("200", 9, RefusalMeans::Refused),
        busy,
    ];
    settings.message_id = Some("/data/0/id".to_owned());
    settings.credits = Some("/cost".to_owned());
    settings.error_code = Some("/code".to_owned());
}

/// A JSON answer.
pub(crate) fn say(status: &str, body: &str) -> Play {
    Play::Say(http(status, "Content-Type: application/json\r\n", body))
}

/// Sends one SMS through a gateway of its own, and checks what holds of every send: it is answered in time, whatever is
/// not accepted is warned of once, and nothing that is printed holds a secret.
pub(crate) async fn send(settings: HttpGatewaySettings, patience: Patience) -> SendReport {
    let logs = Logs::capture();
    let printed = format!("{settings:?}");
    let (gateway, sms) = (HttpGateway::new(settings).unwrap(), sms());
    let started = Instant::now();
    let report = gateway.send(&sms, ENOUGH).await.unwrap();
    let took = started.elapsed();
    assert!(took < patience.bound(), "{report:?} after {took:?}");
    let warnings = logs.warnings(MODULE);
    if report.answer == SendAnswer::Accepted {
        assert!(warnings.len() <= 1, "{warnings:?}");
    } else {
        let [warning] = warnings.as_slice() else { panic!("{report:?} warned of {warnings:?}") };
        assert!(warning.contains("gateway=own") && warning.contains("class="), "{warning}");
    }
    let heard = logs.all();
    assert!(heard.contains("TRACE hyper"), "the client below is not heard: {heard}");
    let printed = format!("{printed}{heard}{gateway:?}{sms:?}{report:?}");
    // The last is how basic authentication writes the password.
    for secret in [SECRET, "private", CODE, RECEIVER, "841234567", HASH, "wu%2B", "is your", "QUMxOmEtdm"] {
        assert!(!printed.contains(secret), "{secret} is printed: {printed}");
    }
    report
}

/// An SMS sent with these settings to a server that plays so. It is called once, or fewer than once if it does not let
/// itself be called.
pub(crate) async fn played(
    play: Play,
    patience: Patience,
    change: impl FnOnce(&mut HttpGatewaySettings),
) -> (SendReport, Vec<String>) {
    let wire = Wire::start(play.clone()).await;
    let mut settings = settings(&wire.url(PATH), patience);
    change(&mut settings);
    let report = send(settings, patience).await;
    assert_eq!(wire.connections(), 1, "{play:?}");
    assert!(wire.calls().len() <= 1, "{play:?}");
    (report, wire.calls())
}

/// Head (in lower case) and body of the one call.
pub(crate) fn parts(calls: &[String]) -> (String, String) {
    let [call] = calls else { panic!("{} calls", calls.len()) };
    let (head, body) = call.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

/// Names and templates, as settings have them.
pub(crate) fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
