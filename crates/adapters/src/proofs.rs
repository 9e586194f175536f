//! Signs proofs: compact JWS (RFC 7515) by `EdDSA` over Ed25519 (RFC 8037). Owns the form of a proof and of its keys; never
//! what a proof claims, and never shows a private key.
//!
//! A key is erased where it passes through here; the key pair that ring keeps for signing is not, because ring does not.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::ports::{Entropy, PortError, ProofSigner};
use domain::proof::{PhoneClaim, ProofClaims, ProofKey, SignedProof};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The type of a proof, so that no token of another kind passes for one (RFC 8725 3.11).
pub const PROOF_TYPE: &str = "phone-proof+jwt";

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
/// What stands before the 32 bytes of an Ed25519 key in DER: of a private one (PKCS#8, as OpenSSL writes it), and of a
/// public one (RFC 8410).
const PRIVATE_DER: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const PUBLIC_DER: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofKeyFault {
    /// It is not in PEM.
    #[error("is no key in PEM, such as `openssl genpkey -algorithm ed25519` prints")]
    NotPem,
    /// It is encrypted.
    #[error("is encrypted; set the key as `openssl genpkey -algorithm ed25519` prints it")]
    Encrypted,
    /// It is another kind of key.
    #[error("is no Ed25519 key, such as `openssl genpkey -algorithm ed25519` prints")]
    NotEd25519,
    /// It is one half of a key where the other one, or one key, is asked for.
    #[error("must hold one private key")]
    NotOnePrivate,
}

/// The keys of proofs: the one that signs, and those that have signed before.
pub struct ProofKeys {
    pair: Ed25519KeyPair,
    /// The one that signs first.
    published: Vec<ProofKey>,
}

impl ProofKeys {
    /// Reads the key that signs, in PEM (PKCS#8).
    ///
    /// # Errors
    /// [`ProofKeyFault`] when it is none.
    pub fn from_pem(text: &str) -> Result<Self, ProofKeyFault> {
        match blocks(text)?.as_slice() {
            [(PRIVATE, der)] => {
                let pair = pair(der)?;
                Ok(Self { published: vec![published(public(&pair)?)], pair })
            }
            _ => Err(ProofKeyFault::NotOnePrivate),
        }
    }

    /// The same with keys that have signed before, in PEM one behind the other; of each its public half will do. One that
    /// is there already is not there twice.
    ///
    /// # Errors
    /// [`ProofKeyFault`] when one of them is none.
    pub fn with_old(mut self, text: &str) -> Result<Self, ProofKeyFault> {
        for (label, der) in blocks(text)? {
            let key = if label == PUBLIC {
                let key = der.strip_prefix(&PUBLIC_DER).and_then(|key| key.try_into().ok());
                key.ok_or(ProofKeyFault::NotEd25519)?
            } else {
                public(&pair(&der)?)?
            };
            let key = published(key);
            if !self.published.contains(&key) {
                self.published.push(key);
            }
        }
        Ok(self)
    }

    /// The public halves, that of the key that signs first.
    #[must_use]
    pub fn published(&self) -> &[ProofKey] {
        &self.published
    }
}

impl fmt::Debug for ProofKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProofKeys").field("published", &self.published).finish_non_exhaustive()
    }
}

/// Makes a new private key, in PEM as OpenSSL writes it.
///
/// # Errors
/// [`PortError`] when the source of randomness does not answer.
pub fn generate(entropy: &dyn Entropy) -> Result<Zeroizing<String>, PortError> {
    let mut der = Zeroizing::new([0; PRIVATE_DER.len() + 32]);
    let (before, seed) = der.split_at_mut(PRIVATE_DER.len());
    before.copy_from_slice(&PRIVATE_DER);
    entropy.fill(seed)?;
    let text = Zeroizing::new(STANDARD.encode(der.as_slice()));
    Ok(Zeroizing::new(format!("-----BEGIN {PRIVATE}-----\n{}\n-----END {PRIVATE}-----\n", text.as_str())))
}

/// Signs proofs in the name of one issuer.
pub struct Ed25519Proofs {
    issuer: String,
    keys: Arc<ProofKeys>,
    /// The header of every proof, encoded.
    header: String,
}

