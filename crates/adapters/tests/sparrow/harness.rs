//! What every test of the gateway sends, and what it checks of every send.

use std::time::{Duration, Instant};

use adapters::gateway::{SparrowGateway, SparrowSettings};
use domain::message::{AppHash, AppName, Content, Locale, MessageFormat};
use domain::phone::Phone;
use domain::ports::{SendAnswer, Sms, SmsGateway};
use simulator::{Behaviour, RunningSimulator, Simulator, SimulatorConfig};

use crate::logs::{self, Logs};
use crate::patience::Patience;
use crate::wire::{Play, Wire};

pub(crate) const TOKEN: &str = "a-very.private_token";
pub(crate) const IDENTITY: &str = "Example";
pub(crate) const CODE: &str = "042137";
/// More than any time-out of a gateway.
pub(crate) const ENOUGH: Duration = Duration::from_mins(2);
pub(crate) const RECEIVER: &str = "9841234567";
/// Where its events come from.
pub(crate) const MODULE: &str = "adapters::gateway";
pub(crate) const HASH: &str = "wu+aGJ/10+0";

pub(crate) fn sms_to(e164_digits: u64) -> Sms {
    let (code, app_hash) = (CODE, Some(&AppHash::parse(HASH).unwrap()));
    let content = Content { locale: Locale::English, code, minutes: 10, app_hash, origin: None };
    let text = MessageFormat::new(AppName::parse("Example").unwrap()).render(&content);
    Sms { to: Phone::from_digits(e164_digits).unwrap(), text }
}

pub(crate) fn sms() -> Sms {
    sms_to(9_779_841_234_567)
}

pub(crate) fn settings(base_url: &str, patience: Patience) -> SparrowSettings {
    logs::listen();
    let (connect_timeout, total_timeout) = patience.timeouts();
    let base_url = base_url.to_owned();
    SparrowSettings { base_url, connect_timeout, total_timeout, ..SparrowSettings::new(TOKEN, IDENTITY) }
}

pub(crate) fn gateway(base_url: &str) -> SparrowGateway {
    SparrowGateway::new(settings(base_url, Patience::Long)).unwrap()
}

/// Sends one SMS through a gateway of its own, and checks what holds of every send: it is answered in time, whatever
/// is not accepted is warned of once, and nothing that is printed holds a secret.
pub(crate) async fn send_to(base_url: &str, patience: Patience) -> SendAnswer {
    let logs = Logs::capture();
    let (gateway, sms) = (SparrowGateway::new(settings(base_url, patience)).unwrap(), sms());
    let started = Instant::now();
    let answer = gateway.send(&sms, ENOUGH).await.unwrap().answer;
    let took = started.elapsed();
    assert!(took < patience.bound(), "{answer:?} after {took:?}");
    let warnings = logs.warnings(MODULE);
    if answer == SendAnswer::Accepted {
        assert!(warnings.len() <= 1, "{warnings:?}");
    } else {
        let [warning] = warnings.as_slice() else { panic!("{answer:?} warned of {warnings:?}") };
        assert!(warning.contains("gateway=sparrow") && warning.contains("class="), "{warning}");
    }
    let heard = logs.all();
    assert!(heard.contains("TRACE hyper"), "the client below is not heard: {heard}");
    let printed = format!("{heard}{gateway:?}{sms:?}");
    for secret in [TOKEN, CODE, RECEIVER, "841234567", HASH, "wu%2B", "is your"] {
        assert!(!printed.contains(secret), "{secret} is printed: {printed}");
    }
    answer
}

/// An SMS sent to a simulator that behaves so: the answer, and how many SMS were delivered.
pub(crate) async fn simulated(behaviour: Behaviour, patience: Patience) -> (SendAnswer, usize) {
    let (simulator, running) = simulator().await;
    simulator.set_behaviour(behaviour.clone());
    let answer = send_to(&running.base_url(), patience).await;
    assert_eq!(simulator.calls(), 1, "{behaviour:?}");
    (answer, simulator.inbox(None).len())
}

pub(crate) async fn simulator() -> (Simulator, RunningSimulator) {
    logs::listen();
    let simulator = Simulator::new(SimulatorConfig::new(TOKEN, IDENTITY));
    let running = simulator.start(([127, 0, 0, 1], 0).into()).await.unwrap();
    (simulator, running)
}

/// An SMS sent to a server that plays so. It is called once, or fewer than once if it does not let itself be called.
pub(crate) async fn played(play: Play, patience: Patience) -> SendAnswer {
    let wire = Wire::start(play.clone()).await;
    let answer = send_to(&wire.url("/v2"), patience).await;
    assert_eq!(wire.connections(), 1, "{play:?}");
    assert!(wire.calls().len() <= 1, "{play:?}");
    answer
}

pub(crate) const ACCEPTED: &str =
    r#"{"count": 1, "response_code": 200, "response": "1 mesages has been queued for delivery"}"#;
