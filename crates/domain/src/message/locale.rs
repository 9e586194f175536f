//! The languages that an SMS can be written in. Owns their tags and digits; never their words.

/// A language that an SMS can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Locale {
    /// English, which fits the GSM-7 alphabet: 160 characters in a segment.
    English,
    /// Nepali in Devanagari, which needs UCS-2: 70 units in a segment.
    Nepali,
}

impl Locale {
    /// Every locale.
    pub const ALL: [Self; 2] = [Self::English, Self::Nepali];

    /// The language subtag: `en`, `ne`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Nepali => "ne",
        }
    }

    /// The language's name, in English.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Nepali => "Nepali",
        }
    }

    /// Reads a language tag by its primary subtag, in any case: `ne`, `ne-NP`, `NE_np`. `None` for other languages.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|locale| locale.as_str().eq_ignore_ascii_case(primary))
    }

    /// The digit 0 to 9 as this locale writes it: the minutes are prose, unlike the code, which stays ASCII to be
    /// typed and to be found by machines. Nothing for other numbers.
    pub(super) fn digit(self, digit: u8) -> &'static str {
        const ASCII: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        const DEVANAGARI: [&str; 10] = ["०", "१", "२", "३", "४", "५", "६", "७", "८", "९"];
        let digits = match self {
            Self::English => ASCII,
            Self::Nepali => DEVANAGARI,
        };
        digits.get(usize::from(digit)).copied().unwrap_or_default()
    }

    /// What parts the words from the lines that machines read.
    pub(super) const fn line_break_below_words(self) -> &'static str {
        match self {
            Self::English => "\n\n",
            Self::Nepali => "\n",
        }
    }
}
