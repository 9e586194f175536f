//! A signer that signs nothing.

use crate::ports::ProofSigner;
use crate::proof::{PhoneClaim, ProofClaims, ProofKey, SignedProof};

/// Spells the claims out where a signature would be, so that tests can read them.
#[derive(Debug)]
pub struct PlainProofs {
    keys: [ProofKey; 1],
}

impl Default for PlainProofs {
    fn default() -> Self {
        Self { keys: [ProofKey { id: "plain".to_owned(), public: [7; 32] }] }
    }
}

impl ProofSigner for PlainProofs {
    fn sign(&self, claims: &ProofClaims) -> SignedProof {
        let phone = match &claims.phone {
            PhoneClaim::Hash(hash) => hash.clone(),
            PhoneClaim::Number(phone) => phone.masked(),
        };
        let subject = claims.subject.as_ref().map_or("-", |subject| subject.as_str());
        SignedProof::new(format!(
            "{}.{subject}.{}.{}.{}.{}.{phone}",
            claims.audience,
            claims.id,
            claims.issued_at,
            claims.expires_at,
            claims.purpose.as_str(),
        ))
    }

    fn keys(&self) -> &[ProofKey] {
        &self.keys
    }
}
