//! The golden texts, the refusals of every part, what fits, and the laws of finished texts.

use super::{AppHash, AppName, Content, Locale, MessageFormat, Origin, SmsText};

mod addresses;
mod fits;
mod laws;
mod parts;
mod readers;
mod sizes;
mod templates;
mod versions;

fn format() -> MessageFormat {
    MessageFormat::new(AppName::parse("Sparrow Demo").unwrap())
}

fn render(
    format: &MessageFormat,
    locale: Locale,
    app_hash: Option<&AppHash>,
    origin: Option<&Origin>,
) -> SmsText {
    format.render(&Content { locale, code: "123456", minutes: 10, app_hash, origin })
}

fn check(locale: Locale, hash: bool, origin: bool, then: &str) {
    let app_hash = AppHash::parse("FA+9qCX9VSu").unwrap();
    let example = Origin::parse("https://example.com").unwrap();
    let text = render(&format(), locale, hash.then_some(&app_hash), origin.then_some(&example));
    assert_eq!(text.as_str(), then);
    assert_eq!(readers::web_otp(text.as_str()), origin.then_some(("example.com", "123456")));
    assert_eq!(readers::user_consent(text.as_str()), Some("123456"));
    assert_eq!(text.as_str().contains(app_hash.as_str()), hash);
}

#[test]
fn the_english_texts_are_these() {
    let words = "123456 is your Sparrow Demo code. Valid for 10 min. Do not share it with anyone.";
    check(Locale::English, false, false, words);
    check(Locale::English, true, false, &format!("{words}\n\nFA+9qCX9VSu"));
    check(Locale::English, false, true, &format!("{words}\n\n@example.com #123456"));
    check(Locale::English, true, true, &format!("{words}\n\nFA+9qCX9VSu\n@example.com #123456"));
}

#[test]
fn the_nepali_texts_are_these() {
    let words = "123456 Sparrow Demo कोड (१० मिनेट)\nकसैलाई नदिनुस्";
    check(Locale::Nepali, false, false, words);
    check(Locale::Nepali, true, false, &format!("{words}\nFA+9qCX9VSu"));
    check(Locale::Nepali, false, true, &format!("{words}\n@example.com #123456"));
    check(Locale::Nepali, true, true, &format!("{words}\nFA+9qCX9VSu\n@example.com #123456"));
}

#[test]
fn the_retriever_prefix_stands_only_before_a_text_with_a_hash() {
    let format = format().with_retriever_prefix(true);
    let app_hash = AppHash::parse("FA+9qCX9VSu").unwrap();
    for locale in Locale::ALL {
        let text = render(&format, locale, Some(&app_hash), None);
        assert!(text.as_str().starts_with("<#> 123456 "));
        assert!(text.as_str().ends_with("\nFA+9qCX9VSu"));
        assert!(render(&format, locale, None, None).as_str().starts_with("123456 "));
    }
}

#[test]
fn the_minutes_are_written_in_the_digits_of_the_locale() {
    let rendered = |locale, minutes| {
        let content = Content { locale, code: "000000", minutes, app_hash: None, origin: None };
        format().render(&content).as_str().to_owned()
    };
    assert!(rendered(Locale::English, 1).contains(" for 1 min."));
    assert!(rendered(Locale::English, u64::MAX).contains(" for 18446744073709551615 min."));
    assert!(rendered(Locale::Nepali, 1_234_567_890).contains("(१२३४५६७८९० मिनेट)"));
    assert!(rendered(Locale::Nepali, 0).contains("(० मिनेट)"));
}

#[test]
fn a_text_and_its_content_print_no_code() {
    let origin = Origin::parse("https://example.com").unwrap();
    let content = Content {
        locale: Locale::English,
        code: "908172",
        minutes: 10,
        app_hash: None,
        origin: Some(&origin),
    };
    let text = format().render(&content);
    assert_eq!(format!("{text:?}"), format!("SmsText({} bytes)", text.as_str().len()));
    assert!(!format!("{content:?}").contains("908172"));
}

#[test]
fn the_default_locale_is_english_until_it_is_changed() {
    assert_eq!(format().default_locale(), Locale::English);
    assert_eq!(format().with_default_locale(Locale::Nepali).default_locale(), Locale::Nepali);
}
