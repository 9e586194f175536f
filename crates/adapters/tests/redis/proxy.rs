//! A way to a server that is as long as the test says.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

/// A port of this machine that leads to another one; every byte takes a while on its way there and back.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    accepting: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Leads to this port; one way takes so long.
    pub(crate) async fn to(port: u16, way: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own_port = listener.local_addr().unwrap().port();
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let ((near_reads, near_writes), (far_reads, far_writes)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(carry(near_reads, far_writes, way));
                tokio::spawn(carry(far_reads, near_writes, way));
            }
        });
        Self { port: own_port, accepting }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin + Send + 'static,
    way: Duration,
) {
    let (send, mut on_the_way) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let arriving = tokio::spawn(async move {
        while let Some((arrives, bytes)) = on_the_way.recv().await {
            sleep_until(arrives).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if send.send((Instant::now() + way, buffer[..length].to_vec())).is_err() {
            break;
        }
    }
    drop(send);
    let _ended = arriving.await;
}
