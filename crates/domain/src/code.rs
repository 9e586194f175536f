//! Codes: how they are derived, compared and read from people. A code lives only in memory and in the SMS; nothing
//! here stores, prints or logs one.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::id::VerificationId;
use crate::phone::Phone;
use crate::phone_key::{SECRET_BYTES_MIN, SecretTooShort, authenticate};
use crate::ports::{Entropy, PortError};
use crate::verification::Purpose;

const DIGITS_MAX: usize = 10;

/// How many digits a code has: 6 (SP 800-63B-4 3.1.3.2: at least six) to 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeLength(u8);

impl CodeLength {
    /// The default: SP 800-63B-4 and OWASP ASVS 6.5.4 accept six random digits.
    pub const SIX: Self = Self(6);
    /// The length after a phone's budget of wrong checks on shorter codes is used up.
    pub const EIGHT: Self = Self(8);

    /// A length within 6..=10; `None` outside.
    #[must_use]
    pub fn new(digits: u8) -> Option<Self> {
        (6..=10).contains(&digits).then_some(Self(digits))
    }

    /// The number of digits.
    #[must_use]
    pub const fn digits(self) -> u8 {
        self.0
    }

    /// How many codes of this length there are.
    #[must_use]
    pub const fn codes(self) -> u64 {
        10_u64.pow(self.0 as u32)
    }
}

/// The public half of a code: 128 random bits, new for each generation of codes of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce([u8; 16]);

impl Nonce {
    /// Draws a nonce.
    ///
    /// # Errors
    /// [`PortError`] when the source of randomness does not answer.
    pub fn new(entropy: &dyn Entropy) -> Result<Self, PortError> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The nonce with these bytes: for adapters that load what was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Names a pepper without telling it; kept with each verification, so that a rotated pepper still checks its codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PepperId([u8; 8]);

impl PepperId {
    /// The id with these bytes: for adapters that load what was stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The 8 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

/// The secret half of every code; it is kept outside the database.
pub struct Pepper {
    id: PepperId,
    secret: Zeroizing<Vec<u8>>,
}

impl Pepper {
    /// Takes the secret; its id is derived from it.
    ///
    /// # Errors
    /// [`SecretTooShort`] below [`SECRET_BYTES_MIN`] bytes.
    pub fn new(secret: &[u8]) -> Result<Self, SecretTooShort> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(SecretTooShort(secret.len()));
        }
        let mut id = [0; 8];
        id.copy_from_slice(&authenticate(secret, &[b"sparrow-verify/pepper-id/v1"])[..8]);
        Ok(Self { id: PepperId(id), secret: Zeroizing::new(secret.to_vec()) })
    }

