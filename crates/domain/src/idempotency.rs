//! Idempotency keys: a caller names a call, so that the same call made again is answered and not done again
//! (draft-ietf-httpapi-idempotency-key-header). Owns what a key looks like, whose it is, and what is kept of an answer;
//! never which answers are kept.
//!
//! A key may hold anything, a phone as well, and a body holds phones and codes: of both only keyed hashes leave this
//! module, so that a database without the phone key tells nothing of them.

use std::fmt;

use zeroize::Zeroizing;

use crate::credential::Caller;
use crate::phone_key::{PhoneKey, authenticate};
use crate::ports::{Entropy, PortError};
use crate::time::Timestamp;

/// The most characters of a key.
pub const KEY_LENGTH_MAX: usize = 255;
/// The most bytes of the body of an answer that is kept.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What a caller calls its call: 1 to [`KEY_LENGTH_MAX`] visible ASCII characters.
pub struct IdempotencyKey(Zeroizing<String>);

/// A text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not 1 to {KEY_LENGTH_MAX} visible ASCII characters, quoted or bare")]
pub struct IdempotencyKeyFault;

impl IdempotencyKey {
    /// Reads the value of the header: a string of RFC 8941 (`"k-1"`), or the bare text of one. Both name the same key.
    ///
    /// # Errors
    /// [`IdempotencyKeyFault`] when it is neither.
    pub fn parse(header: &str) -> Result<Self, IdempotencyKeyFault> {
        let header = header.trim_matches([' ', '\t']);
        let key = match header.strip_prefix('"') {
            Some(rest) => unquoted(rest).ok_or(IdempotencyKeyFault)?,
            // What separates items and parameters is nobody's key: two headers that a proxy has joined are two.
            None if header.contains(['"', '\\', ',', ';']) => return Err(IdempotencyKeyFault),
            None => Zeroizing::new(header.to_owned()),
        };
        let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=KEY_LENGTH_MAX).contains(&key.len()) {
            Ok(Self(key))
        } else {
            Err(IdempotencyKeyFault)
        }
    }
}

/// What stands between the quotes; a quote or a backslash in it has a backslash before it.
fn unquoted(rest: &str) -> Option<Zeroizing<String>> {
    let mut key = Zeroizing::new(String::with_capacity(rest.len()));
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return characters.next().is_none().then_some(key),
            '\\' => key.push(characters.next().filter(|next| matches!(next, '"' | '\\'))?),
            character => key.push(character),
        }
    }
}

/// It may hold anything.
impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(hidden)")
    }
}

macro_rules! keyed_hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The 32 bytes.
            #[must_use]
            pub const fn bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(hidden)"))
            }
        }
    };
}

keyed_hash! {
    /// Where a key lives: a hash of who calls, what is called, and the key itself. Callers of different accounts or
    /// applications never meet; a caller whose token was replaced is still the same.
    KeyPlace
}

keyed_hash! {
    /// What was asked for under a key: a hash of the body.
    Fingerprint
}

impl KeyPlace {
    /// The place of `key` for this caller and this operation.
    #[must_use]
    pub fn of(secret: &PhoneKey, caller: &Caller, method: &str, path: &str, key: &IdempotencyKey) -> Self {
        let (kind, account): (&[u8], [u8; 16]) = match caller {
            Caller::User(account) => (b"user", *account.id.uuid().as_bytes()),
            Caller::Application(_) => (b"verify", [0; 16]),
            Caller::Admin(_) => (b"admin", [0; 16]),
        };
        let application = caller.application().as_str().as_bytes();
        let (method, path, key) = (method.as_bytes(), path.as_bytes(), key.0.as_bytes());
        // No part but the account, which has a fixed length, can hold the zero byte that parts them.
        let parts: [&[u8]; 11] =
            [b"place\0", application, b"\0", kind, b"\0", &account, method, b"\0", path, b"\0", key];
        Self(authenticate(secret.derive("idempotency-v1").as_slice(), &parts))
    }
}

impl Fingerprint {
    /// The fingerprint of a body in its canonical form.
    #[must_use]
    pub fn of(secret: &PhoneKey, canonical: &[u8]) -> Self {
        Self(authenticate(secret.derive("idempotency-v1").as_slice(), &[b"body\0", canonical]))
    }
}

/// Who works on a call: drawn anew for each, so that whoever took too long does not pass for whoever came after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner([u8; 16]);

