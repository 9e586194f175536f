//! What the operating system gives, as the ports promise it.

#[cfg(test)]
#[path = "sparrow/logs.rs"]
mod logs;

use std::io;
use std::sync::Arc;

use adapters::system::{LoggedAlarms, OsEntropy, SystemClock};
use domain::ports::{Alarms, Clock, Dependency, Entropy, Lost, PortError};
use domain::testkit::contract;

use self::logs::Logs;

#[test]
fn the_clock_keeps_the_contract_and_shows_the_time_of_the_system() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    contract::clock(&clock);
    let since_epoch = || std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let (before, now, after) = (since_epoch(), clock.now(), since_epoch());
    let now = u128::try_from(now.as_millisecond()).unwrap();
    assert!((before..=after).contains(&now), "{before} {now} {after}");
}

#[test]
fn the_randomness_keeps_the_contract() {
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    contract::entropy(&entropy);
}

#[test]
fn an_alarm_is_logged_once_with_its_whole_cause() {
    let rows = [
        (Lost::DeliveryRecord, "lost=delivery-record"),
        (Lost::Refund, "lost=refund"),
        (Lost::BlockRefresh, "lost=block-refresh"),
    ];
    for (lost, named) in rows {
        let logs = Logs::capture();
        LoggedAlarms
            .raise(lost, &PortError::unavailable(Dependency::Counters, io::Error::other("disk full")));
        let warnings = logs.warnings("adapters::system");
        assert_eq!(warnings.len(), 1, "{}", logs.all());
        assert!(warnings[0].starts_with("ERROR "), "{warnings:?}");
        for part in [named, "dependency=counters", "cause=the counters are unavailable: disk full"] {
            assert!(warnings[0].contains(part), "{warnings:?}");
        }
    }
}