    /// The pepper's id.
    #[must_use]
    pub const fn id(&self) -> PepperId {
        self.id
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pepper").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The peppers in force: new codes use the newest, codes of the older ones still check.
#[derive(Debug)]
pub struct Peppers {
    newest: Pepper,
    older: Vec<Pepper>,
}

impl Peppers {
    /// The newest pepper and those it replaced.
    #[must_use]
    pub const fn new(newest: Pepper, older: Vec<Pepper>) -> Self {
        Self { newest, older }
    }

    /// The id that new codes carry.
    #[must_use]
    pub const fn newest(&self) -> PepperId {
        self.newest.id()
    }

    /// Whether codes of this pepper can be derived.
    #[must_use]
    pub fn knows(&self, id: PepperId) -> bool {
        self.find(id).is_some()
    }

    fn find(&self, id: PepperId) -> Option<&Pepper> {
        std::iter::once(&self.newest).chain(&self.older).find(|pepper| pepper.id == id)
    }

    /// Derives the code of `source`; `None` when its pepper is no longer configured.
    ///
    /// HMAC-SHA-256 under the pepper over the verification, the phone, the purpose and the nonce, reduced to the
    /// digits by rejection, so that each code is equally likely (RFC 4226 section 6 assumes that). The same inputs
    /// give the same code: a resend needs nothing stored, and a dump of the database gives nothing.
    #[must_use]
    pub fn derive(&self, source: &CodeSource) -> Option<Code> {
        let pepper = self.find(source.pepper)?;
        let purpose = source.purpose.as_str().as_bytes();
        let codes = source.length.codes();
        // The largest multiple of `codes` that 64 bits hold: draws from there on would favour the low codes.
        let fair = u64::MAX - u64::MAX % codes;
        let mut round = 0_u32;
        loop {
            let draw = Zeroizing::new(authenticate(
                &pepper.secret,
                &[
                    b"sparrow-verify/code/v1\0",
                    source.verification.uuid().as_bytes(),
                    &source.phone.digits().to_be_bytes(),
                    purpose,
                    b"\0",
                    &source.nonce.0,
                    &[source.length.digits()],
                    &round.to_be_bytes(),
                ],
            ));
            for word in draw.chunks_exact(8) {
                let number = word.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                if number < fair {
                    return Some(Code::from_number(number % codes, source.length));
                }
            }
            round = round.wrapping_add(1);
        }
    }
}

/// Everything public that a code depends on.
#[derive(Clone, Copy, Debug)]
pub struct CodeSource {
    /// The verification that the code belongs to, and no other.
    pub verification: VerificationId,
    /// The phone that it is sent to.
    pub phone: Phone,
    /// What it is good for.
    pub purpose: Purpose,
    /// The nonce of this generation.
    pub nonce: Nonce,
    /// The pepper of this generation.
    pub pepper: PepperId,
    /// How many digits it has.
    pub length: CodeLength,
}

/// The digits sent. Erased when dropped; has no `Debug`, `Display` or `PartialEq` on purpose.
#[derive(Zeroize, ZeroizeOnDrop)]
#[expect(missing_debug_implementations, reason = "a code is never printed")]
pub struct Code {
    digits: [u8; DIGITS_MAX],
    length: u8,
}

impl Code {
    fn from_number(mut number: u64, length: CodeLength) -> Self {
        let mut digits = [0; DIGITS_MAX];
        for digit in digits[..usize::from(length.0)].iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
        Self { digits, length: length.0 }
    }

    /// The digits, for the text of the SMS and nothing else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII digits are ever written there.
        std::str::from_utf8(&self.digits[..usize::from(self.length)]).unwrap_or("")
    }

    /// Whether `submitted` is this code, in a time that does not depend on how much of it is right.
    #[must_use]
    pub fn matches(&self, submitted: &SubmittedCode) -> bool {
        let same: Choice = self.digits.ct_eq(&submitted.0.digits) & self.length.ct_eq(&submitted.0.length);
        same.into()
    }
}

/// What somebody typed as the code, in canonical digits. As secret as a code: it may be the right one.
pub struct SubmittedCode(Code);

/// Why what was typed cannot be a code. It costs no check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeFault {
    /// There is no digit in it.
    #[error("is empty; send the digits of the SMS")]
    Empty,
    /// Something other than digits, or a separator in a place where people do not put one.
    #[error("has a character that is not a digit; send the digits of the SMS")]
    InvalidCharacter,
    /// Fewer than 6 or more than 10 digits.
    #[error("must have 6 to 10 digits")]
    WrongLength,
}

impl SubmittedCode {
    /// Reads a code as people type and paste it: ASCII, Devanagari or full-width digits, space around, single spaces
    /// or dashes between.
    ///
    /// # Errors
    /// [`CodeFault`] when it cannot be a code of any verification.
    pub fn parse(text: &str) -> Result<Self, CodeFault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(CodeFault::Empty);
        }
        // Three bytes a digit and a separator between are the longest honest spelling.
        if text.len() > DIGITS_MAX * 4 {
            return Err(CodeFault::WrongLength);
        }
        let mut code = Code { digits: [0; DIGITS_MAX], length: 0 };
        let mut separated = true;
        for character in text.chars() {
            if let Some(digit) = digit(character) {
                let place = code.digits.get_mut(usize::from(code.length)).ok_or(CodeFault::WrongLength)?;
                *place = b'0' + digit;
                code.length += 1;
                separated = false;
            } else if matches!(character, ' ' | '\u{a0}' | '-') && !separated {
                separated = true;
            } else {
                return Err(CodeFault::InvalidCharacter);
            }
        }
        if separated {
            return Err(CodeFault::InvalidCharacter);
        }
        if CodeLength::new(code.length).is_none() {
            return Err(CodeFault::WrongLength);
        }
        Ok(Self(code))
    }
}

impl SubmittedCode {
    /// How many digits it has.
    #[must_use]
    pub fn length(&self) -> CodeLength {
        CodeLength(self.0.length)
    }

    /// Whether `other` is the same code, in a time that does not depend on how much of it is.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.matches(other)
    }
}

impl fmt::Debug for SubmittedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubmittedCode(hidden)")
    }
}

fn digit(character: char) -> Option<u8> {
    let zero = match character {
        '0'..='9' => '0',
        '\u{966}'..='\u{96f}' => '\u{966}',
        '\u{ff10}'..='\u{ff19}' => '\u{ff10}',
        _ => return None,
    };
    u8::try_from(u32::from(character) - u32::from(zero)).ok()
}

const _: () = assert!(SECRET_BYTES_MIN == 32, "the messages about peppers name 32 bytes");
