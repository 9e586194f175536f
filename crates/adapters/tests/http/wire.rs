//! Servers below HTTP: they read what a client sends and answer with bytes of a test's choosing.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// What is done with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Play {
    /// Close it before anything is read.
    CloseAtOnce,
    /// Say this before anything is read, then read until the client goes.
    SayFirst(Vec<u8>),
    /// Read one call, say this, close.
    Say(Vec<u8>),
    /// Read one call, say this, keep the connection open and silent until the client goes.
    SayAndHold(Vec<u8>),
    /// Read one call, say this once, then that for ever, with a pause after each.
    SayForEver(Vec<u8>, Vec<u8>, Duration),
    /// Answer so many calls with this, then read one more and close.
    DieAfter(u64, Vec<u8>),
}

/// A server that plays one [`Play`] for each connection.
pub(crate) struct Wire {
    address: SocketAddr,
    connections: Arc<AtomicU64>,
    calls: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Wire {
    /// Listens on a free port of this machine.
    pub(crate) async fn start(play: Play) -> Wire {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, calls) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, kept) = (Arc::clone(&connections), Arc::clone(&calls));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                // A client that goes away is part of the play.
                tokio::spawn(perform(play.clone(), stream, Arc::clone(&kept)));
            }
        });
        Wire { address, connections, calls, serving }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// The calls that were read whole, head and body.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn perform(play: Play, mut stream: TcpStream, calls: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    match play {
        Play::CloseAtOnce => {}
        Play::SayFirst(bytes) => {
            stream.write_all(&bytes).await?;
            until_gone(&mut stream).await?;
        }
        Play::Say(bytes) => {
            hear(&mut stream, &calls).await?;
            stream.write_all(&bytes).await?;
        }
        Play::SayAndHold(bytes) => {
            hear(&mut stream, &calls).await?;
            stream.write_all(&bytes).await?;
            until_gone(&mut stream).await?;
        }
        Play::SayForEver(first, then, pause) => {
            hear(&mut stream, &calls).await?;
            stream.write_all(&first).await?;
            loop {
                stream.write_all(&then).await?;
                tokio::time::sleep(pause).await;
            }
        }
        Play::DieAfter(times, bytes) => {
            for _ in 0..times {
                hear(&mut stream, &calls).await?;
                stream.write_all(&bytes).await?;
            }
            hear(&mut stream, &calls).await?;
        }
    }
    Ok(())
}

async fn until_gone(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Reads one call and keeps it.
async fn hear(stream: &mut TcpStream, calls: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut heard = Vec::new();
    while !is_whole(&heard) {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        heard.extend_from_slice(&part[..read]);
    }
    calls.lock().unwrap().push(String::from_utf8(heard).unwrap());
    Ok(())
}

/// A whole answer of HTTP/1.1 with this status and body.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn is_whole(bytes: &[u8]) -> bool {
    let call = String::from_utf8_lossy(bytes);
    let Some((head, body)) = call.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length:").map(|length| length.trim().parse::<usize>().unwrap())
    });
    body.len() >= length.unwrap_or(0)
}

/// An address where nobody listens: a bound socket that does not listen refuses, and keeps the port from others.
pub(crate) fn refusing() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}
