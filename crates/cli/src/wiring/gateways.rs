//! From the configured gateways to those that carry SMS: what each kind is made of, and what stands before each. A kind more is
//! a line in [`unguarded`].

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use adapters::gateway::{
    ConsoleGateway, ConsoleReach, GuardSettings, GuardedGateway, HttpGateway, HttpGatewaySettings,
    SimulatedGateway, SparrowGateway, SparrowSettings,
};
use adapters::numbering_plan::LibPhoneNumbers;
use domain::ports::{Gateways, SmsGateway};
use domain::route::{Route, Routes};
use simulator::{RunningSimulator, Simulator, SimulatorConfig};

use crate::config::{Config, GatewayConfig, GatewayKind, ServerConfig};
use crate::wiring::WiringError;

/// As good as no bound on trying things out.
const SIMULATOR_CREDITS: u64 = 1_000_000_000;

/// A gateway cannot be made of its settings.
#[derive(Debug, thiserror::Error)]
#[error("the gateway `{name}` cannot be used")]
pub struct GatewayFault {
    name: Arc<str>,
    source: Box<dyn Error + Send + Sync>,
}

/// The gateways of a configuration, each with its guard, and the routes that lead to them. Nothing is called yet.
///
/// # Errors
/// [`WiringError`] when there is none, or the settings of one are not valid.
pub fn gateways(config: &Config) -> Result<Gateways, WiringError> {
    gateways_with(config, &Simulators::default())
}

/// The same, where these simulators run in this process.
///
/// # Errors
/// As [`gateways`].
pub(crate) fn gateways_with(config: &Config, simulators: &Simulators) -> Result<Gateways, WiringError> {
    let configured = config.require_gateways()?;
    let guarded = |gateway: &GatewayConfig| {
        let fault = |source| GatewayFault { name: gateway.name.clone(), source };
        guard(unguarded(gateway, &config.server, simulators).map_err(fault)?, gateway.guard).map_err(fault)
    };
    let gateways = configured.iter().map(guarded).collect::<Result<_, _>>()?;
    Ok(Gateways::new(gateways, routes(&config.routes), config.delivery_deadline)?)
}

/// These routes, which tell the countries of all phones.
pub(crate) fn routes(routes: &[Route]) -> Routes {
    Routes::new(routes.to_vec(), Some(Arc::new(LibPhoneNumbers)))
}

/// One gateway to Sparrow with these settings and the usual guard, which takes everything.
///
/// # Errors
/// [`WiringError`] when the settings are not valid.
pub fn sparrow(settings: &SparrowSettings) -> Result<Gateways, WiringError> {
    let fault = |source| GatewayFault { name: settings.name.clone(), source };
    let gateway = SparrowGateway::new(settings.clone()).map_err(|cause| fault(cause.into()))?;
    Ok(Gateways::one(guard(Arc::new(gateway), GuardSettings::default()).map_err(fault)?))
}

/// What carries the SMS, by its kind.
fn unguarded(
    gateway: &GatewayConfig,
    server: &ServerConfig,
    simulators: &Simulators,
) -> Result<Arc<dyn SmsGateway>, Box<dyn Error + Send + Sync>> {
    Ok(match &gateway.kind {
        GatewayKind::Sparrow(settings) => Arc::new(SparrowGateway::new(settings.clone())?),
        GatewayKind::Http(settings) => Arc::new(HttpGateway::new(HttpGatewaySettings::clone(settings))?),
        GatewayKind::Console => {
            let public_url = server.public_url.as_deref();
            Arc::new(ConsoleGateway::new(
                &gateway.name,
                ConsoleReach { listen: server.listen.ip(), public_url },
            )?)
        }
        GatewayKind::Simulator { listen } => {
            let address = simulators.address_of(&gateway.name).unwrap_or(*listen);
            Arc::new(SimulatedGateway::new(gateway.name.clone(), address)?)
        }
    })
}

fn guard(
    gateway: Arc<dyn SmsGateway>,
    settings: GuardSettings,
) -> Result<Arc<dyn SmsGateway>, Box<dyn Error + Send + Sync>> {
    Ok(Arc::new(GuardedGateway::new(gateway, settings)?))
}

/// The simulators of this process, which end with this.
#[derive(Debug, Default)]
pub(crate) struct Simulators(Vec<(Arc<str>, RunningSimulator)>);

impl Simulators {
    /// Starts those that are configured, and tells loudly that they send nothing.
    ///
    /// # Errors
    /// [`GatewayFault`] when one cannot listen.
    pub(crate) async fn start(config: &Config) -> Result<Self, GatewayFault> {
        let mut running = Vec::new();
        for GatewayConfig { name, kind, .. } in &config.gateways {
            let GatewayKind::Simulator { listen } = kind else { continue };
            let account = SimulatorConfig {
                credits: SIMULATOR_CREDITS,
                ..SimulatorConfig::new(SimulatedGateway::TOKEN, SimulatedGateway::IDENTITY)
            };
            let fault =
                |cause: simulator::SimulatorError| GatewayFault { name: name.clone(), source: cause.into() };
            let started = Simulator::new(account).start(*listen).await.map_err(fault)?;
            tracing::warn!(
                gateway = &**name,
                inbox = format!("http://{}/inbox", started.address()),
                "THIS GATEWAY SENDS NO SMS: it is a simulator, and whoever is on this machine reads every code in its inbox"
            );
            running.push((name.clone(), started));
        }
        Ok(Self(running))
    }

    fn address_of(&self, name: &str) -> Option<SocketAddr> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, running)| running.address())
    }

    /// Ends them.
    pub(crate) async fn stop(self) {
        for (_, simulator) in self.0 {
            simulator.stop().await;
        }
    }
}
