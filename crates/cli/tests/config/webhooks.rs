//! Who is told of an application's events.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::event::EventKind;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, faults_of};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD: &str = "whsec_b2xkLW9sZC1vbGQtb2xkLW9sZC1vbGQtb2xk";
const EXAMPLE: &str = include_str!("../../../../docs/config.example.toml");

fn section(lines: &str) -> String {
    format!(
        "[application.webhooks.orders]\nurl = 'https://shop.example/hook'\nsecret = '{SECRET}'\n{lines}\n"
    )
}

#[test]
fn a_webhook_wants_everything_masked_unless_told_otherwise() {
    let config = Sandbox::new().file("verify.toml", &section("")).loaded();
    let [webhook] = config.application.webhooks.as_slice() else { panic!("there is not one") };
    assert_eq!(webhook.subscription.webhook.as_str(), "orders");
    assert_eq!(webhook.subscription.application.as_str(), "default");
    assert_eq!(webhook.subscription.kinds, EventKind::ALL);
    assert_eq!((&*webhook.address, webhook.secrets), ("https://shop.example/hook", 1));
    assert_eq!(webhook.timeout, Duration::from_secs(15));
    let shown = &config.shown()["application"]["webhooks"]["orders"];
    assert_eq!(shown["phone"], json!("masked"));
    assert_eq!(shown["allow_private_addresses"], json!(false));
    assert_eq!(shown["secret"], json!("********"));
}

#[test]
fn webhooks_belong_to_their_application() {
    let config = Sandbox::new()
        .file(
            "verify.toml",
            &(section("")
                + "[applications.shop]\nname = 'Shop'\n[applications.shop.webhooks.crm]\n\
                   url = 'http://10.0.0.7:8080/in'\nallow_private_addresses = true\n\
                   events = ['verification.approved']\ntimeout = '2s'\nphone = 'full'\n"),
        )
        .variable("APPLICATIONS__SHOP__WEBHOOKS__CRM__SECRET", SECRET)
        .loaded();
    let names = |webhooks: &[domain::webhook::Webhook]| {
        webhooks.iter().map(|webhook| webhook.subscription.webhook.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&config.application.webhooks), ["orders"]);
    let crm = &config.applications[0].webhooks;
    assert_eq!(names(crm), ["crm"]);
    assert_eq!(crm[0].subscription.kinds, [EventKind::VerificationApproved]);
    assert_eq!(crm[0].timeout, Duration::from_secs(2));
    assert_eq!(config.webhooks.len(), 2);
}

#[test]
fn secrets_of_the_past_sign_besides_the_newest() {
    let sandbox = Sandbox::new();
    let (newest, old) = (
        sandbox.written("newest", format!("{SECRET}\n").as_bytes()),
        sandbox.written("old", format!("{OLD}\n").as_bytes()),
    );
    let text = format!(
        "[application.webhooks.orders]\nurl = 'https://shop.example/'\nsecret_file = {newest:?}\nold_secrets_file = {old:?}\n"
    );
    let config = sandbox.file("verify.toml", &text).loaded();
    let secrets = &config.webhooks[0].secrets;
    assert_eq!(secrets.iter().map(|secret| secret.reveal().to_string()).collect::<Vec<_>>(), [SECRET, OLD]);
    assert_eq!(config.application.webhooks[0].secrets, 2);
}

#[test]
fn a_private_address_is_called_only_where_that_is_said() {
    for host in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "2130706433", "[::1]", "[::ffff:10.0.0.1]"] {
        let url = format!("url = 'https://{host}/hook'");
        let text = section("").replace("url = 'https://shop.example/hook'", &url);
        let faults = faults_of(&text);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        let expected = "application.webhooks.orders.url: names an address that is not public";
        assert!(faults[0].starts_with(expected), "{}", faults[0]);
        let allowed = text.clone() + "allow_private_addresses = true\n";
        assert_eq!(Sandbox::new().file("verify.toml", &allowed).loaded().webhooks.len(), 1);
    }
}

/// Each of these is one fault of `application.webhooks.orders`, which begins like this.
#[test]
fn every_setting_of_a_webhook_says_what_is_allowed() {
    let rows = [
        ("events = []", "events: must name at least one kind"),
        ("events = ['verification.started']", "events: entry 1 must be one of verification.approved, "),
        ("timeout = '31s'", "timeout: must be a duration from 1s to 30s"),
        ("timeout = '500ms'", "timeout: must be a duration from 1s to 30s"),
        ("phone = 'none'", "phone: must be \"masked\" or \"full\""),
        ("allow_private_addresses = 1", "allow_private_addresses: must be true or false"),
        ("old_secrets = ['whsec_c2hvcnQ=']", "old_secrets: entry 1 does not hold 24 to 64 bytes"),
        ("old_secrets = ['private']", "old_secrets: entry 1 does not begin with whsec_"),
        ("old_secrets = ['whsec_!!']", "old_secrets: entry 1 is not base64"),
        ("old_secrets = ['********']", "old_secrets: entry 1 is the mask"),
        ("old_secrets = ['a', 'b', 'c', 'd', 'e']", "old_secrets: must hold at most 4 secrets"),
        ("secret_file = 'x'", "secret: is set together with `application.webhooks.orders.secret_file`"),
        ("urls = []", "urls: is unknown; did you mean `application.webhooks.orders.url`?"),
    ];
    for (line, expected) in rows {
        let faults = faults_of(&section(line));
        assert_eq!(faults.len(), 1, "{line}: {faults:#?}");
        let expected = format!("application.webhooks.orders.{expected}");
        assert!(faults[0].starts_with(&expected), "{line}: {}", faults[0]);
        assert!(!faults[0].contains("private'"), "{}", faults[0]);
    }
    let twice = faults_of(&section(&format!("old_secrets = ['{SECRET}']")));
    assert!(twice[0].contains("old_secrets: entry 1 is there already"), "{twice:#?}");
}

