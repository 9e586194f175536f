//! Proofs of approvals.

use super::Verifier;
use crate::proof::{ProofClaims, SignedProof};
use crate::verification::Verification;

/// The proof that the right code came back for this verification; none when it has not, when the proof's life is over,
/// and where proofs are not signed.
#[must_use]
pub fn prove(verifier: &Verifier, verification: &Verification) -> Option<SignedProof> {
    let signer = verifier.ports.proofs.as_ref()?;
    let application = verifier.applications.find(&verification.subject.application)?;
    let claims = ProofClaims::of(verification, application.proof_phone, verifier.now())?;
    Some(signer.sign(&claims))
}
