//! Keys that tokens are verified with. Owns what makes a key fit for an algorithm; never holds a private one.

use std::fmt;

use jsonwebtoken::DecodingKey;
use jsonwebtoken::DecodingKeyKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde_json::Value;

use super::algorithm::JwtAlgorithm;

/// The least bytes of a secret: as many as its signatures have (RFC 7518, 3.2).
pub(super) const SECRET_BYTES_MIN: usize = 32;
/// The bytes of the modulus of an RSA key: 2048 (RFC 7518, 3.3) to 8192 bits.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// The bytes of a point of P-256, uncompressed, and of Ed25519.
const P256_BYTES: usize = 65;
const ED25519_BYTES: usize = 32;

/// A key and the one algorithm that it is for.
pub(super) struct Key {
    /// What the issuer calls it.
    pub(super) id: Option<String>,
    pub(super) algorithm: JwtAlgorithm,
    pub(super) decoding: DecodingKey,
}

/// A secret or a public key that does not change. Shows none of it.
#[derive(Clone)]
pub struct JwtKey(pub(super) Key);

/// Why something is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtKeyFault {
    /// The secret is too short.
    #[error("must have at least {SECRET_BYTES_MIN} bytes")]
    SecretTooShort,
    /// It is the private half, which nobody but the issuer may have.
    #[error("holds a private key; it must hold the public half only")]
    Private,
    /// It is no public key in PEM, or of another kind.
    #[error(
        "must hold a public key in PEM (`BEGIN PUBLIC KEY`): RSA of 2048 to 8192 bits, P-256, or Ed25519"
    )]
    NotPublic,
}

impl JwtKey {
    /// The secret that issuer and service share.
    ///
    /// # Errors
    /// [`JwtKeyFault::SecretTooShort`] when it has less than 32 bytes.
    pub fn from_secret(secret: &[u8]) -> Result<Self, JwtKeyFault> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(JwtKeyFault::SecretTooShort);
        }
        let decoding = DecodingKey::from_secret(secret);
        Ok(Self(Key { id: None, algorithm: JwtAlgorithm::Hs256, decoding }))
    }

    /// A public key in PEM, as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// [`JwtKeyFault`] when it is none, or of a kind that is not taken.
    pub fn from_pem(pem: &str) -> Result<Self, JwtKeyFault> {
        if pem.contains("PRIVATE KEY-----") {
            return Err(JwtKeyFault::Private);
        }
        if !pem.contains("-----BEGIN PUBLIC KEY-----") {
            return Err(JwtKeyFault::NotPublic);
        }
        let pem = pem.as_bytes();
        let read = [
            (JwtAlgorithm::Rs256, DecodingKey::from_rsa_pem(pem)),
            (JwtAlgorithm::Es256, DecodingKey::from_ec_pem(pem)),
            (JwtAlgorithm::EdDsa, DecodingKey::from_ed_pem(pem)),
        ];
        let mut keys = read.into_iter().filter_map(|(algorithm, key)| Some((algorithm, key.ok()?)));
        let (algorithm, decoding) = keys.next().ok_or(JwtKeyFault::NotPublic)?;
        let key = Key { id: None, algorithm, decoding };
        if key.is_sound() { Ok(Self(key)) } else { Err(JwtKeyFault::NotPublic) }
    }

    /// What it is for.
    #[must_use]
    pub const fn algorithm(&self) -> JwtAlgorithm {
        self.0.algorithm
    }
}

impl Key {
    /// A key out of a set that the issuer publishes, or why it is of no use here.
    pub(super) fn from_jwk(value: Value) -> Result<Self, &'static str> {
        if value.get("d").is_some() {
            return Err("it is a private key");
        }
        let jwk: Jwk = serde_json::from_value(value).map_err(|_| "it makes no sense")?;
        let algorithm = algorithm(&jwk.algorithm).ok_or("it is of another kind")?;
        if jwk.common.key_algorithm.is_some_and(|told| told != algorithm.of_key()) {
            return Err("it is for another algorithm");
        }
        let is_signing = |told: &PublicKeyUse| *told == PublicKeyUse::Signature;
        let is_verifying = |told: &Vec<KeyOperations>| told.contains(&KeyOperations::Verify);
        if !jwk.common.public_key_use.as_ref().is_none_or(is_signing)
            || !jwk.common.key_operations.as_ref().is_none_or(is_verifying)
        {
            return Err("it is not for signatures");
        }
        let decoding = DecodingKey::from_jwk(&jwk).map_err(|_| "it makes no sense")?;
        let key = Self { id: jwk.common.key_id, algorithm, decoding };
        if key.is_sound() { Ok(key) } else { Err("it is of another size") }
    }

    /// Whether it has the size that its kind has.
    fn is_sound(&self) -> bool {
        match (self.algorithm, self.decoding.kind()) {
            (JwtAlgorithm::Rs256, DecodingKeyKind::RsaModulusExponent { n, .. }) => {
                MODULUS_BYTES.contains(&n.iter().skip_while(|byte| **byte == 0).count())
            }
            (JwtAlgorithm::Rs256, DecodingKeyKind::SecretOrDer(der)) => {
                // The modulus, with a few bytes for the exponent and what holds the two.
                (MODULUS_BYTES.start() + 8..=MODULUS_BYTES.end() + 32).contains(&der.len())
            }
            (JwtAlgorithm::Es256, DecodingKeyKind::SecretOrDer(point)) => point.len() == P256_BYTES,
            (JwtAlgorithm::EdDsa, DecodingKeyKind::SecretOrDer(point)) => point.len() == ED25519_BYTES,
            (JwtAlgorithm::Hs256, DecodingKeyKind::SecretOrDer(secret)) => secret.len() >= SECRET_BYTES_MIN,
            (
                JwtAlgorithm::Es256 | JwtAlgorithm::EdDsa | JwtAlgorithm::Hs256,
                DecodingKeyKind::RsaModulusExponent { .. },
            ) => false,
        }
    }
}

/// What a published key is for, by its kind. A secret is nothing that is published.
fn algorithm(parameters: &AlgorithmParameters) -> Option<JwtAlgorithm> {
    match parameters {
        AlgorithmParameters::RSA(_) => Some(JwtAlgorithm::Rs256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Some(JwtAlgorithm::Es256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Some(JwtAlgorithm::EdDsa)
        }
        AlgorithmParameters::EllipticCurve(_)
        | AlgorithmParameters::OctetKeyPair(_)
        | AlgorithmParameters::OctetKey(_)
        | AlgorithmParameters::Other(_)
        | _ => None,
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), algorithm: self.algorithm, decoding: self.decoding.clone() }
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtKey({}, hidden)", self.0.algorithm)
    }
}
