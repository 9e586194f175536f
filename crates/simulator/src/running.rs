//! A simulator on an address of its own: bind, serve, stop.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use poem::listener::TcpAcceptor;
use poem::{Route, Server};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Simulator;

/// Longer than the longest behaviour, so that only connections that do nothing are closed.
const IDLE_MAX: Duration = Duration::from_secs(90);

/// How long `stop` lets calls finish. A hanging one never would.
const STOP_MAX: Duration = Duration::from_millis(500);

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address is taken, not ours, or not allowed.
    #[error("the simulator could not listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Simulator {
    /// Serves the Sparrow and the control routes on `listen`; port 0 takes a free one. There is no access control:
    /// listen on a loopback address, unless the network is as trusted as the test.
    pub async fn start(&self, listen: SocketAddr) -> Result<RunningSimulator, SimulatorError> {
        let failed = |source| SimulatorError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let acceptor = TcpAcceptor::from_tokio(listener).map_err(failed)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let routes = self.mount_control(self.mount_sparrow(Route::new()));
        let server = Server::new_with_acceptor(acceptor).name("simulator").idle_timeout(IDLE_MAX);
        let serving = tokio::spawn(async move {
            // Sent or dropped, either way it is the end.
            let until = async { stopped.await.unwrap_or_default() };
            server.run_with_graceful_shutdown(routes, until, Some(STOP_MAX)).await
        });
        Ok(RunningSimulator { address, stop, serving })
    }
}

/// A simulator that listens. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct RunningSimulator {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl RunningSimulator {
    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a gateway takes as its base, such as `http://127.0.0.1:4010/v2`; the loopback address where it listens
    /// on all of them.
    pub fn base_url(&self) -> String {
        let host = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
        };
        format!("http://{}/v2", SocketAddr::new(host, self.address.port()))
    }

    /// Takes no more connections, gives running calls half a second, and ends.
    pub async fn stop(self) {
        let RunningSimulator { address: _, stop, serving } = self;
        drop(stop);
        // It ends with an error only if it could not listen, and it does; a panic of its own was reported by tokio.
        let _ended = serving.await;
    }
}
