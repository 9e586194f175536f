//! Bounds on connections: in number, and in the time that a call may take to arrive and be answered. A connection that
//! has begun to send a call and gets no answer in that time is dropped: half a call must not hold a place for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// How long nothing is accepted after that has failed.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// An acceptor that holds at most so many connections, and none for long without an answer.
pub(crate) struct Bounded<A> {
    inner: A,
    room: Arc<Semaphore>,
    call_timeout: Duration,
}

impl<A> Bounded<A> {
    pub(crate) fn new(inner: A, connections_max: u32, call_timeout: Duration) -> Self {
        let room = usize::try_from(connections_max).unwrap_or(Semaphore::MAX_PERMITS);
        Self { inner, room: Arc::new(Semaphore::new(room)), call_timeout }
    }
}

impl<A: Acceptor> Acceptor for Bounded<A> {
    type Io = Held<A::Io>;

    fn local_addr(&self) -> Vec<LocalAddr> {
        self.inner.local_addr()
    }

    async fn accept(&mut self) -> io::Result<(Self::Io, LocalAddr, RemoteAddr, Scheme)> {
        let room = self.room.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (io, local, remote, scheme) = loop {
            match self.inner.accept().await {
                Ok(accepted) => break accepted,
                // Mostly too many open files, which takes a while to pass. The server asks again at once.
                Err(error) => {
                    tracing::warn!(cause = %error, "could not accept a connection");
                    sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        };
        Ok((
            Held { io, call_timeout: self.call_timeout, unanswered: None, _room: room },
            local,
            remote,
            scheme,
        ))
    }
}

/// A connection, and its place.
pub(crate) struct Held<T> {
    io: T,
    call_timeout: Duration,
    /// Runs from the first byte that came after the last answer.
    unanswered: Option<Pin<Box<Sleep>>>,
    _room: OwnedSemaphorePermit,
}

impl<T: AsyncRead + Unpin> AsyncRead for Held<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(unanswered) = &mut self.unanswered
            && unanswered.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if self.unanswered.is_none() && buf.filled().len() > before {
            self.unanswered = Some(Box::pin(sleep(self.call_timeout)));
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Held<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.unanswered = None;
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.unanswered = None;
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use poem::listener::{Listener, TcpListener};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn pair(call_timeout: Duration) -> (impl AsyncRead + AsyncWrite + Unpin, TcpStream) {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
        let mut bounded = Bounded::new(acceptor, 1, call_timeout);
        let (accepted, client) = tokio::join!(bounded.accept(), TcpStream::connect(address));
        (accepted.unwrap().0, client.unwrap())
    }

    #[tokio::test]
    async fn half_a_call_is_not_waited_for_without_end() {
        let (mut held, mut client) = pair(Duration::from_millis(50)).await;
        client.write_all(b"GET / HT").await.unwrap();
        assert_eq!(held.read(&mut [0; 8]).await.unwrap(), 8);
        assert_eq!(held.read(&mut [0; 8]).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn an_answer_gives_the_next_call_its_own_time() {
        let (mut held, mut client) = pair(Duration::from_millis(50)).await;
        client.write_all(b"call").await.unwrap();
        assert_eq!(held.read(&mut [0; 4]).await.unwrap(), 4);
        held.write_all(b"answer").await.unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        client.write_all(b"next").await.unwrap();
        assert_eq!(held.read(&mut [0; 4]).await.unwrap(), 4);
    }
}
