//! Credentials: who may call. Owns what a key and a user token may do and how their secrets look; never stores a
//! secret, only its hash.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::account::AccountIdentity;
use crate::application::ApplicationId;
use crate::id::{AccountId, CredentialId};
use crate::ports::{Entropy, PortError};
use crate::time::Timestamp;

/// What an application's key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Start and check verifications of any account of the application, or of none.
    Verify,
    /// Administer the application.
    Admin,
}

impl Scope {
    /// The name in storage, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Admin => "admin",
        }
    }

    /// The scope of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Verify, Self::Admin].into_iter().find(|scope| scope.as_str() == text)
    }
}

/// What a credential stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// One account.
    UserToken(AccountId),
    /// The application.
    Key(Scope),
}

/// What people call a credential, to tell it from others: 1 to 60 characters, no control characters and no white space
/// at either end. Two may have the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialName(Box<str>);

/// The most characters of a [`CredentialName`].
pub const CREDENTIAL_NAME_LENGTH_MAX: usize = 60;

impl CredentialName {
    /// Reads a name; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // A character has at most four bytes: a long text is refused before its characters are counted.
        let bounded = (1..=CREDENTIAL_NAME_LENGTH_MAX * 4).contains(&text.len())
            && text.chars().count() <= CREDENTIAL_NAME_LENGTH_MAX;
        let well_formed = bounded && text.trim().len() == text.len() && !text.contains(char::is_control);
        well_formed.then(|| Self(text.into()))
    }

    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key or a user token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id, by which it is listed and revoked.
    pub id: CredentialId,
    /// The application it belongs to.
    pub application: ApplicationId,
    /// What it stands for.
    pub kind: CredentialKind,
    /// What people call it.
    pub name: Option<CredentialName>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it stops to work by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Credential {
    /// Whether it opens anything at `now`.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// What the holder of a credential keeps: a prefix that tells the kind, and 256 random bits in hexadecimal.
pub struct CredentialSecret(Zeroizing<String>);

/// The length of every secret in bytes.
const SECRET_LENGTH: usize = 4 + 64;

impl CredentialSecret {
    /// Draws the secret of a new credential: `svu_` for a user token, `svk_` for a key, `sva_` for an admin key.
    ///
    /// # Errors
    /// [`PortError`] when the source of randomness does not answer.
    pub fn new(kind: CredentialKind, entropy: &dyn Entropy) -> Result<Self, PortError> {
        use fmt::Write as _;
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(bytes.as_mut_slice())?;
        let mut text = Zeroizing::new(String::with_capacity(SECRET_LENGTH));
        text.push_str(match kind {
            CredentialKind::UserToken(_) => "svu_",
            CredentialKind::Key(Scope::Verify) => "svk_",
            CredentialKind::Key(Scope::Admin) => "sva_",
        });
        for byte in bytes.iter() {
            // Writing to a String does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// Takes what a caller presented; `None` when no secret of ours looks like that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == SECRET_LENGTH && text.is_ascii()).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret itself, to be shown once to whoever it was issued for.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored. A plain SHA-256 serves: 256 random bits cannot be tried out.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for CredentialSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialSecret(hidden)")
    }
}

/// The hash by which a presented secret is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(hidden)")
    }
}

/// Who calls, after the credential was looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The holder of a user token, or of a token of the application's own sign-in: acts for this account and no other.
    User(AccountIdentity),
    /// The holder of an application's key with the scope `verify`: acts for any account of it, or for none.
    Application(ApplicationId),
    /// The holder of an application's key with the scope `admin`: administers it.
    Admin(ApplicationId),
}

impl Caller {
    /// The application that the caller belongs to.
    #[must_use]
    pub const fn application(&self) -> &ApplicationId {
        match self {
            Self::User(account) => &account.application,
            Self::Application(application) | Self::Admin(application) => application,
        }
    }

    /// The application that the caller administers; none without an admin key.
    #[must_use]
    pub const fn administers(&self) -> Option<&ApplicationId> {
        match self {
            Self::Admin(application) => Some(application),
            Self::User(_) | Self::Application(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_given_or_refused() {
        for name in ["CI", "दोकान", "the key of the shop", &"र".repeat(60)] {
            assert_eq!(CredentialName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", " CI", "CI ", "C\nI", &"x".repeat(61), &"x".repeat(10_000)] {
            assert_eq!(CredentialName::parse(name), None, "{name:?}");
        }
    }
}
