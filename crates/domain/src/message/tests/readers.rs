//! How phones read an SMS, written from their specifications and apart from the code under test.

/// The host and the code that WICG "sms-one-time-codes" (Parsing) finds, without the embedded origin: the last line is
/// `@`, a host, exactly one space, `#` and a code; what follows white space behind the code is ignored.
pub(super) fn web_otp(text: &str) -> Option<(&str, &str)> {
    let last = text.rsplit(['\n', '\r']).next()?;
    host_and_code(last.strip_prefix('@')?, |character| !character.is_ascii_whitespace())
}

/// The host and the code that Chromium's `SmsParser` finds: the first match of
/// `(?:^|\s)@([a-zA-Z0-9.-]+) #([^#\s]+)`, in any line.
pub(super) fn chromium(text: &str) -> Option<(&str, &str)> {
    text.match_indices('@')
        .filter(|(at, _)| text[..*at].chars().next_back().is_none_or(char::is_whitespace))
        .find_map(|(at, _)| {
            host_and_code(&text[at + 1..], |character| {
                character.is_ascii_alphanumeric() || ".-".contains(character)
            })
        })
}

/// What Android's User Consent API takes for the code: the first run of 4 to 10 letters and digits with a digit.
pub(super) fn user_consent(text: &str) -> Option<&str> {
    text.split(|character: char| !character.is_ascii_alphanumeric()).find(|run| {
        (4..=10).contains(&run.len()) && run.contains(|character: char| character.is_ascii_digit())
    })
}

fn host_and_code(text: &str, in_host: fn(char) -> bool) -> Option<(&str, &str)> {
    let host_end = text.find(|character| !in_host(character)).unwrap_or(text.len());
    let (host, rest) = text.split_at(host_end);
    let code = rest.strip_prefix(" #")?.split(|character: char| character.is_ascii_whitespace()).next()?;
    (!host.is_empty() && !code.is_empty()).then_some((host, code))
}

#[test]
fn the_web_otp_reader_reads_as_its_specification_says() {
    let ok = Some(("example.com", "123456"));
    for (text, then) in [
        ("Code.\n\n@example.com #123456", ok),
        ("Code.\r\n\r\n@example.com #123456", ok),
        ("@example.com #123456 FA+9qCX9VSu", ok),
        ("Code.\n@example.com #123456 @embedded.example", ok),
        ("@example.com #123456.", Some(("example.com", "123456."))),
        ("@example.com #123 456", Some(("example.com", "123"))),
        ("Code.\n\n@example.com #123456\n", None),
        ("Code.\n@example.com #123456\nFA+9qCX9VSu", None),
        ("@example.com  #123456", None),
        ("@example.com\t#123456", None),
        ("x @example.com #1", None),
        ("#1 @example.com", None),
        ("", None),
    ] {
        assert_eq!(web_otp(text), then, "{text:?}");
    }
}

#[test]
fn the_chromium_reader_finds_a_domain_in_any_line() {
    let evil = Some(("evil.com", "999999"));
    assert_eq!(chromium("X @evil.com #999999\n@example.com #1"), evil);
    assert_eq!(chromium("X\n@evil.com #999999 is it\nFA+9qCX9VSu"), evil);
    assert_eq!(chromium("x@evil.com #999999"), None);
}
