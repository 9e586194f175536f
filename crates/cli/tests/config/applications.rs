//! More applications than `default`.

use serde_json::json;

use crate::sandbox::{Sandbox, faults_of};

#[test]
fn an_application_of_its_own_section_has_its_own_settings_and_defaults() {
    let config = Sandbox::new()
        .file(
            "verify.toml",
            "application.policy.checks_max = 3\n[applications.shop]\nname = 'Shop'\n\
             policy = { lifetime = '5m', limits.sends_per_phone = ['2/1h'] }\norigins = ['https://shop.example']\n",
        )
        .variable("APPLICATIONS__BANK-2__NAME", "Bank")
        .loaded();
    let ids: Vec<_> = config.all_applications().map(|application| application.id.as_str()).collect();
    assert_eq!(ids, ["default", "bank-2", "shop"]);
    let [bank, shop] = config.applications.as_slice() else { panic!("there are not two others") };
    assert_eq!((bank.messages.app().as_str(), shop.messages.app().as_str()), ("Bank", "Shop"));
    assert_eq!((config.application.policy.checks_max, shop.policy.checks_max), (3, 5));
    assert_eq!((shop.origins.len(), bank.origins.len()), (1, 0));
    let shown = config.shown();
    assert_eq!(shown["applications"]["shop"]["policy"]["lifetime"], json!("5m"));
    assert_eq!(shown["applications"]["shop"]["policy"]["limits"]["sends_per_phone"], json!(["2/1h"]));
    assert_eq!(shown["applications"]["bank-2"]["policy"]["lifetime"], json!("10m"));
    let keys = |section: &serde_json::Value| section.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&shown["applications"]["shop"]), keys(&shown["application"]));
}

#[test]
fn faults_of_an_application_name_its_own_keys() {
    let rows = [
        (
            "[applications.shop]",
            "applications.shop.name: is missing; set it (SPARROW_VERIFY__APPLICATIONS__SHOP__NAME)",
        ),
        (
            "[applications.shop]\nname = 'Shop'\npolicy.lifetime = '1h'",
            "applications.shop.policy.lifetime: must be from 1 to 10 minutes",
        ),
        (
            "[applications.shop]\nname = 'Shop'\ntemplates.en = 'no place'",
            "applications.shop.templates.en: is refused: the template has no {code}",
        ),
        (
            "[applications.shop]\nname = 'दोकान दोकान दोकान दोकान'\ntemplates.ne = '{code} {app}'",
            "applications.shop.templates.en: the English SMS can have ",
        ),
        (
            "[applications.shop]\nname = 'Shop'\norigin = []",
            "applications.shop.origin: is unknown; did you mean `applications.shop.origins`?",
        ),
        (
            "[applications]\nshop = 5",
            "applications.shop: is a section; it has `applications.shop.allow_multiple",
        ),
        ("applications = 5", "applications: must have a section for each, such as [applications.shop]"),
        (
            "[applications.Shop]\nname = 'Shop'",
            "applications.Shop: is no id: it must have 1 to 40 lower-case letters",
        ),
        ("[applications.'a.b']\nname = 'Shop'", "applications.\"a: is no id: "),
        (
            "[applications.default]\nname = 'Shop'",
            "applications.default: is the application of `[application]`",
        ),
    ];
    for (toml, expected) in rows {
        let faults: Vec<_> = faults_of(toml)
            .into_iter()
            .filter(|fault| !fault.starts_with("applications.shop.name: ") || toml == rows[0].0)
            .collect();
        assert!(!faults.is_empty() && faults[0].starts_with(expected), "{toml}: {faults:#?}");
    }
    let none = Sandbox::new().file("verify.toml", "[applications]").loaded();
    assert_eq!(none.all_applications().count(), 1);
}

#[test]
fn there_are_at_most_a_hundred_applications() {
    let named = |count: usize| {
        let lines = (1..count).map(|number| format!("applications.a{number:03}.name = 'Shop'"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(Sandbox::new().file("verify.toml", &named(100)).loaded().all_applications().count(), 100);
    let faults = faults_of(&named(101));
    assert_eq!(
        faults,
        ["applications.a100: is one too many; there may be 100 applications (set in verify.toml)"]
    );
}

/// One ledger counts the wrong checks of a phone for all applications: two that are harmless alone may not be together.
#[test]
fn applications_share_one_guess_budget() {
    let bank = "[applications.bank]\nname = 'Bank'\npolicy = { code_length = 8, guesses = { daily_max_long = 27 } }\n";
    let alone = bank.replace("[applications.bank]\nname = 'Bank'\n", "[application]\n");
    assert!(Sandbox::new().file("verify.toml", &alone).loaded().applications.is_empty());
    let faults = faults_of(bank);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    let expected =
        "applications.bank.policy.guesses: together with those of the other applications would let a code";
    assert!(faults[0].starts_with(expected), "{}", faults[0]);
    let both = format!("[application.policy]\ncode_length = 8\n{bank}");
    assert_eq!(Sandbox::new().file("verify.toml", &both).loaded().all_applications().count(), 2);
}

#[test]
fn commands_are_about_the_application_that_is_named() {
    let mut config = Sandbox::new().file("verify.toml", "[applications.shop]\nname = 'Shop'").loaded();
    assert_eq!(config.administered.as_str(), "default");
    config.administer("shop").unwrap();
    assert_eq!(config.administered.as_str(), "shop");
    let unknown = config.administer("bank\n").unwrap_err().to_string();
    assert_eq!(unknown, r#"There is no application "bank\n"; there is `default`, `shop`."#);
    assert_eq!(config.administered.as_str(), "shop");
}
