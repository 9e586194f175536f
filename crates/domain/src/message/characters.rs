//! What names and templates may be written with. Owns the rules that both keep; never says whose fault it is.

/// A letter that joins or parts its neighbours; Nepali writes it after a virama, as in `गर्‍यो`.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
const VIRAMA: char = '\u{94d}';

/// Whether a line has only characters that a phone shows as what they are: no control or format character, no line
/// or paragraph separator, no space but the plain one. A joiner after a virama is a letter (RFC 5892, A.1 and A.2).
pub(super) fn is_plain_line(line: &str) -> bool {
    let mut before = None;
    line.chars().all(|character| {
        let joins = JOINERS.contains(&character) && before == Some(VIRAMA);
        before = Some(character);
        joins || !(character.is_control() || is_odd_space(character) || is_format(character))
    })
}

/// Whether some word begins with `@` or `#`. A domain line begins with `@` (WICG sms-one-time-codes); Chromium looks
/// for one after any white space, not only in the last line, so that such a word could bind the code to a stranger.
pub(super) fn has_marked_word(text: &str) -> bool {
    text.split(char::is_whitespace).any(|word| word.starts_with(['@', '#']))
}

/// Whether a text has a web address: `://`, `www.`, or a path behind a host, as in `bit.ly/x`. Phones make links of them,
/// and a code does not come with a link unless an operator wants it. A host alone may be a name: `Booking.com`.
pub(super) fn has_address(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("://") || text.contains("www.") || text.split(char::is_whitespace).any(has_path)
}

/// Whether a word has a host before its first slash: a name, a dot, and two characters or more that begin with a letter.
fn has_path(word: &str) -> bool {
    let Some((host, _)) = word.split_once('/') else { return false };
    host.rsplit_once('.').is_some_and(|(name, top)| {
        // The name may be that of the application: `{app}.com/x`.
        name.ends_with(|last: char| last.is_alphanumeric() || last == '}')
            && top.starts_with(char::is_alphabetic)
            && top.chars().nth(1).is_some()
    })
}

/// Whether a text has a run of 4 to 10 letters and digits, with a digit: what Android's User Consent API takes for a
/// code. What a letter is depends on the reader, so both readings count: ASCII alone, and all of Unicode.
pub(super) fn has_code_lookalike(text: &str) -> bool {
    fn found<'a>(mut runs: impl Iterator<Item = &'a str>) -> bool {
        runs.any(|run| (4..=10).contains(&run.chars().count()) && run.chars().any(char::is_numeric))
    }
    found(text.split(|character: char| !character.is_ascii_alphanumeric()))
        || found(text.split(|character: char| !character.is_alphanumeric()))
}

fn is_odd_space(character: char) -> bool {
    character.is_whitespace() && character != ' '
}

/// General category Cf of Unicode 16.0.0.
fn is_format(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'
        | '\u{e0020}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::{has_address, has_code_lookalike, is_format, is_plain_line};

    #[test]
    fn every_format_character_of_unicode_is_known() {
        // Unicode 16.0.0 counts 170 characters in Cf.
        assert_eq!(('\0'..=char::MAX).filter(|&character| is_format(character)).count(), 170);
    }

    #[test]
    fn a_joiner_is_plain_only_after_a_virama() {
        assert!(is_plain_line("पाठ गर्\u{200d}यो"));
        assert!(!is_plain_line("a\u{200d}b"));
        assert!(!is_plain_line("\u{200c}"));
        assert!(!is_plain_line("्\u{200d}\u{200d}"));
    }

    #[test]
    fn an_address_is_what_phones_make_a_link_of() {
        for address in
            ["ftp://x", "WWW.x", "See bit.ly/Abc", "(example.com.np/)", "{app}.com/x", "नेपाल.नेपाल/"]
        {
            assert!(has_address(address), "{address}");
        }
        for other in
            ["", "Booking.com", "and/or", "a.m./p.m.", "No.5/10", "5 min./h", "e.g/x", "me@work", "./x"]
        {
            assert!(!has_address(other), "{other}");
        }
    }

    #[test]
    fn a_lookalike_has_four_to_ten_letters_and_a_digit() {
        for lookalike in ["2025", "Hamro1", "कोड1234", "x 12ab.", "०१२३", "abcdefghi1"] {
            assert!(has_code_lookalike(lookalike), "{lookalike}");
        }
        for other in ["", "code", "123", "a1 b2 c3", "abcdefghij1", "977-98", "<#>"] {
            assert!(!has_code_lookalike(other), "{other}");
        }
    }
}
