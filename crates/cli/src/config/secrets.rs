//! `[secrets]`: the peppers of the codes and the key of the phones. Owns what makes a secret long and varied enough.

use std::collections::BTreeSet;
use std::sync::Arc;

use adapters::proofs::ProofKeys;
use domain::code::{Pepper, Peppers};
use domain::phone_key::{PhoneKey, SECRET_BYTES_MIN};

use super::raw::variable;
use super::reader::{Found, Reader, SecretKeys};
use super::secret::Secret;

mod proof_keys;

use proof_keys::proof_keys;

/// Fewer distinct bytes than this are a placeholder or a slip of the hand: 64 random hex digits have 16 of them, and
/// fewer than 10 once in 10^16.
const DISTINCT_BYTES_MIN: usize = 10;
/// The most peppers of the past. Each is tried for codes of the last ten minutes only.
const OLD_PEPPERS_MAX: usize = 16;

const PEPPER: SecretKeys<'static> = SecretKeys { value: "secrets.pepper", file: "secrets.pepper_file" };
const OLD_PEPPERS: SecretKeys<'static> =
    SecretKeys { value: "secrets.old_peppers", file: "secrets.old_peppers_file" };
const PHONE_KEY: SecretKeys<'static> =
    SecretKeys { value: "secrets.phone_key", file: "secrets.phone_key_file" };

/// The secrets that are kept outside the database. Shows none of them.
#[derive(Clone, Debug)]
pub struct SecretsConfig {
    /// The secret half of every code: the pepper in force and those of the past.
    pub peppers: Arc<Peppers>,
    /// The key under which phones are counted and sealed. It does not rotate.
    pub phone_key: Arc<PhoneKey>,
    /// What signs proofs; without it approvals come without them.
    pub proof_keys: Option<Arc<ProofKeys>>,
}

/// The secrets; `None` when something is wrong with one of them.
pub(super) fn secrets(reader: &mut Reader) -> Option<SecretsConfig> {
    let proof_keys = proof_keys(reader);
    let pepper = required(reader, PEPPER);
    let phone_key = required(reader, PHONE_KEY);
    let old = reader.secrets(OLD_PEPPERS);
    if old.len() > OLD_PEPPERS_MAX {
        reader.fault(old[0].key, format!("must hold at most {OLD_PEPPERS_MAX} peppers"));
        return None;
    }
    let same = |left: &Secret, right: Option<&Found<'_, Secret>>| {
        right.is_some_and(|right| left.expose() == right.value.expose())
    };
    for (entry, Found { key, value }) in old.iter().enumerate() {
        let entry = entry + 1;
        if let Err(problem) = strong(value) {
            reader.fault(key, format!("entry {entry} {problem}"));
        }
        if same(value, pepper.as_ref()) {
            reader.fault(
                key,
                format!("entry {entry} is the pepper in force; it must hold those that it replaced"),
            );
        }
        if same(value, phone_key.as_ref()) {
            reader.fault(key, format!("entry {entry} is the phone key; each secret must be another"));
        }
    }
    let (pepper, phone_key) = (pepper?, phone_key?);
    if same(&phone_key.value, Some(&pepper)) {
        reader.fault(phone_key.key, format!("is the same as `{}`; each secret must be another", pepper.key));
    }
    // What is too short for the domain was refused above, with a fault.
    let old =
        old.iter().map(|old| Pepper::new(old.value.expose().as_bytes())).collect::<Result<_, _>>().ok()?;
    let newest = Pepper::new(pepper.value.expose().as_bytes()).ok()?;
    let phone_key = PhoneKey::new(phone_key.value.expose().as_bytes()).ok()?;
    Some(SecretsConfig {
        peppers: Arc::new(Peppers::new(newest, old)),
        phone_key: Arc::new(phone_key),
        proof_keys,
    })
}

fn required(reader: &mut Reader, keys: SecretKeys<'static>) -> Option<Found<'static, Secret>> {
    let found = reader.secret(keys);
    let Some(found) = found else {
        if !reader.is_set(keys.value) && !reader.is_set(keys.file) {
            let problem = format!(
                "is missing; make one with `openssl rand -hex 32 > FILE` and set `{}` (or {}) to the path of FILE",
                keys.file,
                variable(keys.file),
            );
            reader.missing(keys.value, problem);
        }
        return None;
    };
    let strong = strong(&found.value);
    reader.reported(found.key, strong)?;
    Some(found)
}

pub(super) fn strong(secret: &Secret) -> Result<(), String> {
    let bytes = secret.expose().as_bytes();
    if secret.is_mask() {
        return Err("is the mask that stands for a secret; set the secret itself".to_owned());
    }
    if bytes.len() < SECRET_BYTES_MIN {
        return Err(format!(
            "has {} bytes; it must have at least {SECRET_BYTES_MIN}, such as `openssl rand -hex 32` prints",
            bytes.len()
        ));
    }
    if bytes.iter().collect::<BTreeSet<_>>().len() < DISTINCT_BYTES_MIN {
        return Err(format!(
            "is easy to guess; it must have at least {DISTINCT_BYTES_MIN} different characters, such as \
             `openssl rand -hex 32` prints"
        ));
    }
    if bytes.contains(&b'\n') || bytes.contains(&b'\r') {
        return Err("has several lines; it must be one line".to_owned());
    }
    Ok(())
}
