//! How many SMS segments a text takes. Owns the GSM-7 alphabet and the rules of concatenation (3GPP TS 23.038 and
//! 23.040); never what a text says.

use std::fmt;

/// The alphabet of an SMS. One character outside GSM-7 puts the whole text into UCS-2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet, without national tables.
    Gsm7,
    /// 16-bit units, counted as UTF-16: a character outside the basic plane takes two.
    Ucs2,
}

impl Encoding {
    /// The units that fit an SMS of one segment: 160 septets or 70 UTF-16 units.
    #[must_use]
    pub const fn segment_units(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// The units that fit one segment of several, which carry a header: 153 septets or 67 UTF-16 units.
    #[must_use]
    pub const fn part_units(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }

    fn width(self, character: char) -> Option<usize> {
        match self {
            Self::Gsm7 => septets(character),
            Self::Ucs2 => Some(character.len_utf16()),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        })
    }
}

/// The size of a text as SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmsSize {
    /// The alphabet that the text needs.
    pub encoding: Encoding,
    /// Its length: septets in GSM-7, UTF-16 units in UCS-2.
    pub units: usize,
    /// The segments that it is sent, and paid, as; at least 1.
    pub segments: usize,
}

impl SmsSize {
    /// How many units too many it has for one segment; 0 when it fits.
    #[must_use]
    pub const fn units_too_many(&self) -> usize {
        self.units.saturating_sub(self.encoding.segment_units())
    }
}

/// Measures a text. Characters that take two units are never split between segments, so that a segment may stay one
/// unit short.
#[must_use]
pub fn measure(text: &str) -> SmsSize {
    let encoding = if text.chars().all(|character| septets(character).is_some()) {
        Encoding::Gsm7
    } else {
        Encoding::Ucs2
    };
    let units = widths(text, encoding).sum();
    let segments = if units <= encoding.segment_units() {
        1
    } else {
        let (full, _) = parts(widths(text, encoding), encoding.part_units());
        full + 1
    };
    SmsSize { encoding, units, segments }
}

/// How many units of the same alphabet a text may still have before it takes another segment.
#[must_use]
pub fn units_left(text: &str) -> usize {
    let SmsSize { encoding, units, segments } = measure(text);
    if segments == 1 {
        return encoding.segment_units().saturating_sub(units);
    }
    let (_, used) = parts(widths(text, encoding), encoding.part_units());
    encoding.part_units().saturating_sub(used)
}

fn widths(text: &str, encoding: Encoding) -> impl Iterator<Item = usize> {
    text.chars().filter_map(move |character| encoding.width(character))
}

/// How many parts are full, and how many units the last one has.
fn parts(widths: impl Iterator<Item = usize>, part_units: usize) -> (usize, usize) {
    let (mut full, mut used) = (0, 0);
    for width in widths {
        if used + width > part_units {
            full += 1;
            used = 0;
        }
        used += width;
    }
    (full, used)
}

/// The septets of a character in the default alphabet and its extension table (3GPP TS 23.038, 6.2.1): 2 with an
/// escape before it, `None` outside.
fn septets(character: char) -> Option<usize> {
    const BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
    match character {
        '\n' | '\r' | ' '..='Z' | '_' | 'a'..='z' => Some(1),
        '\u{c}' | '[' | '\\' | ']' | '^' | '{' | '|' | '}' | '~' | '€' => Some(2),
        other => BEYOND_ASCII.contains(other).then_some(1),
    }
}
