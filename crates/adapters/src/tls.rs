//! The provider of cryptography behind every TLS client. Owns that there is exactly one, before the first client.

/// Makes ring the provider of this process, unless one is installed already. Without one, building a client panics;
/// every constructor of a client calls this first, so that no caller can forget it.
pub(crate) fn install_provider() {
    // An error means that a provider is there already, which is all that is asked.
    let _installed = rustls::crypto::ring::default_provider().install_default();
}
