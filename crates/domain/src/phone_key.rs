//! The key under which phones are counted. Owns the fingerprint of a phone; never the phone's storage.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::phone::Phone;

/// The least number of bytes of a key or pepper: as long as the output of SHA-256 (RFC 2104 section 3).
pub const SECRET_BYTES_MIN: usize = 32;

/// A secret is shorter than [`SECRET_BYTES_MIN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has {0} bytes, at least {SECRET_BYTES_MIN} are needed")]
pub struct SecretTooShort(pub usize);

/// The secret that turns phones into fingerprints and, in the SQL adapters, into sealed columns.
///
/// The 1.8e8 mobile numbers of Nepal can be hashed in minutes, so a fingerprint without a key hides nothing.
/// Unlike a pepper it does not rotate: a year of counted guesses hangs on it.
pub struct PhoneKey(Zeroizing<Vec<u8>>);

/// What stands for a phone in counters and logs: HMAC-SHA-256 of its E.164 form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PhoneFingerprint([u8; 32]);

impl PhoneFingerprint {
    /// The 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PhoneKey {
    /// Takes the key.
    ///
    /// # Errors
    /// [`SecretTooShort`] below [`SECRET_BYTES_MIN`] bytes.
    pub fn new(secret: &[u8]) -> Result<Self, SecretTooShort> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(SecretTooShort(secret.len()));
        }
        Ok(Self(Zeroizing::new(secret.to_vec())))
    }

    /// HMAC-SHA-256 over `phone-v1`, a zero byte and the E.164 form.
    #[must_use]
    pub fn fingerprint(&self, phone: Phone) -> PhoneFingerprint {
        let phone = Zeroizing::new(phone.e164());
        PhoneFingerprint(authenticate(&self.0, &[b"phone-v1\0", phone.as_bytes()]))
    }

    /// A key derived from this one for another use, named by `label`; distinct labels give independent keys.
    #[must_use]
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(authenticate(&self.0, &[b"derive-v1\0", label.as_bytes()]))
    }
}

impl std::fmt::Debug for PhoneKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneKey(hidden)")
    }
}

/// HMAC-SHA-256 of the parts, one behind the other.
pub(crate) fn authenticate(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length, so the empty-key fallback is never reached; it keeps this function total.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::<Sha256>::new(&[0; 64].into()));
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PhoneKey {
        PhoneKey::new(&(0..32).collect::<Vec<u8>>()).unwrap()
    }

    #[test]
    fn the_fingerprint_is_the_published_vector() {
        let phone = Phone::from_digits(9_779_841_234_567).unwrap();
        let hex = "fda893dab49b3f8eecee5f0b6e72dc77b787b11900825046a9ef92812aa8515d";
        let expected: Vec<u8> =
            (0..32).map(|byte| u8::from_str_radix(&hex[2 * byte..2 * byte + 2], 16).unwrap()).collect();
        assert_eq!(key().fingerprint(phone).bytes().as_slice(), expected);
    }

    #[test]
    fn a_short_key_is_refused_and_a_key_is_never_shown() {
        assert_eq!(PhoneKey::new(&[7; 31]).unwrap_err(), SecretTooShort(31));
        assert_eq!(format!("{:?}", key()), "PhoneKey(hidden)");
    }

    #[test]
    fn labels_give_different_keys() {
        assert_ne!(key().derive("a"), key().derive("b"));
    }
}
