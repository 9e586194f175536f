//! What one start and one check say to the servers: counted, and written down as scripts. A service of its own says it
//! through relays, one call at a time, on the same servers and tables as the measured one.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::Fallible;
use crate::load::{Bounds, Load, Started};
use crate::pgbench::Writer;
use crate::postgres_tongue::{PostgresTongue, Statement};
use crate::redis_benchmark;
use crate::redis_tongue::{Command, RedisTongue};
use crate::relay::Relay;
use crate::service::{Service, Storage};
use crate::stage::Setting;

/// Calls over which round trips are counted, and as many before them.
const CALLS: u32 = 100;

/// What a call says.
pub(crate) struct Recorded {
    pub(crate) round_trips: Vec<RoundTrips>,
    /// The statements of a start and of its check.
    pub(crate) scripts: [Script; 2],
    /// What both scripts take from the command line.
    pub(crate) definitions: Vec<String>,
    /// The arguments for redis-benchmark of each call of Redis that a start makes.
    pub(crate) redis_calls: Vec<Vec<String>>,
}

/// Round trips per call.
pub(crate) struct RoundTrips {
    pub(crate) call: &'static str,
    pub(crate) postgres: f64,
    pub(crate) redis: f64,
}

/// For pgbench.
pub(crate) struct Script {
    pub(crate) call: &'static str,
    pub(crate) statements: usize,
    pub(crate) text: String,
}

/// A service behind relays.
struct Overheard<'a> {
    setting: &'a Setting,
    load: Load,
    postgres: Relay<PostgresTongue>,
    redis: Relay<RedisTongue>,
}

type Said = (Vec<Statement>, Vec<Command>);

/// Records the service on a database of these servers.
pub(crate) async fn record(
    setting: &Setting,
    directory: &Path,
    postgres: SocketAddr,
    redis: SocketAddr,
) -> Fallible<Recorded> {
    let (postgres, redis) = (Relay::start(postgres).await?, Relay::start(redis).await?);
    let storage = Storage::servers(postgres.address, redis.address);
    let service =
        Service::start(&setting.binary, directory, &storage, &setting.gateway, &setting.service).await?;
    let load = Load::new(&service, 1, &setting.load_threads, &setting.next_number)?;
    let overheard = Overheard { setting, load, postgres, redis };
    let recorded = overheard.recorded().await?;
    service.stop().await?;
    Ok(recorded)
}

impl Overheard<'_> {
    async fn recorded(&self) -> Fallible<Recorded> {
        let mut round_trips = Vec::new();
        for (call, load) in [
            ("start without an account", self.load.clone().with_accounts(false)),
            ("start that makes an account", self.load.clone().with_accounts(true)),
        ] {
            // First all connections and statements are prepared.
            self.starts(&load, CALLS).await?;
            self.heard().await;
            let started = self.starts(&load, CALLS).await?;
            round_trips.push(self.counted(call).await);
            if call != "start without an account" {
                let (first, others) = started.split_at(1);
                let codes = self.setting.gateway.take_codes();
                self.load.checks(first.to_vec(), codes.clone()).await?;
                self.heard().await;
                self.load.checks(others.to_vec(), codes).await?;
                round_trips.push(self.counted("check").await);
            }
        }
        let load = self.load.clone().with_accounts(self.setting.accounts);
        let mut started = Vec::new();
        let mut starts = Vec::new();
        for _ in 0..2 {
            started.extend(self.starts(&load, 1).await?);
            starts.push(self.heard().await);
        }
        let codes = self.setting.gateway.take_codes();
        let mut checks = Vec::new();
        for one in started {
            load.checks(vec![one], codes.clone()).await?;
            checks.push(self.heard().await);
        }
        let [one, other] = starts.as_slice() else { return Err("two starts are two".into()) };
        let redis_calls =
            one.1.iter().zip(&other.1).map(|(one, other)| redis_benchmark::arguments([one, other]));
        let mut writer = Writer::default();
        let scripts = [script(&mut writer, "start", &starts)?, script(&mut writer, "check", &checks)?];
        let (definitions, redis_calls) = (writer.definitions(), redis_calls.collect::<Fallible<_>>()?);
        Ok(Recorded { round_trips, scripts, definitions, redis_calls })
    }

    async fn starts(&self, load: &Load, calls: u32) -> Fallible<Vec<Started>> {
        let bounds = Bounds { time: Duration::from_mins(1), count: usize::try_from(calls)? };
        let (_, started) = load.starts(bounds).await?;
        if started.len() < bounds.count {
            return Err("one call at a time takes too long".into());
        }
        Ok(started)
    }

    async fn heard(&self) -> Said {
        (self.postgres.take().await.words, self.redis.take().await.words)
    }

    async fn counted(&self, call: &'static str) -> RoundTrips {
        let of = |round_trips: u32| f64::from(round_trips) / f64::from(CALLS);
        let (postgres, redis) = (self.postgres.take().await, self.redis.take().await);
        RoundTrips { call, postgres: of(postgres.round_trips), redis: of(redis.round_trips) }
    }
}

/// The script of a call that was made twice.
fn script(writer: &mut Writer, call: &'static str, said: &[Said]) -> Fallible<Script> {
    let [(one, _), (other, _)] = said else { return Err("two calls are two".into()) };
    Ok(Script { call, statements: one.len(), text: writer.script([one, other])? })
}
