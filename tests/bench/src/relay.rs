//! A TCP relay before a server. It counts round trips and hears what the clients say, which `Tongue` understands.
//!
//! A round trip begins with what a client sends after the server has spoken (or first of all): what is sent together,
//! or while no answer has come, is one. So the count is exact for a caller that has one call under way.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

use crate::Fallible;

/// Understands what one connection's client says.
pub(crate) trait Tongue: Default + Send + 'static {
    /// What is said.
    type Word: Send + 'static;

    /// Hears the next bytes. Pushes the words that they complete.
    fn hear(&mut self, bytes: &[u8], words: &mut Vec<Self::Word>);
}

/// A relay that runs until it is dropped.
pub(crate) struct Relay<T: Tongue> {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Heard<T::Word>>>,
    accepting: AbortHandle,
}

/// What went through since it was asked for last.
pub(crate) struct Heard<W> {
    pub(crate) round_trips: u32,
    pub(crate) words: Vec<W>,
    last: Instant,
}

impl<T: Tongue> Relay<T> {
    /// Starts one before this server.
    pub(crate) async fn start(server: SocketAddr) -> Fallible<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Heard::empty()));
        let hearing = heard.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let hearing = hearing.clone();
                // What breaks here breaks the connection, which its client sees.
                tokio::spawn(async move { carry::<T>(client, server, &hearing).await });
            }
        });
        Ok(Self { address, heard, accepting: accepting.abort_handle() })
    }

    /// What went through since the last time, once it is quiet.
    pub(crate) async fn take(&self) -> Heard<T::Word> {
        const QUIET: Duration = Duration::from_millis(10);
        loop {
            let since = lock(&self.heard).last.elapsed();
            match QUIET.checked_sub(since) {
                Some(left) if !left.is_zero() => sleep(left).await,
                Some(_) | None => return std::mem::replace(&mut *lock(&self.heard), Heard::empty()),
            }
        }
    }
}

impl<T: Tongue> Drop for Relay<T> {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl<W> Heard<W> {
    fn empty() -> Self {
        Self { round_trips: 0, words: Vec::new(), last: Instant::now() }
    }
}

fn lock<W>(heard: &Mutex<Heard<W>>) -> MutexGuard<'_, Heard<W>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Carries one connection to its end.
async fn carry<T: Tongue>(
    client: TcpStream,
    server: SocketAddr,
    heard: &Mutex<Heard<T::Word>>,
) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let mut tongue = T::default();
    // Whether the server has spoken since the client did.
    let answered = Mutex::new(true);
    let turn =
        |to: bool| std::mem::replace(&mut *answered.lock().unwrap_or_else(PoisonError::into_inner), to);

    let there = pump(&mut from_client, &mut to_server, |bytes| {
        let mut heard = lock(heard);
        heard.last = Instant::now();
        heard.round_trips += u32::from(turn(false));
        tongue.hear(bytes, &mut heard.words);
    });
    let back = pump(&mut from_server, &mut to_client, |_| {
        lock(heard).last = Instant::now();
        turn(true);
    });
    tokio::select! { done = there => done, done = back => done }
}

/// Carries one direction; `note` sees the bytes before they are passed on.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut note: impl FnMut(&[u8]),
) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        note(bytes);
        to.write_all(bytes).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines are words.
    #[derive(Default)]
    struct Lines(Vec<u8>);

    impl Tongue for Lines {
        type Word = String;

        fn hear(&mut self, bytes: &[u8], words: &mut Vec<String>) {
            self.0.extend_from_slice(bytes);
            while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.0.drain(..=end).collect();
                words.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
    }

    #[tokio::test]
    async fn what_is_sent_together_is_one_round_trip() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Relay::<Lines>::start(server.local_addr().unwrap()).await.unwrap();
        let mut client = TcpStream::connect(relay.address).await.unwrap();
        let (mut server, _) = server.accept().await.unwrap();
        let mut buffer = [0; 64];
        for said in [b"one\ntwo\n".as_slice(), b"three\n"] {
            client.write_all(said).await.unwrap();
            let count = server.read(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..count], said);
            server.write_all(b"ok").await.unwrap();
            assert_eq!(client.read(&mut buffer).await.unwrap(), 2);
        }
        let heard = relay.take().await;
        assert_eq!(heard.words, ["one", "two", "three"]);
        assert_eq!(heard.round_trips, 2);
        assert_eq!(relay.take().await.round_trips, 0);
    }
}
