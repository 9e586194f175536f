//! The simulator as a gateway: the calls of Sparrow's, to this machine, under a name that says what it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adapters::gateway::{SparrowGateway, SparrowSettings, SparrowSettingsFault};
use async_trait::async_trait;
use domain::credit::CreditBalance;
use domain::phone::Phone;
use domain::ports::{GatewayFacts, Held, SendReport, Sms, SmsGateway};

use super::{SIMULATOR_IDENTITY, SIMULATOR_TOKEN};

/// Sends nothing.
#[derive(Debug)]
pub(super) struct SimulatedGateway {
    sparrow: SparrowGateway,
    facts: GatewayFacts,
}

impl SimulatedGateway {
    /// Calls the simulator that listens there.
    pub(super) fn new(name: Arc<str>, listen: SocketAddr) -> Result<Self, SparrowSettingsFault> {
        let settings = SparrowSettings {
            name,
            base_url: format!("http://{listen}/v2"),
            credit_low: CreditBalance::default(),
            credit_low_days: 0,
            ..SparrowSettings::new(SIMULATOR_TOKEN, SIMULATOR_IDENTITY)
        };
        let sparrow = SparrowGateway::new(settings)?;
        let facts = GatewayFacts { kind: "simulator", ..sparrow.facts().clone() };
        Ok(Self { sparrow, facts })
    }
}

#[async_trait]
impl SmsGateway for SimulatedGateway {
    fn facts(&self) -> &GatewayFacts {
        &self.facts
    }

    fn carries_to(&self, phone: Phone) -> bool {
        self.sparrow.carries_to(phone)
    }

    async fn send(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held> {
        self.sparrow.send(sms, within).await
    }

    async fn credit(&self) -> Option<CreditBalance> {
        None
    }
}
