//! What carries an SMS. Owns the wire to each provider and the translation of its answers into a
//! [`SendAnswer`](domain::ports::SendAnswer). It never decides whether to send, never sends twice, and never logs a
//! text, a whole phone or a token.

pub mod http;
pub mod sparrow;

pub use self::http::{HttpGateway, HttpGatewaySettings, HttpGatewaySettingsFault};
pub use self::sparrow::{SparrowGateway, SparrowSettings, SparrowSettingsFault, SparrowToken};
