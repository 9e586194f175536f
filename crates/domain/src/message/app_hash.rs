//! The hash by which Android's SMS Retriever finds the app that an SMS is for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};

const CHARS: usize = 11;

/// The most bytes of an app's package name.
pub const PACKAGE_BYTES_MAX: usize = 255;

/// The hash of one build of an Android app: 11 characters of base64, such as `FA+9qCX9VSu`. It is public. Builds that
/// are signed with different certificates (debug, upload, Google Play) have different hashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppHash(String);

impl AppHash {
    /// Reads a hash.
    ///
    /// # Errors
    /// [`AppHashFault`] unless it is 11 of `A-Z a-z 0-9 + /`.
    pub fn parse(text: &str) -> Result<Self, AppHashFault> {
        let in_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
        if text.len() == CHARS && text.bytes().all(in_alphabet) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AppHashFault)
        }
    }

    /// The 11 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no app hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an app hash has 11 characters out of A-Z, a-z, 0-9, + and /")]
pub struct AppHashFault;

/// The name by which Android knows an app (its application id): `com.example.app`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppPackage(String);

impl AppPackage {
    /// Reads a package name. Upper and lower case differ.
    ///
    /// # Errors
    /// [`AppPackageFault`] unless it is two or more parts with dots between them, each of letters, digits and
    /// underscores with a letter first (Android, "Set the application ID").
    pub fn parse(text: &str) -> Result<Self, AppPackageFault> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_part = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphabetic()) && part.bytes().all(is_allowed)
        };
        if text.len() <= PACKAGE_BYTES_MAX && text.contains('.') && text.split('.').all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AppPackageFault)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text that is no package name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a package name has parts such as com.example.app, each of letters, digits and underscores, a letter first"
)]
pub struct AppPackageFault;

/// The hash of an app: the first 11 characters of the base64 of the SHA-256 of the package's name, one space, and the
/// signing certificate (DER) in lower-case hex (Google, "Computing your app's hash string").
///
/// It takes the certificate itself: a fingerprint, which is a hash of it, does not lead there. With Play App Signing the
/// certificate is Google's, not the one of the upload key.
#[must_use]
pub fn app_hash(package: &AppPackage, certificate_der: &[u8]) -> AppHash {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut hasher = Sha256::new();
    hasher.update(package.as_str());
    hasher.update(b" ");
    for byte in certificate_der {
        hasher.update([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]]);
    }
    from_digest(&hasher.finalize())
}

fn from_digest(digest: &[u8]) -> AppHash {
    let mut hash = STANDARD_NO_PAD.encode(digest);
    hash.truncate(CHARS);
    AppHash(hash)
}

#[cfg(test)]
mod tests {
    use super::from_digest;

    #[test]
    fn a_digest_becomes_the_hash_that_a_published_app_has() {
        // The first nine bytes of SHA-256 5e17f6fa...1428; the rest plays no part in the first eleven characters.
        let digest = [0x5e, 0x17, 0xf6, 0xfa, 0x1d, 0x1f, 0xab, 0x22, 0x04];
        assert_eq!(from_digest(&digest).as_str(), "Xhf2+h0fqyI");
    }
}
