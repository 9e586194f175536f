//! What carries an SMS. Owns the wire to each provider and the translation of its answers into a
//! [`SendAnswer`](domain::ports::SendAnswer). It never decides whether to send, never sends twice, and never logs a
//! text, a whole phone or a token.

mod call;
pub mod console;
pub mod guard;
pub mod http;
mod ids;
mod numbers;
pub mod simulated;
pub mod sparrow;

pub use self::console::{ConsoleGateway, ConsoleGatewayFault, ConsoleReach};
pub use self::guard::{GuardSettings, GuardSettingsFault, GuardedGateway};
pub use self::http::{HttpGateway, HttpGatewaySettings, HttpGatewaySettingsFault};
pub use self::simulated::SimulatedGateway;
pub use self::sparrow::{SparrowGateway, SparrowSettings, SparrowSettingsFault, SparrowToken};
