//! How one server is reached, and how several are asked the same. Owns login, TLS and the time-outs of connecting;
//! never decides which server is the right one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _,
    ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, RedisResult, TlsCertificates, Value,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::failure::{Answer, Failure};
use super::options::{RedisAddress, RedisOptions};
use crate::tls;

/// Several are asked at once, but never more than this.
const ASKED_MAX: usize = 16;

/// Makes connections.
#[derive(Debug)]
pub(super) struct Dialer {
    options: RedisOptions,
}

/// A connection that any number of calls share, and whether it has ended.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) connection: MultiplexedConnection,
    closed: Arc<AtomicBool>,
}

impl Open {
    /// Whether the other side has closed it: what is asked now would not be answered.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether it is the same connection.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.closed, &other.closed)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Login {
    Given,
    None,
}

impl Dialer {
    pub(super) fn new(options: RedisOptions) -> Self {
        if options.tls {
            tls::install_provider();
        }
        Self { options }
    }

    pub(super) fn options(&self) -> &RedisOptions {
        &self.options
    }

    /// Connects to a server that keeps counters.
    pub(super) async fn connect(&self, address: &RedisAddress) -> Result<Open, Failure> {
        let open = self.open(address, Login::Given, self.options.db).await?;
        tracing::info!(%address, "connected to Redis");
        Ok(open)
    }

    /// Asks servers the same, all at once, on connections of their own. The answer that most of them give counts: one
    /// that was asleep or is cut off may still tell what was. Ends when enough have answered, or when the time-out of
    /// connecting is over.
    pub(super) async fn ask<T>(
        self: &Arc<Self>,
        addresses: impl IntoIterator<Item = RedisAddress>,
        command: &Cmd,
        read: fn(&RedisAddress, &Value) -> Option<T>,
    ) -> Result<T, Failure>
    where
        T: Eq + Hash + Send + 'static,
    {
        let deadline = Instant::now() + self.options.connect_timeout;
        let mut asked = JoinSet::new();
        for address in addresses.into_iter().take(ASKED_MAX) {
            let (dialer, command) = (Arc::clone(self), command.clone());
            asked.spawn(async move { dialer.ask_one(&address, &command, read).await });
        }
        let majority = asked.len() / 2 + 1;
        let mut answers: HashMap<T, usize> = HashMap::new();
        let mut failure = Failure::NoNode;
        while let Ok(Some(answer)) = timeout_at(deadline, asked.join_next()).await {
            match answer {
                Ok(Ok(answer)) => {
                    let votes = answers.entry(answer).or_default();
                    *votes += 1;
                    if *votes >= majority {
                        break;
                    }
                }
                Ok(Err(why)) => failure = why,
                Err(_) => {}
            }
        }
        let best = answers.into_iter().max_by_key(|(_, votes)| *votes);
        best.map(|(answer, _)| answer).ok_or(failure)
    }

    async fn ask_one<T>(
        &self,
        address: &RedisAddress,
        command: &Cmd,
        read: fn(&RedisAddress, &Value) -> Option<T>,
    ) -> Result<T, Failure> {
        // A sentinel may want a login or none, whatever the servers want.
        let first = if self.asks_sentinels() { Login::None } else { Login::Given };
        let answer = self.ask_as(address, command, first).await;
        let answer = match answer {
            Err(Failure::Refused { kind: Answer::NoLogin, .. }) if first == Login::None => {
                self.ask_as(address, command, Login::Given).await?
            }
            answer => answer?,
        };
        read(address, &answer).ok_or(Failure::Shape)
    }

    async fn ask_as(&self, address: &RedisAddress, command: &Cmd, login: Login) -> Result<Value, Failure> {
        let mut open = self.open(address, login, 0).await?;
        let answer = open.connection.send_packed_command(command).await;
        let answer = answer.map_err(|error| Failure::lost(address, &error))?;
        answer.extract_error().map_err(|error| Failure::answered(address, &error))
    }

    fn asks_sentinels(&self) -> bool {
        matches!(self.options.mode, super::RedisMode::Sentinel { .. })
    }

    async fn open(&self, address: &RedisAddress, login: Login, db: u32) -> Result<Open, Failure> {
        let closed = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&closed);
        let config = AsyncConnectionConfig::new()
            // From the first packet to the end of the login.
            .set_connection_timeout(Some(self.options.connect_timeout))
            // Each call has a time-out of its own.
            .set_response_timeout(None)
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    told.store(true, Ordering::Release);
                }
                Ok::<(), ()>(())
            });
        let connection = match self.client(address, login, db) {
            Ok(client) => client.get_multiplexed_async_connection_with_config(&config).await,
            Err(error) => Err(error),
        };
        match connection {
            Ok(connection) => Ok(Open { connection, closed }),
            Err(error) => Err(Failure::no_connection(address, self.options.tls, &error)),
        }
    }

    fn client(&self, address: &RedisAddress, login: Login, db: u32) -> RedisResult<Client> {
        let RedisAddress { host, port } = address.clone();
        let place = if self.options.tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        let info: ConnectionInfo = place.into_connection_info()?;
        // Only under the third version of the protocol does a connection tell that it has ended.
        let mut settings =
            RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3).set_db(i64::from(db));
        if let (Login::Given, Some(given)) = (login, &self.options.login) {
            settings = settings.set_password(given.password.as_str());
            if let Some(username) = &given.username {
                settings = settings.set_username(username);
            }
        }
        let info =
            info.set_redis_settings(settings).set_tcp_settings(TcpSettings::default().set_nodelay(true));
        match &self.options.tls_roots {
            Some(roots) if self.options.tls => Client::build_with_tls(
                info,
                TlsCertificates { client_tls: None, root_cert: Some(roots.clone()) },
            ),
            Some(_) | None => Client::open(info),
        }
    }
}
