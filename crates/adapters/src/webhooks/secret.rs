//! The secret that a webhook and its receiver share, and what it signs (Standard Webhooks 1.0, "Signature scheme":
//! HMAC-SHA256 of id, timestamp and payload, with dots between them).

use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::ports::{Entropy, PortError};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a secret begins with, so that it is known for one wherever it turns up.
const PREFIX: &str = "whsec_";
/// How many bytes a secret has (Standard Webhooks 1.0).
const BYTES: RangeInclusive<usize> = 24..=64;
/// How many a new one has.
const NEW_BYTES: usize = 32;

/// A secret of a webhook. It is erased when dropped, shows itself in no `Debug`, and has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

/// Why a text is no secret of a webhook. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookSecretFault {
    /// It does not begin as one.
    #[error("does not begin with {PREFIX}")]
    Prefix,
    /// The rest is not base64.
    #[error("is not base64 after {PREFIX}")]
    Base64,
    /// It is too short or too long.
    #[error("does not hold {} to {} bytes", BYTES.start(), BYTES.end())]
    Length,
}

impl WebhookSecret {
    /// Reads a secret: `whsec_` and the base64 of 24 to 64 bytes.
    ///
    /// # Errors
    /// [`WebhookSecretFault`] when it is none.
    pub fn parse(text: &str) -> Result<Self, WebhookSecretFault> {
        let encoded = text.strip_prefix(PREFIX).ok_or(WebhookSecretFault::Prefix)?;
        let bytes = STANDARD.decode(encoded).map(Zeroizing::new).map_err(|_| WebhookSecretFault::Base64)?;
        if BYTES.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(WebhookSecretFault::Length) }
    }

    /// A new secret.
    ///
    /// # Errors
    /// [`PortError`] when the source of randomness does not answer.
    pub fn new(entropy: &dyn Entropy) -> Result<Self, PortError> {
        let mut bytes = Zeroizing::new(vec![0; NEW_BYTES]);
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The secret as it is configured and told to the receiver, and nobody else.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&*self.0)))
    }

    /// Signs a message: `v1,` and the base64 of the MAC.
    pub(crate) fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::OsEntropy;

    /// The example that the reference libraries of Standard Webhooks are tested with.
    #[test]
    fn it_signs_as_the_reference_libraries_do() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_base64_of_24_to_64_bytes() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for bytes in [24, 32, 64] {
            assert!(WebhookSecret::parse(&of(bytes)).is_ok(), "{bytes}");
        }
        for (text, fault) in [
            (of(23), WebhookSecretFault::Length),
            (of(65), WebhookSecretFault::Length),
            ("whsec_".to_owned(), WebhookSecretFault::Length),
            ("whsec_not base64".to_owned(), WebhookSecretFault::Base64),
            (of(24).replace("whsec_", ""), WebhookSecretFault::Prefix),
            (of(24).replace("whsec_", "WHSEC_"), WebhookSecretFault::Prefix),
            (String::new(), WebhookSecretFault::Prefix),
        ] {
            assert_eq!(WebhookSecret::parse(&text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_new_secret_is_read_as_it_is_shown_and_is_another_each_time() {
        let (one, other) = (WebhookSecret::new(&OsEntropy).unwrap(), WebhookSecret::new(&OsEntropy).unwrap());
        assert_eq!(WebhookSecret::parse(&one.reveal()), Ok(one.clone()));
        assert_ne!(one, other);
        assert_eq!(format!("{one:?}"), "***");
    }
}
