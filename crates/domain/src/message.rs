//! The text of an SMS: its words per locale, the lines that machines read, and its size in segments.
//!
//! [`MessageFormat`] holds an application's name and the versions of its [`Template`] per [`Locale`], of which one is
//! active; [`MessageFormat::render`] makes the [`SmsText`]. Below the words stand at most two lines, each only when the client asked for it:
//!
//! ```text
//! 123456 is your Sparrow Demo code. Valid for 10 min. Do not share it with anyone.
//!
//! FA+9qCX9VSu              the app hash: Android's SMS Retriever hands the SMS to the app with this hash
//! @example.com #123456     the domain line: WebOTP and Apple's AutoFill offer the code on this host only
//! ```
//!
//! Google wants the hash in the text, WICG's "sms-one-time-codes" wants the domain line to be the last one, without a
//! line break after it. English leaves a blank line below the words, as Google's and Apple's examples do; Nepali does
//! not, because a segment of Devanagari has only 70 units.
//!
//! This module never makes or judges a code and knows nothing of verifications: a code comes in as digits.

mod address;
mod app_hash;
mod app_name;
mod characters;
mod locale;
mod origin;
mod oversized;
mod segments;
mod template;
mod versions;

use std::fmt::{self, Write};

use zeroize::Zeroizing;

pub use self::app_hash::{AppHash, AppHashFault, AppPackage, AppPackageFault, PACKAGE_BYTES_MAX, app_hash};
pub use self::app_name::{APP_NAME_CHARS_MAX, AppName, AppNameFault};
pub use self::locale::Locale;
pub use self::origin::{HOST_BYTES_MAX, Origin, OriginFault};
pub use self::oversized::{LongestValues, Oversized};
pub use self::segments::{Encoding, SmsSize, measure, units_left};
pub use self::template::{CODE_START_MAX, TEMPLATE_CHARS_MAX, Template, TemplateFault};
pub use self::versions::{BUILT_IN_VERSION, VERSION_MAX, VERSIONS_MAX, VersionFault};

use self::template::Piece;
use self::versions::Versions;

/// The most bytes of an SMS that the SMS Retriever reads (Google, "Perform SMS Verification on a Server").
pub const RETRIEVER_BYTES_MAX: usize = 140;

/// Older pages of Google's ask for it at the very start of an SMS for the SMS Retriever; newer ones do not.
const RETRIEVER_PREFIX: &str = "<#> ";

/// An application's name and the texts of its SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageFormat {
    app: AppName,
    english: Versions,
    nepali: Versions,
    default_locale: Locale,
    retriever_prefix: bool,
    link_origins: Option<Vec<Origin>>,
    multiple_segments: bool,
}

impl MessageFormat {
    /// The built-in texts, English by default (it costs the fewest segments), without `<#>`, addresses and second
    /// segments.
    #[must_use]
    pub fn new(app: AppName) -> Self {
        Self {
            app,
            english: Versions::built_in(Locale::English),
            nepali: Versions::built_in(Locale::Nepali),
            default_locale: Locale::English,
            retriever_prefix: false,
            link_origins: None,
            multiple_segments: false,
        }
    }

    /// Sends this text in one locale, as its version 1.
    ///
    /// # Errors
    /// [`VersionFault::Template`] when this application's name, put before the code, could be taken for it: `Hamro2025`
    /// where the template begins with `{app}`.
    pub fn with_template(self, locale: Locale, template: Template) -> Result<Self, VersionFault> {
        self.with_version(locale, 1, template)
    }

    /// Adds a version of one locale's text, or replaces the one of this number, and sends it from now on; see
    /// [`with_active`](Self::with_active).
    ///
    /// # Errors
    /// [`VersionFault`]: of its number (1 to [`VERSION_MAX`]), when there are [`VERSIONS_MAX`] others, and when this
    /// application's name, put before the code, could be taken for it.
    pub fn with_version(
        mut self,
        locale: Locale,
        version: u16,
        template: Template,
    ) -> Result<Self, VersionFault> {
        template.check_app(&self.app)?;
        self.of_mut(locale).put(version, template)?;
        Ok(self)
    }

    /// Sends this version of one locale's text: one that was added, or [`BUILT_IN_VERSION`]. `None` when there is none
    /// of this number.
    #[must_use]
    pub fn with_active(mut self, locale: Locale, version: u16) -> Option<Self> {
        self.of_mut(locale).activate(version).then_some(self)
    }

    /// Lets [`read_template`](Self::read_template) take web addresses within these origins; `None` allows none.
    #[must_use]
    pub fn with_link_origins(mut self, origins: Option<Vec<Origin>>) -> Self {
        self.link_origins = origins;
        self
    }

    /// Whether an SMS may take several segments or be too long for the SMS Retriever, so that nobody complains of what
    /// [`oversized`](Self::oversized) finds.
    #[must_use]
    pub fn with_multiple_segments(mut self, allowed: bool) -> Self {
        self.multiple_segments = allowed;
        self
    }

    /// Whether `<#> ` is put first in an SMS that carries an app hash, for apps that still look for it.
    #[must_use]
    pub fn with_retriever_prefix(mut self, wanted: bool) -> Self {
        self.retriever_prefix = wanted;
        self
    }

    /// The locale of callers that name none.
    #[must_use]
    pub fn with_default_locale(mut self, locale: Locale) -> Self {
        self.default_locale = locale;
        self
    }

    /// The locale of callers that name none.
    #[must_use]
    pub const fn default_locale(&self) -> Locale {
        self.default_locale
    }

    /// The application's name.
    #[must_use]
    pub const fn app(&self) -> &AppName {
        &self.app
    }

