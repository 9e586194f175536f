//! Seals phones for storage. Owns the form of a sealed phone; never keeps one, and never shows a number or a key.
//!
//! A database must look phones up and keep them unique, so equal phones have equal seals: AES-SIV (RFC 5297), which
//! is deterministic and authenticated. Whoever holds the database but not the key learns which rows are about the
//! same phone, and no phone. Whoever changes a sealed phone is found out when it is opened.

use std::fmt;

use aes_siv::siv::Aes128Siv;
use aes_siv::{KeyInit, Tag};
use domain::phone::Phone;
use domain::phone_key::PhoneKey;
use zeroize::Zeroizing;

use crate::answer_vault::AnswerVault;

/// The bytes of a sealed phone: the synthetic IV, which is the authentication tag too, and eight bytes of number.
pub const SEALED_BYTES: usize = TAG_BYTES + NUMBER_BYTES;

const TAG_BYTES: usize = 16;
const NUMBER_BYTES: usize = 8;

/// A phone as it is stored.
pub type SealedPhone = [u8; SEALED_BYTES];

/// What binds a seal to its use, so that one made for another use does not open here.
const PHONE: &[u8] = b"phone-v1";
const CANARY: &[u8] = b"canary-v1";

/// Seals and opens phones under a key that is derived from the [`PhoneKey`].
///
/// ```
/// use domain::phone::Phone;
/// use domain::phone_key::PhoneKey;
/// use adapters::phone_vault::PhoneVault;
///
/// let key = PhoneKey::new(b"an example of a key with 32 bytes").unwrap();
/// let vault = PhoneVault::new(&key);
/// let phone = Phone::from_digits(9_779_841_234_567).unwrap();
/// assert_eq!(vault.open(&vault.seal(phone)), Ok(phone));
/// ```
pub struct PhoneVault {
    key: Zeroizing<[u8; 32]>,
    answers: AnswerVault,
}

/// Why a stored phone could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored phone does not open: it was sealed with another phone_key, or changed")]
pub struct VaultError;

impl PhoneVault {
    /// The vault of this key. Unlike a pepper the key does not rotate: what was sealed under another does not open.
    #[must_use]
    pub fn new(key: &PhoneKey) -> Self {
        Self { key: key.derive("phone-vault-v1"), answers: AnswerVault::new(key) }
    }

    /// Seals a phone; the same phone always gives the same bytes.
    #[must_use]
    pub fn seal(&self, phone: Phone) -> SealedPhone {
        self.seal_number(phone.digits(), PHONE)
    }

    /// Opens what [`PhoneVault::seal`] made.
    ///
    /// # Errors
    /// [`VaultError`] when it was not made with this key, was changed since, or is no phone.
    pub fn open(&self, sealed: &[u8]) -> Result<Phone, VaultError> {
        let sealed: &SealedPhone = sealed.try_into().map_err(|_| VaultError)?;
        let (tag, number) = sealed.split_at(TAG_BYTES);
        let tag = Tag::try_from(tag).map_err(|_| VaultError)?;
        let mut number: [u8; NUMBER_BYTES] = number.try_into().map_err(|_| VaultError)?;
        self.cipher()
            .decrypt_inout_detached([PHONE], number.as_mut_slice().into(), &tag)
            .map_err(|_| VaultError)?;
        Phone::from_digits(u64::from_be_bytes(number)).ok_or(VaultError)
    }

    /// What seals answers, under a key of their own that comes from the same [`PhoneKey`].
    #[must_use]
    pub const fn answers(&self) -> &AnswerVault {
        &self.answers
    }

    /// A seal of nothing, by which a database remembers the key that it was made with.
    #[must_use]
    pub fn canary(&self) -> SealedPhone {
        self.seal_number(0, CANARY)
    }

    fn seal_number(&self, number: u64, used_for: &[u8]) -> SealedPhone {
        let mut sealed = [0; SEALED_BYTES];
        let (tag, sealed_number) = sealed.split_at_mut(TAG_BYTES);
        sealed_number.copy_from_slice(&number.to_be_bytes());
        match self.cipher().encrypt_inout_detached([used_for], (&mut *sealed_number).into()) {
            Ok(made) => tag.copy_from_slice(&made),
            // AES-SIV fails on more than 126 headers and here is one, so this is never reached. It keeps the function
            // total without letting a number out: zeros do not open.
            Err(_) => sealed_number.fill(0),
        }
        sealed
    }

    fn cipher(&self) -> Aes128Siv {
        Aes128Siv::new((&*self.key).into())
    }
}

impl fmt::Debug for PhoneVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneVault(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(first_byte: u8) -> PhoneVault {
        let key: Vec<u8> = (first_byte..first_byte + 32).collect();
        PhoneVault::new(&PhoneKey::new(&key).unwrap())
    }

    fn phone() -> Phone {
        Phone::from_digits(9_779_841_234_567).unwrap()
    }

    #[test]
    fn the_stored_form_stays_what_another_program_says_it_is() {
        // AESSIV of Python's `cryptography`, under HMAC-SHA-256(00..1f, "derive-v1" 00 "phone-vault-v1").
        let number = u128::from_be_bytes(vault(0).seal(phone())[..TAG_BYTES].try_into().unwrap());
        assert_eq!(number, 0x8151_2f5a_09e6_98ea_a729_f51e_3f3b_770b);
        let number = u64::from_be_bytes(vault(0).seal(phone())[TAG_BYTES..].try_into().unwrap());
        assert_eq!(number, 0x32df_0088_6fac_5e57);
    }

    #[test]
    fn equal_phones_have_equal_seals_and_others_do_not() {
        let neighbour = Phone::from_digits(9_779_841_234_568).unwrap();
        assert_eq!(vault(0).seal(phone()), vault(0).seal(phone()));
        assert_ne!(vault(0).seal(phone()), vault(0).seal(neighbour));
        assert_ne!(vault(0).seal(phone()), vault(1).seal(phone()));
        assert_ne!(vault(0).canary(), vault(1).canary());
    }

    #[test]
    fn what_was_sealed_opens_and_nothing_else_does() {
        let sealed = vault(0).seal(phone());
        assert_eq!(vault(0).open(&sealed), Ok(phone()));
        assert_eq!(vault(1).open(&sealed), Err(VaultError));
        assert_eq!(vault(0).open(&vault(0).canary()), Err(VaultError));
        assert_eq!(vault(0).open(&[0; SEALED_BYTES]), Err(VaultError));
        for length in [0, SEALED_BYTES - 1, SEALED_BYTES + 1] {
            assert_eq!(vault(0).open(&vec![7; length]), Err(VaultError));
        }
        for place in 0..SEALED_BYTES {
            let mut changed = sealed;
            changed[place] ^= 1;
            assert_eq!(vault(0).open(&changed), Err(VaultError), "byte {place}");
        }
    }

    #[test]
    fn the_key_is_never_shown() {
        assert_eq!(format!("{:?}", vault(0)), "PhoneVault(hidden)");
    }
}
