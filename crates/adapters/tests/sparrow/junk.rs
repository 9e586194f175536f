//! The gateway against servers that speak anything but sense, against nobody at all, and over connections that die.

use std::net::SocketAddr;
use std::time::Duration;

use domain::ports::{SendAnswer, SmsGateway};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::harness::{ACCEPTED, ENOUGH, gateway, played, send_to, sms};
use crate::patience::{Patience, for_each};
use crate::wire::{self, Play, Wire, http};

#[tokio::test]
async fn what_is_not_http_is_unknown() {
    let deep = "[".repeat(50_000);
    let many_headers = "X-Header: 1\r\n".repeat(5000);
    for play in [
        Play::CloseAtOnce,
        Play::Say(Vec::new()),
        Play::Say(b"\x00\xff\xfe\x80 garbage \r\n\r\n".to_vec()),
        Play::Say(b"hello from 1991\r\n".to_vec()),
        Play::SayFirst(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Play::Say(b"HTTP/2.0 200 OK\r\n\r\n".to_vec()),
        Play::Say(b"HTTP/1.1 20 OK\r\n\r\n".to_vec()),
        Play::Say(b"HTTP/1.1 200 OK\r\nContent-Length: 9".to_vec()),
        Play::Say(http("200 OK", "Content-Length: 5\r\n", ACCEPTED)),
        Play::Say(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}".to_vec()),
        Play::Say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}".to_vec()),
        Play::Say(format!("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{ACCEPTED}").into_bytes()),
        Play::Say(format!("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{ACCEPTED}").into_bytes()),
        Play::Say(http("200 OK", &many_headers, ACCEPTED)),
        Play::Say(http("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}\u{8b}\u{8}")),
        Play::Say(http("200 OK", "", &deep)),
        Play::Say(http("200 OK", "", &format!("{ACCEPTED}{}", " ".repeat(70_000)))),
        Play::Say(http("200 OK", "", &format!("{ACCEPTED}{ACCEPTED}"))),
        Play::Say(http("101 Switching Protocols", "Upgrade: tea\r\nConnection: upgrade\r\n", "")),
        Play::Say(http("202 Accepted", "", ACCEPTED)),
        Play::Say(http("599 Odd", "", ACCEPTED)),
    ] {
        assert_eq!(played(play.clone(), Patience::Long).await, SendAnswer::Unknown, "{play:?}");
    }
}

#[test]
fn what_never_ends_is_unknown_in_time() {
    let (at_once, slowly) = (Duration::ZERO, Duration::from_millis(20));
    let head = b"HTTP/1.1 200 OK\r\n".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let block = [b"4000\r\n".to_vec(), vec![b' '; 0x4000], b"\r\n".to_vec()].concat();
    let plays = [
        Play::SayAndHold(vec![]),
        Play::SayAndHold(head.clone()),
        Play::SayAndHold(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{".to_vec()),
        Play::SayForEver(head.clone(), b"X-Header: 1\r\n".to_vec(), at_once),
        Play::SayForEver(head.clone(), b"X-Header: 1\r\n".to_vec(), slowly),
        Play::SayForEver(head, vec![b'X'; 4096], at_once),
        Play::SayForEver(vec![], b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), slowly),
        Play::SayForEver(chunked.clone(), b"1\r\n \r\n".to_vec(), slowly),
        Play::SayForEver(chunked, block, at_once),
        Play::SayForEver(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), b" ".to_vec(), slowly),
    ];
    for_each(plays, async |play| {
        assert_eq!(played(play.clone(), Patience::Short).await, SendAnswer::Unknown, "{play:?}");
    });
}

#[test]
fn a_refusal_stands_even_if_its_body_does_not_come() {
    let head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 900000\r\n\r\n".to_vec();
    let plays = [
        Play::Say(head.clone()),
        Play::SayAndHold(head.clone()),
        Play::SayForEver(head.clone(), b" ".to_vec(), Duration::from_millis(20)),
        Play::SayForEver(head, vec![b' '; 4096], Duration::ZERO),
    ];
    for_each(plays, async |play| {
        assert_eq!(played(play.clone(), Patience::Short).await, SendAnswer::Refused, "{play:?}");
    });
}

