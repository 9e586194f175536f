//! What stands before a gateway: how many calls it gets at a time, how many sends wait for one to end, and when it is left
//! alone because it fails. Owns no rule of when that is (`domain::breaker`), and no call of its own.

mod settings;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::credit::CreditBalance;
use domain::ports::{GatewayCondition, GatewayFacts, Held, SendReport, Sms, SmsGateway};

pub use self::settings::{GuardSettings, GuardSettingsFault};

/// A gateway that is guarded.
#[derive(Debug)]
pub struct GuardedGateway {
    inner: Arc<dyn SmsGateway>,
    settings: GuardSettings,
}

impl GuardedGateway {
    /// Guards this gateway. Time is the machine's, which never goes back: a clock that is set keeps no breaker open.
    ///
    /// # Errors
    /// The first of the settings that cannot be taken.
    pub fn new(inner: Arc<dyn SmsGateway>, settings: GuardSettings) -> Result<Self, GuardSettingsFault> {
        settings.check()?;
        Ok(Self { inner, settings })
    }
}

#[async_trait]
impl SmsGateway for GuardedGateway {
    fn facts(&self) -> &GatewayFacts {
        self.inner.facts()
    }

    fn condition(&self) -> GatewayCondition {
        GatewayCondition::UNGUARDED
    }

    async fn send(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held> {
        self.inner.send(sms, within).await
    }

    async fn credit(&self) -> Option<CreditBalance> {
        self.inner.credit().await
    }
}
