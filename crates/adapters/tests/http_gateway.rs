//! The generic gateway over real sockets, against servers that answer with bytes of a test's choosing, and the gateway
//! that prints.
//!
//! No test installs a provider of cryptography: the gateway must have done it.

#[cfg(test)]
#[path = "http_gateway/answers.rs"]
mod answers;
#[cfg(test)]
#[path = "http_gateway/bodies.rs"]
mod bodies;
#[cfg(test)]
#[path = "http_gateway/broken.rs"]
mod broken;
#[cfg(test)]
#[path = "http_gateway/console.rs"]
mod console;
#[cfg(test)]
#[path = "http_gateway/credit.rs"]
mod credit;
#[cfg(test)]
#[path = "http_gateway/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "sparrow/logs.rs"]
mod logs;
#[cfg(test)]
#[path = "http/patience.rs"]
mod patience;
#[cfg(test)]
#[path = "http_gateway/presets.rs"]
mod presets;
#[cfg(test)]
#[path = "http_gateway/settings.rs"]
mod settings;
#[cfg(test)]
#[path = "http_gateway/signature.rs"]
mod signature;
#[cfg(test)]
#[path = "http/wire.rs"]
mod wire;
