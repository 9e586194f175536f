//! The gateway against servers that speak anything but sense, against nobody at all, and over connections that die.

use std::time::Duration;

use adapters::gateway::HttpGateway;
use domain::ports::{SendAnswer, SmsGateway};

use crate::harness::{TAKEN, played, say, saying, send, settings, sms};
use crate::patience::{Patience, for_each};
use crate::wire::{self, Play, Wire, http};

#[tokio::test]
async fn what_is_not_an_answer_is_unknown() {
    let endless = format!("{TAKEN}{}", " ".repeat(70_000));
    for play in [
        Play::CloseAtOnce,
        Play::Say(Vec::new()),
        Play::Say(b"hello from 1991\r\n".to_vec()),
        Play::SayFirst(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Play::Say(format!("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{TAKEN}").into_bytes()),
        Play::Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}".to_vec()),
        Play::Say(http("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}\u{8b}\u{8}")),
        say("200 OK", &"[".repeat(50_000)),
        say("200 OK", &endless),
    ] {
        let (report, _) = played(play.clone(), Patience::Long, saying).await;
        assert_eq!(report.answer, SendAnswer::Unknown, "{play:?}");
    }
}

#[test]
fn what_never_ends_is_answered_in_time() {
    let slowly = Duration::from_millis(20);
    let ok = b"HTTP/1.1 200 OK\r\n".to_vec();
    let begun = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{".to_vec();
    let no = b"HTTP/1.1 403 No\r\nContent-Length: 900000\r\n\r\n".to_vec();
    let busy = b"HTTP/1.1 503 Busy\r\nContent-Length: 900000\r\n\r\n".to_vec();
    let rows = [
        (Play::SayAndHold(vec![]), SendAnswer::Unknown),
        (Play::SayAndHold(ok.clone()), SendAnswer::Unknown),
        (Play::SayAndHold(begun), SendAnswer::Unknown),
        (Play::SayForEver(ok.clone(), b"X-Header: 1\r\n".to_vec(), slowly), SendAnswer::Unknown),
        (Play::SayForEver([ok, b"\r\n".to_vec()].concat(), b" ".to_vec(), slowly), SendAnswer::Unknown),
        // The status of a refusal stands, and so does a rule that asks for the status only.
        (Play::SayForEver(no, b" ".to_vec(), slowly), SendAnswer::Refused),
        (Play::SayAndHold(busy), SendAnswer::NotSent),
    ];
    for_each(rows, async |(play, expected)| {
        let (report, calls) = played(play.clone(), Patience::Short, saying).await;
        assert_eq!((report.answer, calls.len()), (expected, 1), "{play:?}");
    });
}

#[test]
fn what_was_never_reached_was_not_sent() {
    for_each(["http", "https"], async |scheme| {
        let (_bound, refusing) = wire::refusing();
        let url = format!("{scheme}://{refusing}/private-path");
        let report = send(settings(&url, Patience::Short), Patience::Short).await;
        assert_eq!(report.answer, SendAnswer::NotSent, "{scheme}");
    });
}

#[tokio::test]
async fn a_host_without_an_address_was_not_called() {
    // A label of more than 63 bytes: no resolver needs to be asked.
    let nameless = format!("https://{}.invalid/private-path", "a".repeat(64));
    let report = send(settings(&nameless, Patience::Short), Patience::Short).await;
    assert_eq!(report.answer, SendAnswer::NotSent);
}

#[test]
fn a_failed_handshake_sends_nothing() {
    let plays = [
        Play::CloseAtOnce,
        // Nothing: the handshake hangs until the time-out of connecting.
        Play::SayFirst(vec![]),
        Play::SayFirst(http("200 OK", "", TAKEN)),
        // TLS: fatal alert, handshake failure.
        Play::SayFirst(vec![0x15, 3, 3, 0, 2, 2, 40]),
    ];
    for_each(plays, async |play| {
        let wire = Wire::start(play.clone()).await;
        let url = wire.url("/private-path").replace("http:", "https:");
        let report = send(settings(&url, Patience::Short), Patience::Short).await;
        assert_eq!((report.answer, wire.connections()), (SendAnswer::NotSent, 1), "{play:?}");
    });
}

#[tokio::test]
async fn a_send_ends_with_what_is_left_of_the_deadline() {
    let wire = Wire::start(Play::SayAndHold(vec![])).await;
    let gateway = HttpGateway::new(settings(&wire.url("/"), Patience::Long)).unwrap();
    let (sms, within) = (sms(), Duration::from_millis(200));
    let sent = tokio::time::timeout(Duration::from_secs(10), gateway.send(&sms, within)).await;
    assert_eq!(sent.unwrap().unwrap().answer, SendAnswer::Unknown);
    assert!(wire.calls().len() <= 1);
}

#[tokio::test]
async fn a_kept_connection_that_dies_under_a_call_is_not_called_again() {
    let wire = Wire::start(Play::DieAfter(1, http("200 OK", "", TAKEN))).await;
    let gateway = HttpGateway::new(settings(&wire.url("/"), Patience::Long)).unwrap();
    for (calls, expected) in [(1, SendAnswer::Accepted), (2, SendAnswer::Unknown)] {
        let answer = gateway.send(&sms(), Duration::from_mins(1)).await.unwrap().answer;
        assert_eq!((answer, wire.calls().len()), (expected, calls));
    }
}
