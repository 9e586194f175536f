//! Templates: what is taken, what is refused, and what the name adds.

use super::{format, render};
use crate::message::{AppName, Locale, MessageFormat, Template, TemplateFault, VersionFault};

#[test]
fn a_built_in_text_is_what_its_own_words_parse_to() {
    for locale in Locale::ALL {
        let built_in = Template::built_in(locale);
        assert_eq!(Template::parse(&built_in.to_string()), Ok(built_in));
    }
}

#[test]
fn an_own_text_replaces_the_one_of_its_locale() {
    let own = Template::parse(" Code: {code}\nfor {app}, {minutes} min, {minutes}! \n").unwrap();
    let format = format().with_template(Locale::English, own.clone()).unwrap();
    assert_eq!(format.template(Locale::English), &own);
    assert_eq!(format.template(Locale::Nepali), &Template::built_in(Locale::Nepali));
    let text = render(&format, Locale::English, None, None);
    assert_eq!(text.as_str(), "Code: 123456\nfor Sparrow Demo, 10 min, 10!");
}

#[test]
fn a_template_that_phones_or_people_would_misread_is_refused() {
    use TemplateFault::{
        Address, CodeLate, CodeMissing, CodeNotFirst, CodeRepeated, CodeTouched, InvisibleCharacter,
        MarkedWord, TooLong, UnbalancedBrace, UnknownPlaceholder,
    };
    let long = format!("{{code}} {}", "a".repeat(160));
    for (text, then) in [
        (long.as_str(), TooLong),
        ("", CodeMissing),
        ("{app}", CodeMissing),
        ("{code} and {code}", CodeRepeated),
        ("{code} {pin}", UnknownPlaceholder("pin".to_owned())),
        ("{code} {Code}", UnknownPlaceholder("Code".to_owned())),
        ("{code} {}", UnknownPlaceholder(String::new())),
        ("{code", UnbalancedBrace),
        ("code}", UnbalancedBrace),
        ("{{code}}", UnbalancedBrace),
        ("{code} }", UnbalancedBrace),
        ("{code}\r\nis it", InvisibleCharacter),
        ("{code}\tis it", InvisibleCharacter),
        ("{code} \u{202e}is it", InvisibleCharacter),
        ("{code}\u{a0}is it", InvisibleCharacter),
        ("{code}\n@evil.com #999999", MarkedWord),
        ("{code} @evil.com", MarkedWord),
        ("@{app} {code}", MarkedWord),
        ("Code #{code}", MarkedWord),
        ("{code} #123456", MarkedWord),
        ("{code} HTTP://evil.com", Address),
        ("{code} www.evil.com", Address),
        ("{code} bit.ly/Abc", Address),
        ("code{code}", CodeTouched),
        ("{code}st", CodeTouched),
        ("{code}को", CodeTouched),
        ("{app}{code}", CodeTouched),
        ("{code}{minutes}", CodeTouched),
        ("Your code from {app}: {code}", CodeLate),
        ("123456789 123456789 12345678: {code}", CodeNotFirst),
        ("In 2025: {code}", CodeNotFirst),
        ("{minutes} min: {code}", CodeNotFirst),
    ] {
        assert_eq!(Template::parse(text), Err(then), "{text:?}");
    }
}

#[test]
fn the_code_may_begin_at_the_thirtieth_character() {
    assert!(Template::parse("{app} कोड {code}").is_ok());
    assert_eq!(Template::parse("{app} कोड: {code}"), Err(TemplateFault::CodeLate));
}

#[test]
fn a_nepali_text_may_join_letters() {
    assert!(Template::parse("{code} कोड। अरूलाई दिनु पर्\u{200d}दैन").is_ok());
}

#[test]
fn a_name_with_a_number_may_stand_after_the_code_only() {
    let template = || Template::parse("{app}: {code}").unwrap();
    let named = |name| MessageFormat::new(AppName::parse(name).unwrap());
    for name in ["Hamro2025", "Web 2024", "Shop24"] {
        assert_eq!(
            named(name).with_template(Locale::English, template()),
            Err(VersionFault::Template(TemplateFault::CodeNotFirst)),
            "{name}"
        );
    }
    for name in ["Sparrow Demo", "3 G", "Supermarket2025"] {
        assert!(named(name).with_template(Locale::English, template()).is_ok(), "{name}");
    }
    let joined = Template::parse("{app}24 {code}").unwrap();
    assert_eq!(
        named("Shop").with_template(Locale::Nepali, joined),
        Err(VersionFault::Template(TemplateFault::CodeNotFirst))
    );
}

#[test]
fn a_fault_says_what_to_change() {
    let fault = Template::parse("{code} {pin}").unwrap_err();
    assert_eq!(fault.to_string(), "{pin} is no placeholder; there are {code}, {app} and {minutes}");
    assert_eq!(Template::parse("{app}").unwrap_err().to_string(), "the template has no {code}");
}
