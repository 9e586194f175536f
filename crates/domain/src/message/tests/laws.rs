//! Laws that hold for every name, template, code, hash and origin that is let in.

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::readers;
use crate::message::{
    AppHash, AppName, Content, Locale, MessageFormat, Origin, Template, measure, units_left,
};

fn app() -> impl Strategy<Value = AppName> {
    prop_oneof!["[A-Za-z0-9 .&'#@-]{1,24}", "[कखगर्ाि०-९A-Z0-9 ]{1,24}", ".{1,24}"]
        .prop_filter_map("no name", |text| AppName::parse(&text).ok())
}

fn app_hash() -> impl Strategy<Value = AppHash> {
    "[A-Za-z0-9+/]{11}".prop_map(|text| AppHash::parse(&text).unwrap())
}

fn origin() -> impl Strategy<Value = Origin> {
    "https://([a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\\.){1,4}[a-z]{2,6}"
        .prop_map(|text| Origin::parse(&text).unwrap())
}

fn locale() -> impl Strategy<Value = Locale> {
    select(Locale::ALL.to_vec())
}

/// Templates put together from parts that suit each other badly, with addresses within one origin.
fn template() -> impl Strategy<Value = Template> {
    let part = select(vec![
        "{app}",
        "{minutes}",
        " ",
        "\n",
        ": ",
        "a",
        "12",
        "2025",
        "कोड",
        "@",
        "#",
        "x@",
        " @evil.com #1 ",
        "-",
        "।",
        "Do not share",
        "G-",
        "https://example.com",
        "/help",
        "@example.com",
        "#123456",
    ]);
    let origins = [Origin::parse("https://example.com").unwrap()];
    let parts = |most| proptest::collection::vec(part.clone(), 0..=most).prop_map(|parts| parts.concat());
    (parts(2), parts(5)).prop_filter_map("no template", move |(before, after)| {
        Template::parse_linking(&format!("{before}{{code}}{after}"), Some(&origins)).ok()
    })
}

fn format() -> impl Strategy<Value = MessageFormat> {
    let own = (app(), locale(), 1..=9999_u16, template()).prop_filter_map(
        "the name hides the code",
        |(app, locale, version, template)| {
            MessageFormat::new(app).with_version(locale, version, template).ok()
        },
    );
    let built_in = app().prop_map(MessageFormat::new);
    (prop_oneof![built_in, own], any::<bool>())
        .prop_map(|(format, prefix)| format.with_retriever_prefix(prefix))
}

proptest! {
    #[test]
    fn every_reader_finds_the_code_and_its_domain(
        format in format(),
        locale in locale(),
        code in "[0-9]{6,10}",
        minutes in prop_oneof![1..=60_u64, any::<u64>()],
        app_hash in option::of(app_hash()),
        origin in option::of(origin()),
    ) {
        let content = Content { locale, code: &code, minutes, app_hash: app_hash.as_ref(), origin: origin.as_ref() };
        let text = format.render(&content);
        let text = text.as_str();
        let bound = origin.as_ref().map(|origin| (origin.host(), code.as_str()));
        prop_assert_eq!(readers::web_otp(text), bound);
        prop_assert_eq!(readers::chromium(text), bound);
        // The line that WebOTP reads is the last one; no other could stand in for it, wherever the SMS is cut.
        let lines: Vec<&str> = text.split('\n').collect();
        let (last, above) = lines.split_last().expect("a text has a line");
        prop_assert_eq!(readers::web_otp(last), bound);
        for line in above {
            prop_assert_eq!(readers::web_otp(line), None);
        }
        prop_assert_eq!(readers::user_consent(text), Some(code.as_str()));
        if let Some(app_hash) = &app_hash {
            prop_assert!(text.split('\n').any(|line| line == app_hash.as_str()));
        }
        prop_assert!(!text.ends_with('\n'));
    }

    #[test]
    fn a_text_is_written_into_one_allocation(format in format(), locale in locale(), minutes in any::<u64>()) {
        let content = Content { locale, code: "123456", minutes, app_hash: None, origin: None };
        let text = format.render(&content);
        prop_assert_eq!(text.0.capacity(), text.as_str().len());
        prop_assert_eq!(text.size(), measure(text.as_str()));
        prop_assert_eq!(text.units_left(), units_left(text.as_str()));
    }

    #[test]
    fn a_template_prints_as_it_is_read(template in template()) {
        let origins = [Origin::parse("https://example.com").unwrap()];
        prop_assert_eq!(Template::parse_linking(&template.to_string(), Some(&origins)), Ok(template));
    }

    #[test]
    fn no_text_at_all_makes_the_parsers_fail(text in any::<String>()) {
        // They answer; what they let in is short and has no line break.
        if let Ok(app) = AppName::parse(&text) {
            prop_assert!(app.as_str().chars().count() <= 24 && !app.as_str().contains(['\n', '\r']));
        }
        let _ = (Template::parse(&text), AppHash::parse(&text), Origin::parse(&text), Locale::from_tag(&text));
    }
}
