//! From characters to digits. Owns which characters a number may be written with; never judges the number.

use super::PhoneFault;
use super::parser::INPUT_BYTES_MAX;

/// The digits of an input, and whether a plus stood before them.
pub(super) struct Dialled {
    /// Whether a plus came first.
    pub(super) plus: bool,
    // No input has more digits than bytes.
    digits: [u8; INPUT_BYTES_MAX],
    length: usize,
}

impl Dialled {
    /// The digits as numbers 0 to 9; never none.
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits[..self.length]
    }
}

/// Reads an input: format characters are dropped, surrounding white space is trimmed, and what is left must be digits,
/// separators and at most one plus before the first digit.
pub(super) fn read(input: &str) -> Result<Dialled, PhoneFault> {
    if input.len() > INPUT_BYTES_MAX {
        return Err(PhoneFault::TooLong);
    }
    let mut dialled = Dialled { plus: false, digits: [0; INPUT_BYTES_MAX], length: 0 };
    let mut begun = false;
    // White space that is no separator, a line break for instance, is legal only if nothing follows.
    let mut broken = false;
    for character in input.chars() {
        let kind = kind_of(character);
        match kind {
            Kind::Dropped | Kind::Space => continue,
            Kind::Break => {
                broken = begun;
                continue;
            }
            Kind::Digit(digit) => {
                dialled.digits[dialled.length] = digit;
                dialled.length += 1;
            }
            Kind::Plus if !dialled.plus && dialled.length == 0 => dialled.plus = true,
            Kind::Separator => {}
            Kind::Plus | Kind::Other => return Err(PhoneFault::InvalidCharacter),
        }
        if broken {
            return Err(PhoneFault::InvalidCharacter);
        }
        begun = true;
    }
    if dialled.length == 0 { Err(PhoneFault::Empty) } else { Ok(dialled) }
}

enum Kind {
    Digit(u8),
    Plus,
    /// Written between digits.
    Separator,
    /// A separator that is white space too.
    Space,
    /// White space that is legal at the ends only.
    Break,
    /// Invisible, and dropped before anything else: direction marks and joiners come with a paste from a chat.
    Dropped,
    Other,
}

fn kind_of(character: char) -> Kind {
    match character {
        '0'..='9' => digit_from('0', character),
        '+' | '\u{ff0b}' => Kind::Plus,
        // Space, no-break space, figure space, narrow no-break space.
        ' ' | '\u{a0}' | '\u{2007}' | '\u{202f}' => Kind::Space,
        // The last two: hyphens and dashes from HYPHEN to HORIZONTAL BAR, and the minus sign.
        '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' => Kind::Separator,
        // Devanagari and full-width digits. Other scripts are not written in Nepal, and look alike.
        '\u{966}'..='\u{96f}' => digit_from('\u{966}', character),
        '\u{ff10}'..='\u{ff19}' => digit_from('\u{ff10}', character),
        _ if character.is_whitespace() => Kind::Break,
        _ if is_format(character) => Kind::Dropped,
        _ => Kind::Other,
    }
}

fn digit_from(zero: char, character: char) -> Kind {
    u8::try_from(u32::from(character) - u32::from(zero)).map_or(Kind::Other, Kind::Digit)
}

/// General category Cf of Unicode 16.0.0.
const FORMAT: [(char, char); 21] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{2066}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
];

fn is_format(character: char) -> bool {
    !character.is_ascii() && FORMAT.iter().any(|&(first, last)| (first..=last).contains(&character))
}

#[cfg(test)]
mod tests {
    use super::{FORMAT, INPUT_BYTES_MAX, read};
    use crate::phone::PhoneFault;

    fn check(input: &str, then: Result<(bool, &[u8]), PhoneFault>) {
        let dialled = read(input);
        let read = dialled.as_ref().map(|dialled| (dialled.plus, dialled.digits())).map_err(|fault| *fault);
        assert_eq!(read, then, "{input:?}");
    }

    #[test]
    fn digits_of_three_scripts_are_one_digit() {
        check("0189", Ok((false, &[0, 1, 8, 9])));
        check("०१८९", Ok((false, &[0, 1, 8, 9])));
        check("０１８９", Ok((false, &[0, 1, 8, 9])));
        for other in ["٠", "۰", "০", "𝟎", "①", "²", "〇"] {
            check(other, Err(PhoneFault::InvalidCharacter));
        }
    }

    #[test]
    fn every_separator_is_passed_over() {
        check(
            "1 \u{a0}\u{2007}\u{202f}-.()/\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}2",
            Ok((false, &[1, 2])),
        );
        for other in
            [",", ";", "_", ":", "\\", "~", "*", "#", "x", "\u{200a}2", "\u{3000}2", "\u{ff0d}", "\u{2016}"]
        {
            check(&format!("1{other}"), Err(PhoneFault::InvalidCharacter));
        }
    }

    #[test]
    fn white_space_is_trimmed_at_the_ends_after_format_characters_are_dropped() {
        check("\t\n 1 \r\n\u{3000}\u{85}", Ok((false, &[1])));
        check("\u{feff}\n\u{200f} \t1\n\u{200e}", Ok((false, &[1])));
        check("1\n2", Err(PhoneFault::InvalidCharacter));
        check("1\n-", Err(PhoneFault::InvalidCharacter));
        check("-\n1", Err(PhoneFault::InvalidCharacter));
        check("+\n1", Err(PhoneFault::InvalidCharacter));
    }

    #[test]
    fn a_plus_stands_once_and_before_the_digits() {
        check("+1", Ok((true, &[1])));
        check("＋1", Ok((true, &[1])));
        check(" (+ 1)", Ok((true, &[1])));
        for input in ["++1", "+＋1", "1+", "1+2", "+1+"] {
            check(input, Err(PhoneFault::InvalidCharacter));
        }
    }

    #[test]
    fn nothing_but_separators_is_empty() {
        for input in ["", " ", "\n", "---", "+", "(+)", "\u{200b}"] {
            check(input, Err(PhoneFault::Empty));
        }
    }

    #[test]
    fn the_bound_is_on_the_bytes_that_came() {
        let most = "1".repeat(INPUT_BYTES_MAX);
        assert!(read(&most).is_ok_and(|dialled| dialled.digits().len() == INPUT_BYTES_MAX));
        check(&format!("{most} "), Err(PhoneFault::TooLong));
        check(&" ".repeat(INPUT_BYTES_MAX + 1), Err(PhoneFault::TooLong));
        check(&"x".repeat(INPUT_BYTES_MAX + 1), Err(PhoneFault::TooLong));
    }

    #[test]
    fn every_format_character_is_dropped() {
        let format = || FORMAT.into_iter().flat_map(|(first, last)| first..=last);
        // Unicode 16.0.0 counts 170 characters in Cf.
        assert_eq!(format().count(), 170);
        for character in format() {
            check(&format!("{character}1{character}2"), Ok((false, &[1, 2])));
        }
    }
}
