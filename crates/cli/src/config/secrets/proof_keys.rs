//! The keys of proofs. Owns where they may come from and that the one that signs is not among those of the past.

use std::sync::Arc;

use adapters::proofs::{ProofKeyFault, ProofKeys};

use super::super::reader::{Found, Reader, SecretKeys};
use super::super::secret::Secret;

/// The most keys of the past. Each is published to everybody who checks proofs.
const OLD_KEYS_MAX: usize = 16;

const PROOF_KEY: SecretKeys = SecretKeys { value: "secrets.proof_key", file: "secrets.proof_key_file" };
const OLD_PROOF_KEYS: SecretKeys =
    SecretKeys { value: "secrets.old_proof_keys", file: "secrets.old_proof_keys_file" };

/// The keys of proofs; `None` when there are none, or something is wrong with them.
pub(super) fn proof_keys(reader: &mut Reader) -> Option<Arc<ProofKeys>> {
    let key = reader.secret(PROOF_KEY);
    let old = reader.secret(OLD_PROOF_KEYS);
    let Some(Found { key: name, value }) = key else {
        if let Some(old) = old.filter(|_| !reader.is_set(PROOF_KEY.value) && !reader.is_set(PROOF_KEY.file)) {
            reader.fault(old.key, format!("is of no use without `{}`", PROOF_KEY.file));
        }
        return None;
    };
    let read = readable(&value, ProofKeys::from_pem);
    let mut keys = reader.reported(name, read)?;
    if let Some(Found { key: name, value }) = old {
        let read = readable(&value, |text| keys.with_old(text));
        keys = reader.reported(name, read)?;
        if keys.published().len() > OLD_KEYS_MAX + 1 {
            reader.fault(name, format!("must hold at most {OLD_KEYS_MAX} keys"));
            return None;
        }
    }
    Some(Arc::new(keys))
}

fn readable(
    secret: &Secret,
    read: impl FnOnce(&str) -> Result<ProofKeys, ProofKeyFault>,
) -> Result<ProofKeys, String> {
    if secret.is_mask() {
        return Err("is the mask that stands for a secret; set the secret itself".to_owned());
    }
    read(secret.expose()).map_err(|fault| fault.to_string())
}
