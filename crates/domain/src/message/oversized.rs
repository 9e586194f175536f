//! What does not fit: every kind of SMS that may be sent is rendered once with its longest values, so that an operator
//! hears of a second segment at start-up and not from the bill.

use std::fmt;

use super::segments::SmsSize;
use super::{AppHash, Content, Locale, MessageFormat, Origin, RETRIEVER_BYTES_MAX};

/// The longest values that an SMS of an application can carry.
#[derive(Clone, Copy, Debug)]
pub struct LongestValues<'a> {
    /// The digits of the longest code.
    pub code_digits: usize,
    /// The longest life of a code in minutes.
    pub minutes: u64,
    /// The app hashes that a caller may ask for.
    pub app_hashes: &'a [AppHash],
    /// The origins that a caller may ask for.
    pub origins: &'a [Origin],
}

/// A kind of SMS that does not fit. It prints as one sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oversized {
    /// The language of the words.
    pub locale: Locale,
    /// The version of the words.
    pub version: u16,
    /// Whether it carries an app hash.
    pub app_hash: bool,
    /// The origin of its domain line.
    pub origin: Option<Origin>,
    /// Its size; more than one segment unless only [`bytes`](Self::bytes) are too many.
    pub size: SmsSize,
    /// Its length in UTF-8, of which the SMS Retriever reads [`RETRIEVER_BYTES_MAX`] bytes.
    pub bytes: usize,
}

impl Oversized {
    /// How many bytes too many it has for the SMS Retriever; 0 when it fits or carries no app hash.
    #[must_use]
    pub const fn bytes_too_many(&self) -> usize {
        if self.app_hash { self.bytes.saturating_sub(RETRIEVER_BYTES_MAX) } else { 0 }
    }
}

impl fmt::Display for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} SMS", self.locale.name())?;
        match (self.app_hash, &self.origin) {
            (false, None) => {}
            (true, None) => f.write_str(" with an app hash")?,
            (false, Some(origin)) => write!(f, " with the domain {}", origin.host())?,
            (true, Some(origin)) => write!(f, " with an app hash and the domain {}", origin.host())?,
        }
        f.write_str(" can have")?;
        let SmsSize { encoding, units, segments } = self.size;
        if segments > 1 {
            let too_many = self.size.units_too_many();
            write!(
                f,
                " {units} {encoding} units, {too_many} too many for one segment (it is paid as {segments})"
            )?;
        }
        if segments > 1 && self.bytes_too_many() > 0 {
            f.write_str(" and")?;
        }
        if self.bytes_too_many() > 0 {
            let (bytes, too_many) = (self.bytes, self.bytes_too_many());
            write!(f, " {bytes} bytes, {too_many} too many for Android's SMS Retriever")?;
        }
        f.write_str("; shorten the name or the template")
    }
}

/// See [`MessageFormat::oversized`].
pub(super) fn find(format: &MessageFormat, longest: &LongestValues<'_>) -> Vec<Oversized> {
    let code = "0".repeat(longest.code_digits);
    let app_hashes = || std::iter::once(None).chain(longest.app_hashes.first().map(Some));
    let origins = || std::iter::once(None).chain(longest.origins.iter().map(Some));
    let mut found = Vec::new();
    for locale in Locale::ALL {
        for (version, template) in format.versions(locale) {
            for app_hash in app_hashes() {
                for origin in origins() {
                    let content = Content { locale, code: &code, minutes: longest.minutes, app_hash, origin };
                    let text = format.render_with(template, &content);
                    let kind = Oversized {
                        locale,
                        version,
                        app_hash: app_hash.is_some(),
                        origin: origin.cloned(),
                        size: text.size(),
                        bytes: text.as_str().len(),
                    };
                    if kind.size.segments > 1 || kind.bytes_too_many() > 0 {
                        found.push(kind);
                    }
                }
            }
        }
    }
    found
}
