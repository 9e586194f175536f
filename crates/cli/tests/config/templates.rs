//! The texts of SMS: one, or versions of which one is sent, and the web addresses in them.

use domain::message::Locale;
use serde_json::json;

use crate::sandbox::{Sandbox, faults_of};

const THREE: &str = "[application.templates.en]\n1 = '{code} one'\n2 = '{code} two'\n10 = '{code} ten'\n";

/// The version that is sent in English, and its words.
fn sent(sandbox: &Sandbox) -> (u16, String) {
    let messages = sandbox.loaded().application.messages;
    (messages.version(Locale::English), messages.template(Locale::English).to_string())
}

fn file(toml: &str) -> Sandbox {
    Sandbox::new().file("verify.toml", toml)
}

#[test]
fn an_only_text_is_version_1_and_the_built_in_one_is_0() {
    let one = file("application.templates.en = ' {code} one '");
    assert_eq!(sent(&one), (1, "{code} one".to_owned()));
    let config = one.loaded();
    assert_eq!(config.application.messages.version(Locale::Nepali), 0);
    assert_eq!(config.shown()["application"]["templates"]["en"], json!("{code} one"));
    assert_eq!(sent(&Sandbox::new()).0, 0);
}

#[test]
fn of_several_versions_the_highest_is_sent_unless_another_is_named() {
    assert_eq!(sent(&file(THREE)), (10, "{code} ten".to_owned()));
    let two = file(&format!("{THREE}active = 2"));
    assert_eq!(sent(&two), (2, "{code} two".to_owned()));
    let config = two.loaded();
    assert_eq!(
        config.shown()["application"]["templates"]["en"],
        json!({ "1": "{code} one", "10": "{code} ten", "2": "{code} two", "active": 2 })
    );
    let versions = config.application.messages.versions(Locale::English);
    assert_eq!(versions.map(|(version, _)| version).collect::<Vec<_>>(), [1, 2, 10]);
    let built_in = file(&format!("{THREE}active = 0"));
    assert_eq!(sent(&built_in).0, 0);
    assert_eq!(sent(&built_in).1, sent(&Sandbox::new()).1);
}