    /// Whether an SMS may take several segments or be too long for the SMS Retriever.
    #[must_use]
    pub const fn multiple_segments(&self) -> bool {
        self.multiple_segments
    }

    /// The text of a locale that is sent.
    #[must_use]
    pub const fn template(&self, locale: Locale) -> &Template {
        self.of(locale).template()
    }

    /// The number of the text of a locale that is sent; [`BUILT_IN_VERSION`] where an application has none of its own.
    #[must_use]
    pub const fn version(&self, locale: Locale) -> u16 {
        self.of(locale).active()
    }

    /// Every version of a locale's text by its number; the built-in one only where it is the one that is sent.
    pub fn versions(&self, locale: Locale) -> impl Iterator<Item = (u16, &Template)> {
        self.of(locale).iter()
    }

    /// Reads a template as this application may have it: with web addresses only where they are allowed.
    ///
    /// # Errors
    /// [`TemplateFault`], which says what to change.
    pub fn read_template(&self, text: &str) -> Result<Template, TemplateFault> {
        Template::parse_linking(text, self.link_origins.as_deref())
    }

    /// Makes the text. Total: whatever the parts are, there is a text; whether it fits is asked once, at start-up, of
    /// [`oversized`](Self::oversized).
    #[must_use]
    pub fn render(&self, content: &Content<'_>) -> SmsText {
        self.render_with(self.template(content.locale), content)
    }

    fn render_with(&self, template: &Template, content: &Content<'_>) -> SmsText {
        let mut bytes = 0;
        self.each_part(template, content, &mut |part| bytes += part.len());
        // Measured first: a buffer that grew would leave copies of the code behind in freed memory.
        let mut text = Zeroizing::new(String::with_capacity(bytes));
        self.each_part(template, content, &mut |part| text.push_str(part));
        SmsText(text)
    }

    /// Every kind of SMS, of every version, that may be sent and does not fit one segment with the longest values, or is longer than
    /// [`RETRIEVER_BYTES_MAX`] bytes and carries an app hash. All app hashes are equally long: one stands for all.
    #[must_use]
    pub fn oversized(&self, longest: &LongestValues<'_>) -> Vec<Oversized> {
        oversized::find(self, longest)
    }

    const fn of(&self, locale: Locale) -> &Versions {
        match locale {
            Locale::English => &self.english,
            Locale::Nepali => &self.nepali,
        }
    }

    const fn of_mut(&mut self, locale: Locale) -> &mut Versions {
        match locale {
            Locale::English => &mut self.english,
            Locale::Nepali => &mut self.nepali,
        }
    }

    fn each_part(&self, template: &Template, content: &Content<'_>, emit: &mut dyn FnMut(&str)) {
        if content.app_hash.is_some() && self.retriever_prefix {
            emit(RETRIEVER_PREFIX);
        }
        for piece in template.pieces() {
            match piece {
                Piece::Literal(words) => emit(words),
                Piece::App => emit(self.app.as_str()),
                Piece::Code => emit(content.code),
                Piece::Minutes => emit_number(content.minutes, content.locale, emit),
            }
        }
        let mut line_break = content.locale.line_break_below_words();
        if let Some(app_hash) = content.app_hash {
            emit(line_break);
            emit(app_hash.as_str());
            line_break = "\n";
        }
        if let Some(origin) = content.origin {
            for part in [line_break, "@", origin.host(), " #", content.code] {
                emit(part);
            }
        }
    }
}

/// What one SMS says.
#[derive(Clone, Copy)]
pub struct Content<'a> {
    /// The language of the words.
    pub locale: Locale,
    /// The code, in ASCII digits.
    pub code: &'a str,
    /// How many minutes the code lives: rounded down, at least 1.
    pub minutes: u64,
    /// The app build that may read the SMS by itself (SMS Retriever).
    pub app_hash: Option<&'a AppHash>,
    /// The web origin that may read the code out of the SMS (`WebOTP`, Apple's domain-bound codes).
    pub origin: Option<&'a Origin>,
}

impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Named one by one: a field added later must be thought about here.
        let Self { locale, code: _, minutes, app_hash, origin } = self;
        f.debug_struct("Content")
            .field("locale", locale)
            .field("minutes", minutes)
            .field("app_hash", app_hash)
            .field("origin", origin)
            .finish_non_exhaustive()
    }
}

/// A finished text. It contains the code: it is wiped when dropped, is never cloned, and prints only its length.
pub struct SmsText(Zeroizing<String>);

impl SmsText {
    /// The text, for the gateway alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it costs.
    #[must_use]
    pub fn size(&self) -> SmsSize {
        measure(&self.0)
    }

    /// How many units it may still have before it takes another segment.
    #[must_use]
    pub fn units_left(&self) -> usize {
        units_left(&self.0)
    }
}

impl fmt::Debug for SmsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmsText({} bytes)", self.0.len())
    }
}

/// Writes a number in the locale's digits, without an allocation.
fn emit_number(number: u64, locale: Locale, emit: &mut dyn FnMut(&str)) {
    struct Digits<'a> {
        locale: Locale,
        emit: &'a mut dyn FnMut(&str),
    }
    impl fmt::Write for Digits<'_> {
        fn write_str(&mut self, written: &str) -> fmt::Result {
            for byte in written.bytes() {
                (self.emit)(self.locale.digit(byte.wrapping_sub(b'0')));
            }
            Ok(())
        }
    }
    // `Digits` cannot fail, and neither can a `u64`.
    let _: fmt::Result = write!(Digits { locale, emit }, "{number}");
}

#[cfg(test)]
mod tests;
