//! What fits one segment, and what an operator hears of the rest.

use super::format;
use crate::message::{
    AppHash, AppName, Content, Encoding, Locale, LongestValues, MessageFormat, Origin, RETRIEVER_BYTES_MAX,
    Template,
};

const HOST_OF_20: &str = "https://accounts.example.com";

fn units(locale: Locale, code: &str, hash: bool, origin: Option<&str>) -> usize {
    let app_hash = AppHash::parse("FA+9qCX9VSu").unwrap();
    let origin = origin.map(|origin| Origin::parse(origin).unwrap());
    let app_hash = hash.then_some(&app_hash);
    let text = format().render(&Content { locale, code, minutes: 10, app_hash, origin: origin.as_ref() });
    if hash && locale == Locale::English {
        assert!(text.as_str().len() <= RETRIEVER_BYTES_MAX);
    }
    text.size().units
}

#[test]
fn a_name_of_12_and_a_code_of_8_fit_english_with_every_line() {
    let english = |hash, origin| units(Locale::English, "12345678", hash, origin);
    assert_eq!(english(false, None), 82);
    assert_eq!(english(true, None), 95);
    assert_eq!(english(false, Some(HOST_OF_20)), 115);
    assert_eq!(english(true, Some(HOST_OF_20)), 127);
}

#[test]
fn a_name_of_12_fits_nepali_with_a_hash_or_with_a_short_domain() {
    let nepali = |code, hash, origin| units(Locale::Nepali, code, hash, origin);
    assert_eq!(nepali("123456", false, None), 49);
    assert_eq!(nepali("123456", true, None), 61);
    assert_eq!(nepali("123456", false, Some("https://example.com")), 70);
    assert_eq!(nepali("12345678", false, None), 51);
    assert_eq!(nepali("12345678", true, None), 63);
    assert_eq!(nepali("1234567890", true, None), 65);
    // These take a second segment.
    assert_eq!(nepali("12345678", false, Some("https://example.com")), 74);
    assert_eq!(nepali("123456", true, Some("https://example.com")), 82);
}

#[test]
fn whatever_does_not_fit_is_told_in_one_sentence_each() {
    let app_hashes = [AppHash::parse("FA+9qCX9VSu").unwrap(), AppHash::parse("g/yym+n3OBD").unwrap()];
    let origins = [Origin::parse("https://nic.np").unwrap(), Origin::parse(HOST_OF_20).unwrap()];
    let longest = LongestValues { code_digits: 8, minutes: 10, app_hashes: &app_hashes, origins: &origins };
    let sentences: Vec<String> = format().oversized(&longest).iter().map(ToString::to_string).collect();
    assert_eq!(
        sentences,
        [
            "the Nepali SMS with the domain accounts.example.com can have 83 UCS-2 units, 13 too many for one segment \
             (it is paid as 2); shorten the name or the template",
            "the Nepali SMS with an app hash and the domain nic.np can have 81 UCS-2 units, 11 too many for one \
             segment (it is paid as 2); shorten the name or the template",
            "the Nepali SMS with an app hash and the domain accounts.example.com can have 95 UCS-2 units, 25 too many \
             for one segment (it is paid as 2) and 141 bytes, 1 too many for Android's SMS Retriever; shorten the \
             name or the template",
        ]
    );
}

#[test]
fn a_text_that_the_retriever_would_not_read_is_told_though_it_fits_a_segment() {
    let template = Template::parse(&format!("{{code}} {}", "a".repeat(121))).unwrap();
    let format = format().with_template(Locale::English, template).unwrap();
    let app_hashes = [AppHash::parse("FA+9qCX9VSu").unwrap()];
    let longest = LongestValues { code_digits: 6, minutes: 10, app_hashes: &app_hashes, origins: &[] };
    let oversized = format.oversized(&longest);
    assert_eq!(oversized.len(), 1);
    assert_eq!((oversized[0].size.segments, oversized[0].bytes, oversized[0].bytes_too_many()), (1, 141, 1));
    assert_eq!(
        oversized[0].to_string(),
        "the English SMS with an app hash can have 141 bytes, 1 too many for Android's SMS Retriever; shorten the \
         name or the template"
    );
}

#[test]
fn without_a_hash_the_retriever_has_no_say() {
    let template = Template::parse(&format!("{{code}} {}", "a".repeat(153))).unwrap();
    let format = format().with_template(Locale::English, template).unwrap();
    let longest = LongestValues { code_digits: 6, minutes: 10, app_hashes: &[], origins: &[] };
    assert_eq!(format.oversized(&longest), []);
}

#[test]
fn without_hashes_and_origins_the_longest_name_fits_in_every_locale() {
    let format = MessageFormat::new(AppName::parse(&"W".repeat(24)).unwrap());
    let longest = LongestValues { code_digits: 10, minutes: 60, app_hashes: &[], origins: &[] };
    assert_eq!(format.oversized(&longest), []);
}

#[test]
fn a_name_outside_gsm_7_makes_the_english_text_too_long() {
    let format = MessageFormat::new(AppName::parse("हाम्रो").unwrap());
    let longest = LongestValues { code_digits: 6, minutes: 10, app_hashes: &[], origins: &[] };
    let oversized = format.oversized(&longest);
    assert_eq!(oversized.len(), 1);
    assert_eq!((oversized[0].locale, oversized[0].size.encoding), (Locale::English, Encoding::Ucs2));
}
