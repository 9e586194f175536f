//! A wire between a store and its server that counts, and that can be cut or go silent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Hands everything on, until it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    questions: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    state: watch::Sender<State>,
    listening: JoinHandle<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Nothing comes through; nobody is told.
    Silent,
    /// Every connection that there is ends.
    Cut(usize),
}

impl Proxy {
    /// In front of the first host of this URL.
    pub(crate) async fn before(url: &str) -> Self {
        let server = host(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, watched) = watch::channel(State::Open);
        let (questions, connections) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let counters = (Arc::clone(&questions), Arc::clone(&connections));
        let listening = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let Ok(server) = TcpStream::connect(&server).await else { continue };
                counters.1.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(hand_on(client, server, watched.clone(), Arc::clone(&counters.0)));
            }
        });
        Self { address, questions, connections, state, listening }
    }

    /// The URL with this in front.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(host(url), &self.address.to_string())
    }

    /// How often the client has sent something since the last time it was asked.
    pub(crate) fn questions(&self) -> usize {
        self.questions.swap(0, Ordering::Relaxed)
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Swallows everything from now on.
    pub(crate) fn go_silent(&self) {
        self.state.send_replace(State::Silent);
    }

    /// Ends every connection; new ones may be made.
    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut(self.connections()));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The first host of a URL.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1;
    let authority = rest.split('/').next().unwrap();
    authority.rsplit('@').next().unwrap().split(',').next().unwrap()
}

async fn hand_on(
    mut client: TcpStream,
    mut server: TcpStream,
    mut state: watch::Receiver<State>,
    questions: Arc<AtomicUsize>,
) {
    let begun_in = *state.borrow_and_update();
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                if *state.borrow() != State::Silent {
                    questions.fetch_add(1, Ordering::Relaxed);
                    if server.write_all(&asked[..length]).await.is_err() { return; }
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if *state.borrow() != State::Silent && client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
            _ = state.changed() => {
                let now = *state.borrow();
                if matches!(now, State::Cut(_)) && now != begun_in { return; }
            }
        }
    }
}
