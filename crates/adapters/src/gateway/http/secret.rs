//! Secrets that a gateway is called with. Owns that none is printed.

use std::fmt;

use zeroize::Zeroizing;

/// A secret that a gateway is called with. It is erased from memory when dropped, shows itself in no `Debug` and has no
/// `Display`.
#[derive(Clone)]
pub struct GatewaySecret(Zeroizing<String>);

impl GatewaySecret {
    /// The secret itself, for the call.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for GatewaySecret {
    fn from(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }
}

impl From<&str> for GatewaySecret {
    fn from(secret: &str) -> Self {
        secret.to_owned().into()
    }
}

impl fmt::Debug for GatewaySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
