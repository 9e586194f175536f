//! The generic gateway.

mod fault;
mod settings;

pub use self::fault::{HttpGatewayProblem, HttpGatewaySettingsFault};
pub use self::settings::{
    GatewaySecret, HttpGatewayBasicAuth, HttpGatewayBody, HttpGatewayCredit, HttpGatewayMethod,
    HttpGatewayRefusal, HttpGatewaySettings, HttpGatewaySuccess, JsonCondition, RefusalMeans, StatusRange,
    StatusRangeFault,
};

/// Hands SMS to whatever its settings describe.
#[derive(Debug)]
pub struct HttpGateway {
    #[expect(dead_code, reason = "the call follows")]
    settings: HttpGatewaySettings,
}

impl HttpGateway {
    /// A gateway with these settings. Nothing is called yet.
    ///
    /// # Errors
    /// The first of the settings that cannot be taken, or a client that cannot be made of them.
    pub fn new(settings: HttpGatewaySettings) -> Result<Self, HttpGatewaySettingsFault> {
        Ok(Self { settings })
    }
}
