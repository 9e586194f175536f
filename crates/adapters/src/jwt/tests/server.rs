//! A small HTTP server at which an issuer publishes its keys.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How it answers.
#[derive(Clone)]
pub(super) enum Play {
    /// With these bytes, head included.
    Answer(Vec<u8>),
    /// Not at all.
    Silence,
    /// By closing the connection.
    Close,
    /// With this set, after a while.
    Slowly(String, Duration),
}

pub(super) struct Server {
    pub(super) url: String,
    play: Arc<Mutex<Play>>,
    calls: Arc<AtomicUsize>,
    listening: JoinHandle<()>,
}

impl Server {
    pub(super) async fn start(play: Play) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let (play, calls) = (Arc::new(Mutex::new(play)), Arc::new(AtomicUsize::new(0)));
        let (playing, counting) = (play.clone(), calls.clone());
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let play = playing.lock().unwrap().clone();
                counting.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answered(stream, play));
            }
        });
        Self { url, play, calls, listening }
    }

    pub(super) fn now_plays(&self, play: Play) {
        *self.play.lock().unwrap() = play;
    }

    /// How often it was called.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Play {
    /// This set of keys.
    pub(super) fn set(set: &serde_json::Value) -> Self {
        Self::body(&set.to_string())
    }

    pub(super) fn body(body: &str) -> Self {
        Self::Answer(with_head(body))
    }

    /// This head, without a body.
    pub(super) fn head(lines: &str) -> Self {
        Self::Answer(format!("HTTP/1.1 {lines}\r\nContent-Length: 0\r\n\r\n").into_bytes())
    }
}

fn with_head(body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    format!("{head}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

async fn answered(mut stream: TcpStream, play: Play) {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => head.extend_from_slice(&part[..read]),
            _ => return,
        }
    }
    let answer = match play {
        Play::Answer(answer) => answer,
        Play::Close => return,
        Play::Slowly(set, wait) => {
            tokio::time::sleep(wait).await;
            with_head(&set)
        }
        Play::Silence => {
            // Until the other side gives up.
            let _ = stream.read(&mut part).await;
            return;
        }
    };
    // The other side may have enough before the end.
    let _ = stream.write_all(&answer).await;
    let _ = stream.shutdown().await;
}
