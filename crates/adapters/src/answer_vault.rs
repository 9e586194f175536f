//! Seals answers for storage. Owns the form of a sealed answer; never keeps one, and never shows one or a key.
//!
//! An answer may hold a proof, or the secret of a key that is shown once. It is sealed with AES-SIV (RFC 5297) under a key
//! of its own, and to its place: an answer that is put where another one belongs does not open there.

use std::fmt;

use aes_siv::KeyInit as _;
use aes_siv::siv::Aes128Siv;
use domain::idempotency::{KeyPlace, StoredAnswer};
use domain::phone_key::PhoneKey;
use zeroize::Zeroizing;

/// What binds a seal to its use.
const ANSWER: &[u8] = b"answer-v1";

/// Seals and opens answers under a key that is derived from the [`PhoneKey`].
pub struct AnswerVault {
    key: Zeroizing<[u8; 32]>,
}

/// Why a stored answer could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a stored answer does not open: it was sealed with another phone_key or for another call, or changed"
)]
pub struct AnswerVaultError;

impl AnswerVault {
    /// The vault of this key.
    #[must_use]
    pub fn new(key: &PhoneKey) -> Self {
        Self { key: key.derive("answer-vault-v1") }
    }

    /// Seals an answer for its place.
    ///
    /// # Errors
    /// [`AnswerVaultError`] when it has too many or too long headers.
    pub fn seal(&self, place: &KeyPlace, answer: &StoredAnswer) -> Result<Vec<u8>, AnswerVaultError> {
        let plain = encode(answer).ok_or(AnswerVaultError)?;
        self.cipher().encrypt([ANSWER, place.bytes()], &plain).map_err(|_| AnswerVaultError)
    }

    /// Opens what [`AnswerVault::seal`] made.
    ///
    /// # Errors
    /// [`AnswerVaultError`] when it was not made with this key for this place, or was changed since.
    pub fn open(&self, place: &KeyPlace, sealed: &[u8]) -> Result<StoredAnswer, AnswerVaultError> {
        let plain = self.cipher().decrypt([ANSWER, place.bytes()], sealed).map_err(|_| AnswerVaultError)?;
        decode(&Zeroizing::new(plain)).ok_or(AnswerVaultError)
    }

    fn cipher(&self) -> Aes128Siv {
        Aes128Siv::new((&*self.key).into())
    }
}

impl fmt::Debug for AnswerVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerVault(hidden)")
    }
}

/// The status, the number of headers, each of their names and values behind its length, and the body.
fn encode(answer: &StoredAnswer) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(answer.body.len() + 128));
    bytes.extend_from_slice(&answer.status.to_be_bytes());
    bytes.push(u8::try_from(answer.headers.len()).ok()?);
    for text in answer.headers.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(&u16::try_from(text.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&answer.body);
    Some(bytes)
}

fn decode(bytes: &[u8]) -> Option<StoredAnswer> {
    let (status, rest) = bytes.split_first_chunk()?;
    let (count, mut rest) = rest.split_first()?;
    let mut text = || {
        let (length, behind) = rest.split_first_chunk()?;
        let (text, behind) = behind.split_at_checked(u16::from_be_bytes(*length).into())?;
        rest = behind;
        String::from_utf8(text.to_vec()).ok()
    };
    let headers = (0..*count).map(|_| Some((text()?, text()?))).collect::<Option<_>>()?;
    Some(StoredAnswer { status: u16::from_be_bytes(*status), headers, body: rest.to_vec() })
}

#[cfg(test)]
mod tests {
    use domain::application::ApplicationId;
    use domain::credential::Caller;
    use domain::idempotency::IdempotencyKey;

    use super::*;

    fn key(first_byte: u8) -> PhoneKey {
        PhoneKey::new(&(first_byte..first_byte + 32).collect::<Vec<u8>>()).unwrap()
    }

    fn place(name: &str) -> KeyPlace {
        let caller = Caller::Application(ApplicationId::default_application());
        KeyPlace::of(&key(0), &caller, "POST", "/v1/verifications", &IdempotencyKey::parse(name).unwrap())
    }

    fn answer() -> StoredAnswer {
        StoredAnswer {
            status: 201,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: b"{\"secret\":\"svk_1\"}".to_vec(),
        }
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_and_nowhere_else() {
        let vault = AnswerVault::new(&key(0));
        let sealed = vault.seal(&place("a"), &answer()).unwrap();
        assert_eq!(vault.open(&place("a"), &sealed), Ok(answer()));
        assert_eq!(vault.open(&place("b"), &sealed), Err(AnswerVaultError));
        assert_eq!(AnswerVault::new(&key(1)).open(&place("a"), &sealed), Err(AnswerVaultError));
        for place_of_change in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place_of_change] ^= 1;
            assert_eq!(vault.open(&place("a"), &changed), Err(AnswerVaultError), "byte {place_of_change}");
        }
        for length in 0..sealed.len() {
            assert_eq!(vault.open(&place("a"), &sealed[..length]), Err(AnswerVaultError));
        }
    }

    #[test]
    fn nothing_of_an_answer_can_be_read_in_its_seal() {
        let sealed = AnswerVault::new(&key(0)).seal(&place("a"), &answer()).unwrap();
        let holds = |text: &[u8]| sealed.windows(text.len()).any(|window| window == text);
        assert!(!holds(b"secret") && !holds(b"content-type") && !holds(b"svk_"));
    }

    #[test]
    fn every_answer_comes_back_as_it_was() {
        let vault = AnswerVault::new(&key(0));
        let long = ("x-long".to_owned(), "v".repeat(60_000));
        for answer in [
            StoredAnswer { status: 204, headers: Vec::new(), body: Vec::new() },
            StoredAnswer {
                status: 422,
                headers: vec![long, (String::new(), String::new())],
                body: vec![0; 16_384],
            },
        ] {
            let sealed = vault.seal(&place("a"), &answer).unwrap();
            assert_eq!(vault.open(&place("a"), &sealed), Ok(answer));
        }
        let header = ("a".to_owned(), "v".repeat(70_000));
        let too_long = StoredAnswer { status: 200, headers: vec![header], body: Vec::new() };
        assert_eq!(vault.seal(&place("a"), &too_long), Err(AnswerVaultError));
    }

    #[test]
    fn what_is_cut_short_is_no_answer() {
        let whole = encode(&answer()).unwrap();
        let headers_end = whole.len() - answer().body.len();
        assert!((0..headers_end).all(|length| decode(&whole[..length]).is_none()));
    }
}
