//! A wire to a server that counts round trips. Owns the count; never knows what is said.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Hands everything on to a server, until it is dropped.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    trips: Arc<AtomicU32>,
    listening: JoinHandle<()>,
}

impl Wire {
    /// A wire to this server (`host:port`).
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it has an address");
        let (server, trips) = (server.to_owned(), Arc::<AtomicU32>::default());
        let counter = Arc::clone(&trips);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Who cannot be connected sees its connection end.
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                tokio::spawn(carry(client, server, Arc::clone(&counter)));
            }
        });
        Self { address, trips, listening }
    }

    /// Where it begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The round trips since this was asked last. One begins with what a client sends after the server has spoken.
    #[must_use]
    pub fn trips(&self) -> u32 {
        self.trips.swap(0, Ordering::AcqRel)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn carry(client: TcpStream, server: TcpStream, trips: Arc<AtomicU32>) {
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let server_spoke = AtomicBool::new(true);
    let there = pump(from_client, to_server, || {
        if server_spoke.swap(false, Ordering::AcqRel) {
            trips.fetch_add(1, Ordering::AcqRel);
        }
    });
    let back = pump(from_server, to_client, || server_spoke.store(true, Ordering::Release));
    tokio::select! { () = there => {}, () = back => {} }
}

/// Carries one direction to its end; `note` is told before anything is passed on.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, note: impl Fn()) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        note();
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
