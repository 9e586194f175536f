//! A gateway's own ids of messages. Owns which of them are kept: what a gateway answers is its own affair, and it may answer
//! with what must never be stored or logged.

use domain::delivery::MessageId;
use domain::ports::Sms;

/// Of a phone so many of its last digits tell whose it is.
const TELLING_DIGITS: usize = 8;
/// A part of the text is one from so many characters on: each digit of a small number is in most texts.
const WORDS_MIN: usize = 4;
/// A run of so many digits in a text may be the code.
const CODE_DIGITS_MIN: usize = 6;

/// The id; none where it could tell the phone or the code, however they are written, or is a part of the text.
pub(super) fn kept(id: &str, sms: &Sms) -> Option<MessageId> {
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    let phone = sms.to.digits().to_string();
    let tells_phone = digits.contains(&phone[phone.len().saturating_sub(TELLING_DIGITS)..]);
    let text = sms.text.as_str();
    let mut runs = text.split(|character: char| !character.is_ascii_digit());
    let tells_code = runs.any(|run| run.len() >= CODE_DIGITS_MIN && digits.contains(run));
    let is_words = id.len() >= WORDS_MIN && text.contains(id);
    if tells_phone || tells_code || is_words { None } else { MessageId::parse(id) }
}

#[cfg(test)]
mod tests {
    use domain::message::{AppName, Content, Locale, MessageFormat};
    use domain::phone::Phone;

    use super::*;

    #[test]
    fn an_id_that_tells_the_phone_or_the_code_is_not_kept() {
        let content =
            Content { locale: Locale::English, code: "975306", minutes: 10, app_hash: None, origin: None };
        let text = MessageFormat::new(AppName::parse("Test").unwrap()).render(&content);
        let sms = Sms { to: Phone::from_digits(9_779_801_000_013).unwrap(), text };
        for id in ["1", "10", "SM-7", "201107", "9753-0-7", "a1b2c3d4-0001-7000-8000-0123456789ab"] {
            assert_eq!(kept(id, &sms), MessageId::parse(id), "{id}");
            assert!(kept(id, &sms).is_some(), "{id}");
        }
        for id in [
            "975306",
            "msg-975306-x",
            "975-306",
            "9779801000013",
            "977-980-1000013",
            "+977 9801000013",
            "01000013",
            "x1975306",
            "code.",
            "Test",
        ] {
            assert_eq!(kept(id, &sms), None, "{id}");
        }
    }
}
