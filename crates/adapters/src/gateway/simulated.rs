//! The simulator as a gateway: the calls of Sparrow's, to this machine, under a name that says what it is.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::credit::CreditBalance;
use domain::phone::Phone;
use domain::ports::{GatewayFacts, Held, SendReport, Sms, SmsGateway};

use super::sparrow::{SparrowGateway, SparrowSettings, SparrowSettingsFault};

/// Hands SMS to a simulator of Sparrow on this machine, and so sends nothing. It has no credits to tell of.
#[derive(Debug)]
pub struct SimulatedGateway {
    sparrow: SparrowGateway,
    facts: GatewayFacts,
}

impl SimulatedGateway {
    /// The token that the simulator must take. It opens nothing: what the simulator takes goes nowhere.
    pub const TOKEN: &str = "simulator-token";
    /// The sender that the simulator must take.
    pub const IDENTITY: &str = "SIMULATOR";

    /// A gateway of this name that calls the simulator which listens there. Nothing is called yet.
    ///
    /// # Errors
    /// As [`SparrowGateway::new`]: the name is no slug, or the address is not of this machine.
    pub fn new(name: Arc<str>, listen: SocketAddr) -> Result<Self, SparrowSettingsFault> {
        let settings = SparrowSettings {
            name,
            base_url: format!("http://{listen}/v2"),
            credit_low: CreditBalance::default(),
            credit_low_days: 0,
            ..SparrowSettings::new(Self::TOKEN, Self::IDENTITY)
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
