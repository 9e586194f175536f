//! The words of an SMS with places for the code, the name and the minutes. Owns what such a text may and must say;
//! never fills it in.

use std::fmt;

use super::app_name::{APP_NAME_CHARS_MAX, AppName};
use super::locale::Locale;
use super::origin::Origin;
use super::{address, characters};

/// The most characters of a template, placeholders included: more than fits one SMS.
pub const TEMPLATE_CHARS_MAX: usize = 160;

/// The most characters before the code: it must be among the first 30, which notifications show (OWASP Multifactor
/// Authentication Cheat Sheet asks for the code near the start).
pub const CODE_START_MAX: usize = 29;

/// The words of an SMS in one language, with `{code}` once, and `{app}` and `{minutes}` where wanted.
///
/// ```
/// use domain::message::{Template, TemplateFault};
///
/// assert!(Template::parse("{code} is your {app} code. Tell nobody.").is_ok());
/// assert_eq!(Template::parse("See www.example.com"), Err(TemplateFault::Address));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Code,
    App,
    Minutes,
}

impl Template {
    /// Reads a template without web addresses; spaces and line breaks around it are dropped.
    ///
    /// # Errors
    /// [`TemplateFault`], which says what to change.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        Self::parse_linking(text, None)
    }

    /// Reads a template that may have web addresses within these origins, where there are any: `https://`, the host of
    /// one of them, and perhaps a path.
    ///
    /// # Errors
    /// [`TemplateFault`], which says what to change.
    pub fn parse_linking(text: &str, origins: Option<&[Origin]>) -> Result<Self, TemplateFault> {
        if text.chars().count() > TEMPLATE_CHARS_MAX {
            return Err(TemplateFault::TooLong);
        }
        let text = text.trim_matches([' ', '\n']);
        if !text.split('\n').all(characters::is_plain_line) {
            return Err(TemplateFault::InvisibleCharacter);
        }
        if characters::has_marked_word(text) {
            return Err(TemplateFault::MarkedWord);
        }
        match origins {
            None if characters::has_address(text) => return Err(TemplateFault::Address),
            Some(origins) if !address::all_within(text, origins) => {
                return Err(TemplateFault::AddressForeign);
            }
            None | Some(_) => {}
        }
        let template = Self(split(text)?);
        template.check_code()?;
        Ok(template)
    }

    /// The text that applications have until they bring their own. The code comes first in both: notifications show
    /// it, and no name can be taken for it.
    #[must_use]
    pub fn built_in(locale: Locale) -> Self {
        let words = |words: &str| Piece::Literal(words.to_owned());
        Self(match locale {
            Locale::English => vec![
                Piece::Code,
                words(" is your "),
                Piece::App,
                words(" code. Valid for "),
                Piece::Minutes,
                words(" min. Do not share it with anyone."),
            ],
            // "(<code>) (<app>) code (<minutes> minutes), line break, do not give (it) to anyone". Short, because the
            // default code, a name of 12 letters and the line for `example.com` have to fit 70 units.
            Locale::Nepali => vec![
                Piece::Code,
                words(" "),
                Piece::App,
                words(" कोड ("),
                Piece::Minutes,
                words(" मिनेट)\nकसैलाई नदिनुस्"),
            ],
        })
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Whether a code can still be told with this name filled in.
    pub(super) fn check_app(&self, app: &AppName) -> Result<(), TemplateFault> {
        let mut before = String::new();
        for piece in self.before_code() {
            match piece {
                Piece::Literal(words) => before.push_str(words),
                Piece::App => before.push_str(app.as_str()),
                Piece::Code | Piece::Minutes => {}
            }
        }
        if characters::has_code_lookalike(&before) { Err(TemplateFault::CodeNotFirst) } else { Ok(()) }
    }

    fn before_code(&self) -> &[Piece] {
        self.0.split(|piece| *piece == Piece::Code).next().unwrap_or_default()
    }

    fn check_code(&self) -> Result<(), TemplateFault> {
        match self.0.iter().filter(|piece| **piece == Piece::Code).count() {
            0 => return Err(TemplateFault::CodeMissing),
            1 => {}
            _ => return Err(TemplateFault::CodeRepeated),
        }
        let before = self.before_code();
        let after = self.0.get(before.len() + 1);
        let touches_before = before.last().is_some_and(Piece::ends_alphanumeric);
        if touches_before || after.is_some_and(Piece::starts_alphanumeric) {
            return Err(TemplateFault::CodeTouched);
        }
        let mut length = 0;
        for piece in before {
            length += match piece {
                Piece::Literal(words) if characters::has_code_lookalike(words) => {
                    return Err(TemplateFault::CodeNotFirst);
                }
                Piece::Literal(words) => words.chars().count(),
                Piece::App => APP_NAME_CHARS_MAX,
                // Minutes may have four digits and more.
                Piece::Minutes => return Err(TemplateFault::CodeNotFirst),
                Piece::Code => 0,
            };
        }
        if length > CODE_START_MAX { Err(TemplateFault::CodeLate) } else { Ok(()) }
    }
}

