//! Versions of a text: which there may be, which one is sent, and that each of them has to fit.

use super::{format, render};
use crate::message::{
    AppName, BUILT_IN_VERSION, Locale, LongestValues, MessageFormat, Template, TemplateFault, VERSION_MAX,
    VersionFault,
};

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn numbers(format: &MessageFormat, locale: Locale) -> Vec<u16> {
    format.versions(locale).map(|(version, _)| version).collect()
}

fn three() -> MessageFormat {
    [(1, "{code} one"), (7, "{code} seven"), (3, "{code} three")]
        .into_iter()
        .fold(format(), |format, (version, text)| {
            format.with_version(Locale::English, version, template(text)).unwrap()
        })
}

#[test]
fn the_built_in_text_is_version_0_and_an_only_text_is_version_1() {
    assert_eq!(format().version(Locale::English), BUILT_IN_VERSION);
    assert_eq!(numbers(&format(), Locale::English), [0]);
    let own = format().with_template(Locale::English, template("{code} one")).unwrap();
    assert_eq!((own.version(Locale::English), own.version(Locale::Nepali)), (1, 0));
    assert_eq!(numbers(&own, Locale::English), [1]);
}

#[test]
fn the_version_that_was_added_last_is_sent_until_another_is_named() {
    let three = three();
    assert_eq!(numbers(&three, Locale::English), [1, 3, 7]);
    assert_eq!(three.version(Locale::English), 3);
    for (version, text) in [(7, "123456 seven"), (1, "123456 one"), (3, "123456 three"), (3, "123456 three")]
    {
        let active = three.clone().with_active(Locale::English, version).unwrap();
        assert_eq!(active.version(Locale::English), version);
        assert_eq!(render(&active, Locale::English, None, None).as_str(), text);
        assert_eq!(numbers(&active, Locale::English), [1, 3, 7]);
    }
    assert_eq!(three.clone().with_active(Locale::English, 2), None);
    assert_eq!(three.with_active(Locale::Nepali, 1), None);
}

#[test]
fn the_built_in_text_can_be_gone_back_to() {
    let back = three().with_active(Locale::English, BUILT_IN_VERSION).unwrap();
    assert_eq!(back.template(Locale::English), &Template::built_in(Locale::English));
    assert_eq!(numbers(&back, Locale::English), [0, 1, 3, 7]);
}

#[test]
fn a_version_of_a_number_that_is_there_replaces_it() {
    for version in [1, 3] {
        let format = three().with_version(Locale::English, version, template("{code} new")).unwrap();
        assert_eq!(format.version(Locale::English), version);
        assert_eq!(format.template(Locale::English), &template("{code} new"));
        assert_eq!(numbers(&format, Locale::English), [1, 3, 7]);
    }
}

#[test]
fn numbers_and_their_count_are_bounded() {
    let put =
        |format: MessageFormat, version| format.with_version(Locale::Nepali, version, template("{code} कोड"));
    for version in [0, VERSION_MAX + 1, u16::MAX] {
        assert_eq!(put(format(), version), Err(VersionFault::Number));
    }
    let full =
        (VERSION_MAX - 19..=VERSION_MAX).fold(format(), |format, version| put(format, version).unwrap());
    assert_eq!(put(full.clone(), 1), Err(VersionFault::TooMany));
    assert!(put(full, VERSION_MAX).is_ok());
}

#[test]
fn the_name_must_suit_every_version() {
    let format = MessageFormat::new(AppName::parse("Hamro2025").unwrap());
    assert_eq!(
        format.with_version(Locale::English, 4, template("{app}: {code}")),
        Err(VersionFault::Template(TemplateFault::CodeNotFirst))
    );
}

#[test]
fn a_version_that_is_not_sent_has_to_fit_as_well() {
    let long = template(&format!("{{code}} {}", "a".repeat(153)));
    let format = format()
        .with_version(Locale::English, 1, long)
        .unwrap()
        .with_version(Locale::English, 2, template("{code}."))
        .unwrap();
    let longest = LongestValues { code_digits: 10, minutes: 10, app_hashes: &[], origins: &[] };
    let oversized = format.oversized(&longest);
    assert_eq!(oversized.len(), 1);
    assert_eq!((oversized[0].locale, oversized[0].version), (Locale::English, 1));
}
