//! Receivers below HTTP: they read what is sent and answer with bytes of a test's choosing.

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
    /// Read one call, say this, close.
    Say(Vec<u8>),
    /// Read one call, say this, then be silent until the client goes.
    Hold(Vec<u8>),
    /// Read one call, say this, then send chunks until the client goes.
    Flood(Vec<u8>),
    /// Read one call, break the connection off.
    Reset,
}

/// A receiver that plays one [`Play`] for each connection.
pub(crate) struct Receiver {
    address: SocketAddr,
    connections: Arc<AtomicU64>,
    calls: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free port of this machine.
    pub(crate) async fn start(play: Play) -> Receiver {
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
        Receiver { address, connections, calls, serving }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    /// The calls that were read whole, head and body.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A whole answer of HTTP/1.1.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

async fn perform(play: Play, mut stream: TcpStream, calls: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let call = hear(&mut stream).await?;
    calls.lock().unwrap().push(call);
    match play {
        Play::Say(bytes) => stream.write_all(&bytes).await,
        Play::Hold(bytes) => {
            stream.write_all(&bytes).await?;
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await? > 0 {}
            Ok(())
        }
        Play::Flood(bytes) => {
            stream.write_all(&bytes).await?;
            loop {
                stream.write_all(b"400\r\n").await?;
                stream.write_all(&[b'x'; 1024]).await?;
                stream.write_all(b"\r\n").await?;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        Play::Reset => Ok(()),
    }
}

/// Reads one call.
async fn hear(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut heard = Vec::new();
    while !is_whole(&heard) {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        heard.extend_from_slice(&part[..read]);
    }
    Ok(String::from_utf8(heard).unwrap())
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

/// A server with TLS whose certificate nobody has signed but itself. It lives as long as the process.
pub(crate) fn with_own_certificate() -> SocketAddr {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            // The client leaves in the middle of the handshake, as it should.
            let _left = connection.complete_io(&mut stream);
        }
    });
    address
}