/// The text that [`Template::parse`] reads back.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| {
            f.write_str(match piece {
                Piece::Literal(words) => words,
                Piece::Code => "{code}",
                Piece::App => "{app}",
                Piece::Minutes => "{minutes}",
            })
        })
    }
}

impl Piece {
    fn parse(placeholder: &str) -> Result<Self, TemplateFault> {
        match placeholder {
            "code" => Ok(Self::Code),
            "app" => Ok(Self::App),
            "minutes" => Ok(Self::Minutes),
            unknown => Err(TemplateFault::UnknownPlaceholder(unknown.to_owned())),
        }
    }

    fn starts_alphanumeric(&self) -> bool {
        match self {
            Self::Literal(words) => words.starts_with(char::is_alphanumeric),
            Self::Code | Self::App | Self::Minutes => true,
        }
    }

    fn ends_alphanumeric(&self) -> bool {
        match self {
            Self::Literal(words) => words.ends_with(char::is_alphanumeric),
            Self::Code | Self::App | Self::Minutes => true,
        }
    }
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// More than [`TEMPLATE_CHARS_MAX`] characters.
    #[error("the template is longer than {TEMPLATE_CHARS_MAX} characters")]
    TooLong,
    /// A control or format character other than a line break, or an unusual space.
    #[error("the template has a tab or another character that cannot be seen")]
    InvisibleCharacter,
    /// A word that begins with `@` or `#`, as the line does that binds a code to a domain.
    #[error("a word of the template begins with @ or #, which phones take for a domain or a code")]
    MarkedWord,
    /// `://`, `www.`, or a path behind a host, where none of them is allowed.
    #[error("the template has a web address, of which phones make a link")]
    Address,
    /// A web address that is not `https://`, the host of one of the application's origins, and perhaps a path.
    #[error(
        "a web address of the template is not https://, the host of one of the application's origins, and perhaps a \
         path in ASCII without a placeholder"
    )]
    AddressForeign,
    /// `{` without `}`, or the other way round, or one inside another.
    #[error("a brace of the template has no partner")]
    UnbalancedBrace,
    /// Something else in braces.
    #[error("{{{0}}} is no placeholder; there are {{code}}, {{app}} and {{minutes}}")]
    UnknownPlaceholder(String),
    /// No `{code}`.
    #[error("the template has no {{code}}")]
    CodeMissing,
    /// `{code}` more than once.
    #[error("the template has {{code}} more than once")]
    CodeRepeated,
    /// A letter, a digit or another placeholder right before or after `{code}`.
    #[error("{{code}} touches a letter, a digit or another placeholder; phones would not find the code")]
    CodeTouched,
    /// `{code}` begins after the first 30 characters when the name has its greatest length.
    #[error(
        "{{code}} begins too late; with a name of {APP_NAME_CHARS_MAX} characters at most {CODE_START_MAX} \
         characters may stand before it"
    )]
    CodeLate,
    /// `{minutes}` before `{code}`, or 4 to 10 letters and digits with a digit among them: Android's User Consent API
    /// takes the first of these for the code.
    #[error(
        "something before {{code}} could be taken for the code: digits in the words or the name, or {{minutes}}"
    )]
    CodeNotFirst,
}

fn split(text: &str) -> Result<Vec<Piece>, TemplateFault> {
    let mut pieces = Vec::new();
    let mut rest = text;
    loop {
        let (words, placeholder) =
            rest.split_once('{').map_or((rest, None), |(words, then)| (words, Some(then)));
        if words.contains('}') {
            return Err(TemplateFault::UnbalancedBrace);
        }
        if !words.is_empty() {
            pieces.push(Piece::Literal(words.to_owned()));
        }
        let Some(placeholder) = placeholder else { return Ok(pieces) };
        let (name, after) = placeholder.split_once('}').ok_or(TemplateFault::UnbalancedBrace)?;
        if name.contains('{') {
            return Err(TemplateFault::UnbalancedBrace);
        }
        pieces.push(Piece::parse(name)?);
        rest = after;
    }
}