impl Ed25519Proofs {
    /// A signer with these keys, for the service that is reached at `issuer`.
    #[must_use]
    pub fn new(issuer: impl Into<String>, keys: Arc<ProofKeys>) -> Self {
        let id = keys.published.first().map(|key| key.id.as_str());
        let header = json!({"alg": "EdDSA", "typ": PROOF_TYPE, "kid": id});
        Self { issuer: issuer.into(), keys, header: URL_SAFE_NO_PAD.encode(header.to_string()) }
    }

    fn payload(&self, claims: &ProofClaims) -> Value {
        let mut payload = Map::new();
        let mut put = |name: &str, value: Value| payload.insert(name.to_owned(), value);
        put("iss", json!(self.issuer));
        put("aud", json!(claims.audience.as_str()));
        if let Some(subject) = &claims.subject {
            put("sub", json!(subject.as_str()));
        }
        put("jti", json!(claims.id.to_string()));
        put("iat", json!(claims.issued_at));
        put("exp", json!(claims.expires_at));
        put("purpose", json!(claims.purpose.as_str()));
        put("method", json!("sms"));
        // RFC 8176.
        put("amr", json!(["sms"]));
        match &claims.phone {
            PhoneClaim::Hash(hash) => {
                put("phone_hash", json!(hash));
            }
            // As OpenID Connect names them (Core 5.1).
            PhoneClaim::Number(phone) => {
                put("phone_number", json!(phone.e164()));
                put("phone_number_verified", json!(true));
            }
        }
        Value::Object(payload)
    }
}

impl ProofSigner for Ed25519Proofs {
    fn sign(&self, claims: &ProofClaims) -> SignedProof {
        let mut proof =
            format!("{}.{}", self.header, URL_SAFE_NO_PAD.encode(self.payload(claims).to_string()));
        let signature = self.keys.pair.sign(proof.as_bytes());
        proof.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut proof);
        SignedProof::new(proof)
    }

    fn keys(&self) -> &[ProofKey] {
        &self.keys.published
    }
}

impl fmt::Debug for Ed25519Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ed25519Proofs")
            .field("issuer", &self.issuer)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// A public key under the thumbprint of its JSON Web Key (RFC 7638): the members that make the key, in order.
fn published(public: [u8; 32]) -> ProofKey {
    let mut key = ProofKey { id: String::new(), public };
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, key.coordinate());
    key.id = URL_SAFE_NO_PAD.encode(Sha256::digest(members));
    key
}

fn pair(der: &[u8]) -> Result<Ed25519KeyPair, ProofKeyFault> {
    // What OpenSSL writes has no public half to compare with.
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| ProofKeyFault::NotEd25519)
}

fn public(pair: &Ed25519KeyPair) -> Result<[u8; 32], ProofKeyFault> {
    pair.public_key().as_ref().try_into().map_err(|_| ProofKeyFault::NotEd25519)
}

/// A block of PEM: what it says it is, and its bytes.
type Block = (&'static str, Zeroizing<Vec<u8>>);

/// The blocks of a text, which has nothing else in it but empty lines.
fn blocks(text: &str) -> Result<Vec<Block>, ProofKeyFault> {
    let mut found = Vec::new();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    while let Some(begin) = lines.next() {
        let label = begin.strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"));
        let label = match label.ok_or(ProofKeyFault::NotPem)? {
            PRIVATE => PRIVATE,
            PUBLIC => PUBLIC,
            "ENCRYPTED PRIVATE KEY" => return Err(ProofKeyFault::Encrypted),
            _ => return Err(ProofKeyFault::NotEd25519),
        };
        let end = format!("-----END {label}-----");
        let mut encoded = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or(ProofKeyFault::NotPem)?;
            if line == end {
                break;
            }
            encoded.push_str(line);
        }
        let der = STANDARD.decode(encoded.as_str()).map_err(|_| ProofKeyFault::NotPem)?;
        found.push((label, Zeroizing::new(der)));
    }
    if found.is_empty() { Err(ProofKeyFault::NotPem) } else { Ok(found) }
}

#[cfg(test)]
mod tests;
