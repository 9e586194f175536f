//! What signs proofs.

use std::fmt;

use crate::proof::{ProofClaims, ProofKey, SignedProof};

/// Signs proofs, so that others believe them without asking. It works in memory and does not fail.
pub trait ProofSigner: Send + Sync + fmt::Debug {
    /// Signs the claims; the same claims always give the same proof.
    fn sign(&self, claims: &ProofClaims) -> SignedProof;

    /// The keys by which proofs are checked, the one that signs first; those that have signed before follow it.
    fn keys(&self) -> &[ProofKey];
}
