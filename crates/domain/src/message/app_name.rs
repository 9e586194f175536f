//! The name of an application as it stands in an SMS. It is data of an operator's customer: it must not be able to
//! forge a line that machines read.

use super::characters;

/// The most characters of a name: more would push the text out of its segment.
pub const APP_NAME_CHARS_MAX: usize = 24;

/// The name of an application as it stands in an SMS: `Sparrow Demo`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppName(String);

impl AppName {
    /// Reads a name; spaces around it are dropped.
    ///
    /// # Errors
    /// [`AppNameFault`], which says what to change.
    pub fn parse(text: &str) -> Result<Self, AppNameFault> {
        let name = text.trim_matches(' ');
        if name.is_empty() {
            return Err(AppNameFault::Empty);
        }
        if name.chars().count() > APP_NAME_CHARS_MAX {
            return Err(AppNameFault::TooLong);
        }
        if !characters::is_plain_line(name) {
            return Err(AppNameFault::InvisibleCharacter);
        }
        if name.contains(['{', '}']) {
            return Err(AppNameFault::Brace);
        }
        if characters::has_marked_word(name) {
            return Err(AppNameFault::MarkedWord);
        }
        if characters::has_address(name) {
            return Err(AppNameFault::Address);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no name for an SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppNameFault {
    /// Nothing, or only spaces.
    #[error("the name is empty")]
    Empty,
    /// More than [`APP_NAME_CHARS_MAX`] characters.
    #[error("the name is longer than {APP_NAME_CHARS_MAX} characters")]
    TooLong,
    /// A line break, a tab, another control or format character, or an unusual space.
    #[error("the name has a line break or another character that cannot be seen")]
    InvisibleCharacter,
    /// `{` or `}`.
    #[error("the name has a brace")]
    Brace,
    /// A word that begins with `@` or `#`, as the line does that binds a code to a domain.
    #[error("a word of the name begins with @ or #, which phones take for a domain or a code")]
    MarkedWord,
    /// `://`, `www.`, or a path behind a host.
    #[error("the name has a web address, of which phones make a link")]
    Address,
}