#[tokio::test]
async fn oddities_of_http_hide_no_success() {
    let early = [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), http("200 OK", "", ACCEPTED)].concat();
    let beyond = [http("200 OK", "", ACCEPTED), b"and more".to_vec()].concat();
    let length = ACCEPTED.len();
    let chunks =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{ACCEPTED}\r\n0\r\n\r\n");
    for play in [
        Play::Say(early),
        Play::Say(beyond),
        Play::Say(chunks.into_bytes()),
        Play::Say(format!("HTTP/1.0 200 OK\r\n\r\n{ACCEPTED}").into_bytes()),
        Play::Say(http("200 Fine", "Content-Type: text/plain\r\n", ACCEPTED)),
    ] {
        assert_eq!(played(play.clone(), Patience::Long).await, SendAnswer::Accepted, "{play:?}");
    }
}

#[test]
fn what_was_never_reached_was_not_sent() {
    for_each(["http", "https"], async |scheme| {
        let (_bound, refusing) = wire::refusing();
        let (_listener, _waiting, black_hole) = black_hole().await;
        for address in [refusing, black_hole] {
            let answer = send_to(&format!("{scheme}://{address}/v2"), Patience::Short).await;
            assert_eq!(answer, SendAnswer::NotSent, "{scheme} {address}");
        }
    });
}

#[tokio::test]
async fn a_host_without_an_address_was_not_called() {
    // A label of more than 63 bytes: no resolver needs to be asked.
    let nameless = format!("https://{}.invalid/v2", "a".repeat(64));
    assert_eq!(send_to(&nameless, Patience::Short).await, SendAnswer::NotSent);
}

#[test]
fn a_failed_handshake_sends_nothing() {
    let plays = [
        Play::CloseAtOnce,
        // Nothing: the handshake hangs until the time-out of connecting.
        Play::SayFirst(vec![]),
        Play::SayFirst(http("200 OK", "", ACCEPTED)),
        // TLS: fatal alert, handshake failure.
        Play::SayFirst(vec![0x15, 3, 3, 0, 2, 2, 40]),
    ];
    for_each(plays, async |play| {
        let wire = Wire::start(play.clone()).await;
        let answer = send_to(&wire.url("/v2").replace("http:", "https:"), Patience::Short).await;
        assert_eq!((answer, wire.connections()), (SendAnswer::NotSent, 1), "{play:?}");
    });
}

#[tokio::test]
async fn a_kept_connection_that_dies_under_a_call_is_unknown_and_not_called_again() {
    let wire = Wire::start(Play::DieAfter(2, http("200 OK", "", ACCEPTED))).await;
    let gateway = gateway(&wire.url("/v2"));
    for (calls, expected) in [(1, SendAnswer::Accepted), (2, SendAnswer::Accepted), (3, SendAnswer::Unknown)]
    {
        assert_eq!(gateway.send(&sms(), ENOUGH).await.unwrap().answer, expected);
        settle().await;
        assert_eq!((wire.connections(), wire.calls().len()), (1, calls));
    }
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_sms() {
    // It promises to keep the connection, and closes it.
    let wire = Wire::start(Play::Say(http("200 OK", "Connection: keep-alive\r\n", ACCEPTED))).await;
    let gateway = gateway(&wire.url("/v2"));
    for calls in 1..=5 {
        assert_eq!(gateway.send(&sms(), ENOUGH).await.unwrap().answer, SendAnswer::Accepted);
        assert_eq!(wire.calls().len(), calls);
        settle().await;
    }
    assert_eq!(wire.connections(), 5);
}

/// Lets everything that is ready on this runtime happen: it runs dry and looks at all sockets before a connection of
/// its own is made.
async fn settle() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connected) = tokio::join!(listener.accept(), TcpStream::connect(address));
    let ((mut here, _), mut there) = (accepted.unwrap(), connected.unwrap());
    here.write_all(b"!").await.unwrap();
    there.read_exact(&mut [0]).await.unwrap();
}

/// An address that neither accepts nor refuses: somebody listens, takes no one in, and its queue is full.
async fn black_hole() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(250), TcpStream::connect(address)).await
    {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100, "the queue is never full");
    }
    (listener, waiting, address)
}
