//! The gateway: the simulator, on a thread of its own.

use std::collections::HashMap;
use std::time::Duration;

use simulator::{Behaviour, RunningSimulator, Simulator, SimulatorConfig};
use tokio::runtime::Handle;

use crate::Fallible;

/// What the gateway is called with.
pub(crate) const TOKEN: &str = "token-of-the-bench";
/// The sender.
pub(crate) const IDENTITY: &str = "Bench";

/// A simulator that runs.
pub(crate) struct Gateway {
    /// Where it is.
    pub(crate) base_url: String,
    simulator: Simulator,
    // Dropping it would stop the simulator.
    _running: RunningSimulator,
}

impl Gateway {
    /// Starts one on the threads of `threads`, with room for this many SMS, which answers after this long.
    pub(crate) async fn start(threads: &Handle, inbox_max: usize, latency: Duration) -> Fallible<Self> {
        let config =
            SimulatorConfig { credits: u64::MAX / 2, inbox_max, ..SimulatorConfig::new(TOKEN, IDENTITY) };
        let simulator = Simulator::new(config);
        if !latency.is_zero() {
            simulator.set_behaviour(Behaviour::Latency { millis: u64::try_from(latency.as_millis())? });
        }
        let serving = simulator.clone();
        let starting = threads.spawn(async move { serving.start(([127, 0, 0, 1], 0).into()).await });
        let running = starting.await??;
        Ok(Self { base_url: running.base_url(), simulator, _running: running })
    }

    /// The codes that were sent, by phone (E.164). Forgets them.
    pub(crate) fn take_codes(&self) -> HashMap<String, String> {
        let received = self.simulator.inbox(None);
        self.simulator.clear_inbox();
        let code = |text: &str| text.chars().take_while(char::is_ascii_digit).collect();
        received.into_iter().map(|sms| (sms.to, code(&sms.text))).collect()
    }
}