#[test]
fn versions_are_set_by_variables_beside_those_of_files() {
    let with = |sandbox: Sandbox| sandbox.variable("APPLICATION__TEMPLATES__EN__2", "{code} two");
    let beside = with(file("application.templates.en = '{code} one'"));
    assert_eq!(sent(&beside), (2, "{code} two".to_owned()));
    let shown = beside.loaded().shown()["application"]["templates"]["en"].clone();
    assert_eq!(shown, json!({ "1": "{code} one", "2": "{code} two", "active": 2 }));
    assert_eq!(sent(&with(Sandbox::new())), (2, "{code} two".to_owned()));
    let back = with(file("application.templates.en = '{code} one'"))
        .variable("APPLICATION__TEMPLATES__EN__ACTIVE", "1");
    assert_eq!(sent(&back), (1, "{code} one".to_owned()));
    let taken_back =
        file(THREE).file("later.json", r#"{"application": {"templates": {"en": {"10": null}}}}"#);
    assert_eq!(sent(&taken_back), (2, "{code} two".to_owned()));
}

#[test]
fn what_is_shown_of_versions_can_be_loaded() {
    for toml in [format!("{THREE}active = 2"), format!("{THREE}active = 0"), THREE.to_owned()] {
        let shown = file(&toml).loaded().shown()["application"].clone();
        let shown = json!({ "application": { "templates": shown["templates"] } });
        let again = Sandbox::new().file("shown.json", &shown.to_string());
        assert_eq!(sent(&again), sent(&file(&toml)), "{toml}");
    }
}

#[test]
fn every_version_is_checked_by_its_own_key() {
    let long = format!("{{code}} {}", "a".repeat(153));
    let rows = [
        ("1 = 'no place'", "1: is refused: the template has no {code}"),
        ("1 = '{code} @x'\n2 = '{code}'", "1: is refused: a word of the template begins with @ or #"),
        ("1 = 5", "1: must be text in quotes"),
        ("1 = '{code}'\nactive = 2", "active: must be the number of a version: 1; or 0, the text that"),
        ("active = 1", "active: must be the number of a version: there is none; or 0, the text that"),
        ("1 = '{code}'\nactive = 10000", "active: must be a whole number from 0 to 9999"),
        ("1 = '{code}'\nactive = 'last'", "active: must be a whole number from 0 to 9999"),
        ("0 = '{code}'", "0: is neither the number of a version, 1 to 9999, nor `active`"),
        ("01 = '{code}'", "01: is neither the number of a version, 1 to 9999, nor `active`"),
        ("10000 = '{code}'", "10000: is neither the number of a version, 1 to 9999, nor `active`"),
        ("activ = 1", "activ: is neither the number of a version, 1 to 9999, nor `active`"),
        ("v.text = '{code}'", "v: is neither the number of a version, 1 to 9999, nor `active`"),
        ("1 = 'no place'\nactive = 1", "1: is refused: the template has no {code}"),
        ("1.text = '{code}'", "1.text: is unknown"),
        (&format!("1 = '{long}'\n2 = '{{code}}'"), "1: the English SMS can have "),
    ];
    for (toml, expected) in rows {
        let faults = faults_of(&format!("[application.templates.en]\n{toml}"));
        assert_eq!(faults.len(), 1, "{toml}: {faults:#?}");
        assert!(
            faults[0].starts_with(&format!("application.templates.en.{expected}")),
            "{toml}: {}",
            faults[0]
        );
    }
    let fault = Sandbox::new()
        .variable("APPLICATION__NAME", "Hamro2025")
        .file("verify.toml", "application.templates.en = { 1 = '{app}: {code}', 2 = '{code}' }")
        .fault();
    assert!(fault.starts_with("application.templates.en.1: something before {code} could be"), "{fault}");
}

#[test]
fn a_text_and_its_first_version_are_not_set_together() {
    let fault = file("application.templates.en = '{code} one'")
        .variable("APPLICATION__TEMPLATES__EN__1", "{code} first")
        .fault();
    assert!(
        fault.starts_with(
            "application.templates.en: is set together with `application.templates.en.1`; keep one of them"
        ),
        "{fault}"
    );
    let fault = file("application.templates.en = 5").fault();
    assert!(
        fault.starts_with("application.templates.en: must be text in quotes, or a section of versions"),
        "{fault}"
    );
}

#[test]
fn there_are_at_most_20_versions() {
    let versions = |count: u16| {
        let lines: Vec<_> = (1..=count).map(|version| format!("{version} = '{{code}}'")).collect();
        format!("[application.templates.ne]\n{}", lines.join("\n"))
    };
    assert_eq!(file(&versions(20)).loaded().application.messages.version(Locale::Nepali), 20);
    assert_eq!(
        faults_of(&versions(21)),
        ["application.templates.ne.21: there may be 20 versions (set in verify.toml)"]
    );
}

#[test]
fn an_address_needs_leave_and_an_origin() {
    let with = |rest: &str| {
        let texts = "templates = { en = '{code} https://example.com/help', ne = '{code} {app}' }";
        format!("[application]\n{texts}\n{rest}")
    };
    let refused = "application.templates.en: is refused: the template has a web address, of which phones make a \
                   link; set `application.allow_urls` to true for addresses within `application.origins` (set in \
                   verify.toml)";
    assert_eq!(faults_of(&with("origins = ['https://example.com']")), [refused]);
    let foreign = "application.templates.en: is refused: a web address of the template is not https://, the host of \
                   one of the application's origins";
    for origins in ["[]", "['https://example.org', 'https://www.example.com']"] {
        let faults = faults_of(&with(&format!("allow_urls = true\norigins = {origins}")));
        assert!(faults[0].starts_with(foreign), "{faults:#?}");
    }
    let allowed = file(&with("allow_urls = true\norigins = ['https://example.com']"));
    assert_eq!(sent(&allowed), (1, "{code} https://example.com/help".to_owned()));
    // What could not be read is not blamed on the template.
    for rest in
        ["allow_urls = 1\norigins = ['https://example.com']", "allow_urls = true\norigins = ['example.com']"]
    {
        let faults = faults_of(&with(rest));
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(!faults[0].starts_with("application.templates"), "{faults:#?}");
    }
}
