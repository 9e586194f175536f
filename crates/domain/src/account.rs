//! Accounts: the users of an application. Owns what a username is; never how an account proves who it is.

use std::fmt;

use crate::application::ApplicationId;
use crate::id::AccountId;
use crate::phone::Phone;
use crate::time::Timestamp;

/// The name by which an application knows an account: 1 to 150 characters (Django's bound), compared exactly, so that
/// `ram` and `Ram` are two accounts. No control characters and no white space at either end.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(Box<str>);

/// The most characters of a [`Username`].
pub const USERNAME_LENGTH_MAX: usize = 150;

/// Why a text is no username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameFault {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It has more than [`USERNAME_LENGTH_MAX`] characters.
    #[error("has more than {USERNAME_LENGTH_MAX} characters")]
    TooLong,
    /// It has a control character, or white space at its start or end.
    #[error("has a control character, or white space at its start or end")]
    InvalidCharacter,
}

impl Username {
    /// Reads a username.
    ///
    /// # Errors
    /// [`UsernameFault`] when it is none.
    pub fn parse(text: &str) -> Result<Self, UsernameFault> {
        if text.is_empty() {
            return Err(UsernameFault::Empty);
        }
        // A character has at most four bytes: a long text is refused before its characters are counted.
        if text.len() > USERNAME_LENGTH_MAX * 4 || text.chars().count() > USERNAME_LENGTH_MAX {
            return Err(UsernameFault::TooLong);
        }
        if text.trim().len() != text.len() || text.chars().any(char::is_control) {
            return Err(UsernameFault::InvalidCharacter);
        }
        Ok(Self(text.into()))
    }

    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Username({:?})", &self.0)
    }
}

/// A user of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose user it is.
    pub application: ApplicationId,
    /// Its name there; unique within the application.
    pub username: Username,
    /// The phone it has proved to hold; at most one verified account of an application has a given phone.
    pub phone: Option<VerifiedPhone>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What of an account never changes: enough to act for it, and safe to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountIdentity {
    /// Its id.
    pub id: AccountId,
    /// Whose user it is.
    pub application: ApplicationId,
    /// Its name there.
    pub username: Username,
}

impl Account {
    /// What of it never changes.
    #[must_use]
    pub fn identity(&self) -> AccountIdentity {
        AccountIdentity {
            id: self.id,
            application: self.application.clone(),
            username: self.username.clone(),
        }
    }
}

/// A phone that an account has proved to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedPhone {
    /// The phone.
    pub phone: Phone,
    /// When it was last proved.
    pub verified_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_taken_as_given_or_refused() {
        for name in ["ram", "Ram", "ram@example.com", "राम", "a b", &"x".repeat(150)] {
            assert_eq!(Username::parse(name).unwrap().as_str(), name);
        }
        assert_eq!(Username::parse(""), Err(UsernameFault::Empty));
        assert_eq!(Username::parse(&"x".repeat(151)), Err(UsernameFault::TooLong));
        for name in [" ram", "ram ", "ra\nm", "\u{0}"] {
            assert_eq!(Username::parse(name), Err(UsernameFault::InvalidCharacter), "{name:?}");
        }
    }
}