impl Owner {
    /// Draws one.
    ///
    /// # Errors
    /// [`PortError`] when the source of randomness does not answer.
    pub fn new(entropy: &dyn Entropy) -> Result<Self, PortError> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// A call that has a key, about to be worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where the key lives.
    pub place: KeyPlace,
    /// What is asked for.
    pub fingerprint: Fingerprint,
    /// Who will work on it.
    pub owner: Owner,
    /// Until when it counts as running; after that whoever worked on it is taken for dead.
    pub lease_until: Timestamp,
    /// When the key is forgotten.
    pub expires_at: Timestamp,
}

/// How a call with a key begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nobody has made it: it is this owner's to work on.
    New,
    /// Somebody is working on it.
    Running,
    /// It was made, and this was the answer.
    Done(StoredAnswer),
    /// The key was used for something else.
    OtherPayload,
}

/// An answer as it is kept. It may hold a proof or a secret that is shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to it, by their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, of at most [`ANSWER_BYTES_MAX`] bytes.
    pub body: Vec<u8>,
}

impl fmt::Debug for StoredAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::ApplicationId;

    fn secret() -> PhoneKey {
        PhoneKey::new(&[7; 32]).unwrap()
    }

    fn place(caller: &Caller, method: &str, path: &str, key: &str) -> KeyPlace {
        KeyPlace::of(&secret(), caller, method, path, &IdempotencyKey::parse(key).unwrap())
    }

    #[test]
    fn a_key_is_quoted_or_bare() {
        let same = ["k-1", "\"k-1\"", " k-1 ", "\t\"k-1\" "];
        for text in same {
            assert_eq!(IdempotencyKey::parse(text).unwrap().0.as_str(), "k-1", "{text}");
        }
        let uuid = "8e03978e-40d5-43e8-bc93-6894a57f9324";
        assert_eq!(IdempotencyKey::parse(uuid).unwrap().0.as_str(), uuid);
        assert_eq!(IdempotencyKey::parse(r#""a\"b\\c,d;e""#).unwrap().0.as_str(), r#"a"b\c,d;e"#);
        let longest = "k".repeat(KEY_LENGTH_MAX);
        assert!(IdempotencyKey::parse(&longest).is_ok());
        assert!(IdempotencyKey::parse(&format!("\"{longest}\"")).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "k".repeat(KEY_LENGTH_MAX + 1);
        for text in [
            "",
            " ",
            "\"\"",
            "\"",
            "\"k",
            "k\"",
            "\"k\"x",
            "\"k\";a=1",
            "\"a\", \"b\"",
            "a, b",
            "a,b",
            "a;b",
            "a b",
            "\"a b\"",
            "\"\\k\"",
            "\"k\\\"",
            "a\\b",
            "कुञ्जी",
            "\"a\u{7f}\"",
            &long,
            &format!("\"{long}\""),
        ] {
            assert!(IdempotencyKey::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_place_is_of_one_caller_one_operation_and_one_key() {
        let [shop, bank] = ["shop", "bank"].map(|slug| ApplicationId::parse(slug).unwrap());
        let own = Caller::Application(shop.clone());
        let mine = place(&own, "POST", "/v1/verifications", "k");
        assert_eq!(mine, place(&own, "POST", "/v1/verifications", "\"k\""));
        for other in [
            place(&Caller::Application(bank), "POST", "/v1/verifications", "k"),
            place(&Caller::Admin(shop), "POST", "/v1/verifications", "k"),
            place(&own, "POST", "/v1/verifications/checks", "k"),
            place(&own, "PUT", "/v1/verifications", "k"),
            place(&own, "POST", "/v1/verifications", "K"),
        ] {
            assert_ne!(mine, other);
        }
        let other_secret = PhoneKey::new(&[8; 32]).unwrap();
        let key = IdempotencyKey::parse("k").unwrap();
        assert_ne!(mine, KeyPlace::of(&other_secret, &own, "POST", "/v1/verifications", &key));
        assert_ne!(Fingerprint::of(&secret(), b"a"), Fingerprint::of(&other_secret, b"a"));
    }

    #[test]
    fn nothing_of_a_key_a_body_or_an_answer_is_shown() {
        let key = IdempotencyKey::parse("9841234567").unwrap();
        let caller = Caller::Application(ApplicationId::default_application());
        let answer = StoredAnswer { status: 201, headers: Vec::new(), body: b"a-secret".to_vec() };
        let shown = format!(
            "{key:?} {:?} {:?} {answer:?}",
            KeyPlace::of(&secret(), &caller, "POST", "/", &key),
            Fingerprint::of(&secret(), b"9841234567"),
        );
        assert_eq!(
            shown,
            "IdempotencyKey(hidden) KeyPlace(hidden) Fingerprint(hidden) StoredAnswer { status: 201, .. }"
        );
    }
}
