//! One measured stack: a warm-up, starts, then the checks of those starts, with the CPU that everybody used meanwhile.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::Fallible;
use crate::cpu;
use crate::gateway::Gateway;
use crate::load::{Bounds, Load, Phase};
use crate::memory;
use crate::service::{Service, Storage};

/// The name of the threads that make the load.
pub(crate) const LOAD_THREADS: &str = "bench-load";
/// The name of the threads of the simulator.
pub(crate) const GATEWAY_THREADS: &str = "bench-gateway";

/// What all stages have in common.
pub(crate) struct Setting {
    /// What is measured.
    pub(crate) binary: PathBuf,
    pub(crate) gateway: Gateway,
    pub(crate) load_threads: Handle,
    pub(crate) connections: usize,
    /// Whether each start is for an account of its own, or for none.
    pub(crate) accounts: bool,
    pub(crate) warm_up: Duration,
    pub(crate) bounds: Bounds,
    /// Configuration of the service besides, as variables.
    pub(crate) service: Vec<(String, String)>,
    /// The phones and accounts that were used.
    pub(crate) next_number: Arc<AtomicUsize>,
}

/// What a stage found.
pub(crate) struct Stage {
    pub(crate) starts: Figures,
    pub(crate) checks: Figures,
}

/// A phase, and what it cost.
pub(crate) struct Figures {
    pub(crate) phase: Phase,
    /// CPU time of the whole phase, by who used it.
    pub(crate) cpu: Vec<(&'static str, Duration)>,
    /// CPU time of the whole phase of everything else on this machine.
    pub(crate) others: Duration,
    /// The most memory that the service has held since it started, in MiB.
    pub(crate) memory: f64,
}

impl Setting {
    /// Measures the service on this storage, whose server processes are `servers`. `directory` is for its files.
    pub(crate) async fn measure(
        &self,
        directory: &Path,
        storage: &Storage,
        servers: &[(&'static str, u32)],
    ) -> Fallible<Stage> {
        self.measure_binary(&self.binary, directory, storage, servers).await
    }

    /// The same with another binary.
    pub(crate) async fn measure_binary(
        &self,
        binary: &Path,
        directory: &Path,
        storage: &Storage,
        servers: &[(&'static str, u32)],
    ) -> Fallible<Stage> {
        let service = Service::start(binary, directory, storage, &self.gateway, &self.service).await?;
        let load = Load::new(&service, self.connections, &self.load_threads, &self.next_number)?
            .with_accounts(self.accounts);

        let warm_up = Bounds { time: self.warm_up, count: self.bounds.count };
        let (_, started) = load.starts(warm_up).await?;
        load.checks(started, self.gateway.take_codes()).await?;

        let meter = Meter { processes: [&[("service", service.pid)], servers].concat() };
        let before = meter.read()?;
        let (phase, started) = load.starts(self.bounds).await?;
        let starts = meter.figures(phase, &before, service.pid)?;

        let codes = self.gateway.take_codes();
        let before = meter.read()?;
        let phase = load.checks(started, codes).await?;
        let checks = meter.figures(phase, &before, service.pid)?;

        let log = service.stop().await?;
        if !log.is_empty() {
            return Err(format!("the service complained: {log}").into());
        }
        Ok(Stage { starts, checks })
    }
}

/// Reads who has used how much CPU.
struct Meter {
    processes: Vec<(&'static str, u32)>,
}

/// CPU times so far.
struct Reading {
    known: Vec<(&'static str, Duration)>,
    machine: Duration,
}

impl Meter {
    fn read(&self) -> Fallible<Reading> {
        let mut known = Vec::new();
        for (name, pid) in &self.processes {
            known.push((*name, cpu::of_process(*pid)?));
        }
        known.push(("simulator", cpu::of_threads(GATEWAY_THREADS)?));
        known.push(("load", cpu::of_threads(LOAD_THREADS)?));
        Ok(Reading { known, machine: cpu::of_machine()? })
    }

    fn figures(&self, phase: Phase, before: &Reading, service: u32) -> Fallible<Figures> {
        let now = self.read()?;
        let pairs = now.known.into_iter().zip(&before.known);
        let cpu: Vec<_> = pairs.map(|((name, now), (_, then))| (name, now.saturating_sub(*then))).collect();
        let known = cpu.iter().map(|(_, used)| *used).sum();
        let others = now.machine.saturating_sub(before.machine).saturating_sub(known);
        Ok(Figures { phase, cpu, others, memory: memory::peak_of_process(service)? })
    }
}

impl Figures {
    /// CPU microseconds per call, by who used them.
    pub(crate) fn microseconds_per_call(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let calls = self.phase.count();
        self.cpu.iter().map(move |(name, used)| (*name, used.as_secs_f64() * 1e6 / calls))
    }

    /// How much of one CPU the load generator has used: 1 is all that its thread can.
    pub(crate) fn load_share(&self) -> f64 {
        let used = self.cpu.iter().find(|(name, _)| *name == "load").map(|(_, used)| used.as_secs_f64());
        used.unwrap_or_default() / self.phase.took.as_secs_f64()
    }

    /// How many CPUs everything else on this machine has kept busy.
    pub(crate) fn others(&self) -> f64 {
        self.others.as_secs_f64() / self.phase.took.as_secs_f64()
    }
}
