//! Names, hashes, origins and locales: what is taken and what is refused.

use crate::message::{
    AppHash, AppName, AppNameFault, AppPackage, Locale, Origin, OriginFault, PACKAGE_BYTES_MAX, app_hash,
};

#[test]
fn a_name_is_trimmed_and_kept() {
    for (text, then) in [
        ("Sparrow Demo", "Sparrow Demo"),
        ("  eSewa ", "eSewa"),
        ("हाम्रो पात्रो", "हाम्रो पात्रो"),
        ("C# & Co.", "C# & Co."),
        ("Booking.com", "Booking.com"),
        ("me@work", "me@work"),
        ("abcdefghijklmnopqrstuvwx", "abcdefghijklmnopqrstuvwx"),
    ] {
        assert_eq!(AppName::parse(text).unwrap().as_str(), then);
    }
}

#[test]
fn a_name_that_could_mislead_a_phone_or_a_person_is_refused() {
    use AppNameFault::{Address, Brace, Empty, InvisibleCharacter, MarkedWord, TooLong};
    for (text, then) in [
        ("", Empty),
        ("   ", Empty),
        ("abcdefghijklmnopqrstuvwxy", TooLong),
        ("X\n@evil.com #999999", InvisibleCharacter),
        ("X\r", InvisibleCharacter),
        ("X\n", InvisibleCharacter),
        ("\tX", InvisibleCharacter),
        ("X\u{2028}Y", InvisibleCharacter),
        ("X\u{a0}Y", InvisibleCharacter),
        ("\u{202e}X", InvisibleCharacter),
        ("X\u{200d}Y", InvisibleCharacter),
        ("{code}", Brace),
        ("X}", Brace),
        ("@evil.com #999999", MarkedWord),
        ("X @evil.com #999999", MarkedWord),
        ("#1 Shop", MarkedWord),
        ("WWW.evil.com", Address),
        ("https://evil.com", Address),
        ("bit.ly/x", Address),
    ] {
        assert_eq!(AppName::parse(text), Err(then), "{text:?}");
    }
}

#[test]
fn a_hash_is_computed_as_the_retriever_computes_it() {
    let package = AppPackage::parse("com.example.app").unwrap();
    let certificate: Vec<u8> = (0x00..=0x1f).collect();
    assert_eq!(app_hash(&package, &certificate).as_str(), "igzYMpcDSre");
    assert_eq!(app_hash(&package, &[0x00, 0x5f]).as_str(), "g/yym+n3OBD");
    // The hex must be lower case; with upper case it would be this.
    assert_ne!(app_hash(&package, &certificate).as_str(), "Ntb1229KE0o");
}

#[test]
fn a_package_name_has_two_parts_or_more() {
    let longest = format!("a.{}", "b".repeat(PACKAGE_BYTES_MAX - 2));
    for text in ["com.example.app", "np.Example_1.a2", "a.b", &longest] {
        assert_eq!(AppPackage::parse(text).unwrap().as_str(), text);
    }
    let too_long = format!("{longest}b");
    for text in [
        "",
        "app",
        "com.",
        ".com",
        "com..app",
        "com.1app",
        "com._app",
        "com.ex-ample",
        "com.example.app ",
        "कम.example",
        "com/example",
        &too_long,
    ] {
        assert!(AppPackage::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_hash_is_eleven_characters_of_base64() {
    for text in ["FA+9qCX9VSu", "g/yym+n3OBD", "+++++++++++"] {
        assert_eq!(AppHash::parse(text).unwrap().as_str(), text);
    }
    for text in [
        "",
        "FA+9qCX9VS",
        "FA+9qCX9VSuu",
        "FA-9qCX9VSu",
        "FA_9qCX9VSu",
        "FA+9qCX9VS=",
        "FA 9qCX9VSu",
        "FA+9qCX9VSु",
    ] {
        assert!(AppHash::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn an_origin_has_a_scheme_and_a_host() {
    let longest = format!("https://{}.{}", "a".repeat(31), "b".repeat(32));
    for (text, host) in [
        ("https://example.com", "example.com"),
        ("https://login.example.com.np", "login.example.com.np"),
        ("https://xn--h2brj9c.xn--p1b6ci4b4b3a", "xn--h2brj9c.xn--p1b6ci4b4b3a"),
        ("https://1.a", "1.a"),
        ("https://localhost", "localhost"),
        (&longest, &longest["https://".len()..]),
    ] {
        let origin = Origin::parse(text).unwrap();
        assert_eq!((origin.as_str(), origin.host()), (text, host));
    }
}

#[test]
fn what_a_domain_line_cannot_say_is_no_origin() {
    use OriginFault::{Host, HostTooLong, NotOnlyHost, Port, Scheme};
    let too_long = format!("https://{}.{}", "a".repeat(32), "b".repeat(32));
    for (text, then) in [
        ("", Scheme),
        ("example.com", Scheme),
        ("http://example.com", Scheme),
        ("HTTPS://example.com", Scheme),
        ("android:apk-key-hash:x", Scheme),
        ("https://example.com/", NotOnlyHost),
        ("https://example.com?x", NotOnlyHost),
        ("https://me@example.com", NotOnlyHost),
        ("https://example.com:8443", Port),
        ("https://example.com:443", Port),
        (&too_long, HostTooLong),
        ("https://", Host),
        ("https://example", Host),
        ("https://Example.com", Host),
        ("https://example.com.", Host),
        ("https://.example.com", Host),
        ("https://a..b", Host),
        ("https://-a.com", Host),
        ("https://a-.com", Host),
        ("https://a_b.com", Host),
        ("https://127.0.0.1", Host),
        ("https://नेपाल.com", Host),
        ("https://example.com #1", NotOnlyHost),
        ("https://exa mple.com", Host),
        ("https://example.com\n", Host),
    ] {
        assert_eq!(Origin::parse(text), Err(then), "{text:?}");
    }
}

#[test]
fn a_locale_is_known_by_its_primary_subtag() {
    for (tag, then) in [
        ("en", Some(Locale::English)),
        ("en-GB", Some(Locale::English)),
        ("ne-NP", Some(Locale::Nepali)),
        ("NE_np", Some(Locale::Nepali)),
        ("new", None),
        ("hi-IN", None),
        ("", None),
        ("-en", None),
    ] {
        assert_eq!(Locale::from_tag(tag), then, "{tag}");
    }
    for locale in Locale::ALL {
        assert_eq!(Locale::from_tag(locale.as_str()), Some(locale));
    }
}
