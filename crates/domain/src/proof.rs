//! Proofs: what an approval says to somebody else than the caller who asked. Owns what a proof claims and how long;
//! never a key, nor the form in which claims are signed.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::account::Username;
use crate::application::ApplicationId;
use crate::id::VerificationId;
use crate::phone::Phone;
use crate::time::{Timestamp, after};
use crate::verification::{Purpose, State, Verification};

/// How long a proof is good, from the approval on.
pub const PROOF_LIFETIME: Duration = Duration::from_mins(10);

/// What a proof tells of the phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProofPhone {
    /// A hash, by which somebody who knows the phone recognises it. It hides a phone from nobody who tries: the numbers of
    /// a country can all be tried in seconds. It keeps phones out of logs, and proofs from being joined by them.
    #[default]
    Hash,
    /// The number.
    Number,
}

impl ProofPhone {
    /// The name in configuration, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Number => "number",
        }
    }
}

/// The phone in a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneClaim {
    /// base64url of SHA-256 of the verification's id, a dot and the phone in E.164.
    Hash(String),
    /// The phone.
    Number(Phone),
}

/// What a proof claims. The same approval always claims the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofClaims {
    /// For whom it is: the application.
    pub audience: ApplicationId,
    /// The account; none when the verification was for none.
    pub subject: Option<Username>,
    /// Which approval it is about, and what it is told apart by.
    pub id: VerificationId,
    /// When the right code came back, in seconds since 1970.
    pub issued_at: i64,
    /// From when on it is good no more, in seconds since 1970.
    pub expires_at: i64,
    /// What the verification was for.
    pub purpose: Purpose,
    /// The phone.
    pub phone: PhoneClaim,
}

impl ProofClaims {
    /// What the verification proves at `now`; nothing when it is not approved, or its proof is over.
    #[must_use]
    pub fn of(verification: &Verification, phone: ProofPhone, now: Timestamp) -> Option<Self> {
        let approved_at = match verification.state {
            State::Approved { at } => at,
            State::Pending | State::Expired { .. } | State::Canceled { .. } | State::Locked { .. } => {
                return None;
            }
        };
        let issued_at = approved_at.as_second();
        let expires_at = after(Timestamp::from_second(issued_at).ok()?, PROOF_LIFETIME);
        if now >= expires_at {
            return None;
        }
        let subject = &verification.subject;
        Some(Self {
            audience: subject.application.clone(),
            subject: verification.username.clone(),
            id: verification.id,
            issued_at,
            expires_at: expires_at.as_second(),
            purpose: subject.purpose,
            phone: match phone {
                ProofPhone::Hash => PhoneClaim::Hash(phone_hash(verification.id, subject.phone)),
                ProofPhone::Number => PhoneClaim::Number(subject.phone),
            },
        })
    }
}

/// The hash by which a proof names a phone.
#[must_use]
pub fn phone_hash(id: VerificationId, phone: Phone) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{id}.{}", phone.e164())))
}

/// A signed proof: whoever holds it can show it, so it is told to the caller and to nobody else.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedProof(String);

impl SignedProof {
    /// The proof that a signer has made.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The compact form (JWS).
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

impl fmt::Debug for SignedProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignedProof(hidden)")
    }
}

/// The public half of a key that signs proofs, or has signed them: an Ed25519 key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofKey {
    /// Its thumbprint (RFC 7638), by which a proof names it.
    pub id: String,
    /// The 32 bytes of the key.
    pub public: [u8; 32],
}

impl ProofKey {
    /// The key in base64url: the member `x` of a JSON Web Key (RFC 8037).
    #[must_use]
    pub fn coordinate(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_hash_is_what_another_program_says_it_is() {
        // base64url(SHA-256("018f0000-0000-7000-8000-000000000001.+9779841234567")), by Python's hashlib.
        let id = VerificationId::parse("018f0000-0000-7000-8000-000000000001").unwrap();
        let phone = Phone::from_digits(9_779_841_234_567).unwrap();
        assert_eq!(phone_hash(id, phone), "xXWQ54vEUe4_ORRY4BFKvcPX_toJ0K3N4Q0CPoWpAyQ");
        let other = VerificationId::parse("018f0000-0000-7000-8000-000000000002").unwrap();
        assert_ne!(phone_hash(other, phone), phone_hash(id, phone), "no two proofs are joined by a phone");
    }

    #[test]
    fn a_proof_is_not_shown() {
        assert_eq!(format!("{:?}", SignedProof::new("a.b.c".to_owned())), "SignedProof(hidden)");
    }
}