#[test]
fn what_must_be_set_is_told_together() {
    let faults =
        faults_of("[application.webhooks.orders]\n[application.webhooks.Big]\nurl = 'https://a.b'\n");
    let begins = [
        "application.webhooks.Big: is no name: it must have 1 to 40 lower-case letters",
        "application.webhooks.orders.secret: is missing; make one with `sparrow-verify webhook secret > FILE`",
        "application.webhooks.orders.url: is missing",
    ];
    assert_eq!(faults.len(), begins.len(), "{faults:#?}");
    for (fault, begin) in faults.iter().zip(begins) {
        assert!(fault.starts_with(begin), "{fault}");
    }
    for url in ["http://shop.example/", "https://u:private@shop.example/", "https://shop.example/#private"] {
        let faults = faults_of(&section("").replace("https://shop.example/hook", url));
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(!faults[0].contains("private@") && !faults[0].contains("#private"), "{}", faults[0]);
    }
}

#[test]
fn an_application_has_at_most_ten_webhooks() {
    let named = |count: usize| {
        (0..count).map(|number| section("").replace("orders", &format!("w{number:02}"))).collect::<String>()
    };
    assert_eq!(Sandbox::new().file("verify.toml", &named(10)).loaded().webhooks.len(), 10);
    let faults = faults_of(&named(11));
    let expected = "application.webhooks.w10: is one too many; an application may have 10 webhooks";
    assert_eq!(faults, [format!("{expected} (set in verify.toml)")]);
}

#[test]
fn a_name_means_one_webhook_whoevers_it_is() {
    let other = section("").replace("application.webhooks", "applications.shop.webhooks");
    let faults = faults_of(&format!("{}{other}[applications.shop]\nname = 'Shop'\n", section("")));
    let expected =
        "applications.shop.webhooks.orders: has the name of `application.webhooks.orders`; each webhook";
    assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:#?}");
}

#[test]
fn a_query_is_masked_because_it_may_hold_a_token() {
    let text = section("").replace("/hook", "/hook?token=of-the-receiver");
    let config = Sandbox::new().file("verify.toml", &text).loaded();
    assert_eq!(
        config.shown()["application"]["webhooks"]["orders"]["url"],
        json!("https://shop.example/hook?********")
    );
    let printed = format!("{config:?} {}", config.shown());
    assert!(!printed.contains("of-the-receiver") && !printed.contains(SECRET), "{printed}");
    let shown = faults_of(&text.replace("token=of-the-receiver", "********"));
    assert!(shown[0].contains("holds the mask"), "{shown:#?}");
}

#[test]
fn the_example_shows_every_key_of_a_webhook_with_its_default() {
    let (_, example) = EXAMPLE.split_once("#   [application.webhooks.orders]\n").unwrap();
    let lines = example.lines().take_while(|line| line.starts_with("#   "));
    let lines: Vec<&str> = lines.map(|line| &line[4..]).collect();
    let sandbox = Sandbox::new();
    let secret = sandbox.written("secret", SECRET.as_bytes());
    let path = secret.to_str().unwrap();
    let text = format!("[application.webhooks.orders]\n{}\n", lines.join("\n"))
        .replace("/etc/sparrow-verify/webhook-secret\"", &format!("{path}\""));
    let sandbox = sandbox.file("verify.toml", &text);
    let example = sandbox.loaded();
    let required = format!(
        "[application.webhooks.orders]\nurl = 'https://shop.example/webhooks'\nsecret_file = '{path}'\n"
    );
    let required = Sandbox::new().file("verify.toml", &required).loaded();
    assert_eq!(example.shown(), required.shown());
    let of = |line: &&str| line.trim_start_matches('#').split_once(" = ").map(|(name, _)| name.to_owned());
    let told: BTreeSet<String> = lines.iter().filter(|line| !line.starts_with("# ")).filter_map(of).collect();
    let shown = example.shown()["application"]["webhooks"]["orders"].as_object().unwrap();
    assert_eq!(told, shown.keys().cloned().collect());
    assert_eq!(shown["old_secrets"], Value::Null);
}
