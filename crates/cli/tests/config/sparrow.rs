//! The account at Sparrow, and the tutorial's own file.

use std::time::Duration;

use adapters::gateway::{SparrowGateway, SparrowSettings};
use sparrow_verify::config::{Config, GatewayKind};

use crate::sandbox::Sandbox;

/// The only gateway.
fn sparrow(config: &Config) -> SparrowSettings {
    let [gateway] = config.require_gateways().unwrap() else { panic!("there is not one") };
    let GatewayKind::Sparrow(settings) = &gateway.kind else { panic!("{gateway:?}") };
    settings.clone()
}

const TUTORIAL_FILE: &str = r#"{"SPARROW_TOKEN": "a-token", "SPARROW_IDENTITY": "Demo"}"#;

#[test]
fn an_account_is_a_token_and_an_identity() {
    let config = Sandbox::new()
        .file("verify.toml", "[sparrow]\ntoken = 'a-token'\nidentity = 'Demo'\ntotal_timeout = '8s'")
        .loaded();
    let gateway = sparrow(&config);
    assert_eq!((gateway.identity.as_str(), gateway.total_timeout), ("Demo", Duration::from_secs(8)));
    // What the configuration takes, the gateway takes.
    SparrowGateway::new(gateway).unwrap();
}

#[test]
fn commands_that_send_nothing_need_no_account_and_others_hear_what_to_set() {
    let config = Sandbox::new().file("verify.toml", "sparrow.base_url = 'http://127.0.0.1:4010/v2'").loaded();
    let fault = config.require_gateways().unwrap_err().to_string();
    for name in [
        "sparrow.token",
        "sparrow.token_file",
        "sparrow.identity",
        "sparrow.config_file",
        "SPARROW_VERIFY__SPARROW__TOKEN",
        "SPARROW_VERIFY__SPARROW__TOKEN_FILE",
        "SPARROW_VERIFY__SPARROW__IDENTITY",
    ] {
        assert!(fault.contains(name), "{name}: {fault}");
    }
}

#[test]
fn half_an_account_is_a_fault() {
    let fault = Sandbox::new().variable("SPARROW__TOKEN", "a-token").fault();
    assert!(fault.starts_with("sparrow.identity: is missing, while the token is set"), "{fault}");
    let fault = Sandbox::new().variable("SPARROW__IDENTITY", "Demo").fault();
    assert!(fault.starts_with("sparrow.token: is missing, while `sparrow.identity` is set"), "{fault}");
}

#[test]
fn what_the_gateway_would_refuse_is_refused_with_its_key() {
    let rows = [
        ("TOKEN", "two words", "sparrow.token: must hold a token of 1 to 256 visible ASCII characters"),
        ("TOKEN", "********", "sparrow.token: holds the mask"),
        ("IDENTITY", " Demo", "sparrow.identity: must hold an identity of 1 to 64 bytes"),
        ("BASE_URL", "http://api.sparrowsms.com/v2", "sparrow.base_url: must be an address such as https://"),
        ("BASE_URL", "https://user:private@host/v2", "sparrow.base_url: must be an address such as https://"),
        ("CONNECT_TIMEOUT", "10s", "sparrow.connect_timeout: must be shorter than `sparrow.total_timeout`"),
        ("TOTAL_TIMEOUT", "2m", "sparrow.total_timeout: must be a duration from 1s to 1m"),
    ];
    for (name, value, expected) in rows {
        let fault = Sandbox::new()
            .variable("SERVER__REQUEST_TIMEOUT", "5m")
            .variable("SPARROW__TOKEN", "a-token")
            .variable("SPARROW__IDENTITY", "Demo")
            .variable(&format!("SPARROW__{name}"), value)
            .fault();
        assert!(fault.starts_with(expected), "{fault}");
        assert!(!fault.contains("private") && !fault.contains("two words"), "{fault}");
    }
}

#[test]
fn the_tutorials_file_is_a_configuration_file() {
    let config = Sandbox::new().file("config.json", TUTORIAL_FILE).loaded();
    assert_eq!(sparrow(&config).identity, "Demo");
    let config = Sandbox::new()
        .file("config.json", TUTORIAL_FILE)
        .file("verify.toml", "sparrow.identity = 'Other'")
        .loaded();
    assert_eq!(sparrow(&config).identity, "Other");
}

#[test]
fn the_tutorials_file_can_be_named_and_the_rest_of_it_is_djangos() {
    let sandbox = Sandbox::new();
    let path = sandbox.written(
        "config.json",
        br#"{"SECRET_KEY": "private", "server": 1, "SPARROW_TOKEN": "a-token", "SPARROW_IDENTITY": "Demo"}"#,
    );
    let config = sandbox.variable("SPARROW__CONFIG_FILE", path.to_str().unwrap()).loaded();
    assert_eq!(sparrow(&config).identity, "Demo");
}

#[test]
fn a_file_with_djangos_own_keys_is_better_named() {
    let fault = Sandbox::new()
        .file(
            "config.json",
            r#"{"SPARROW_TOKEN": "a-token", "SPARROW_IDENTITY": "Demo", "SECRET_KEY": "private"}"#,
        )
        .fault();
    assert!(
        fault.starts_with("SECRET_KEY: is unknown") && fault.contains("`sparrow.config_file`"),
        "{fault}"
    );
    assert!(!fault.contains("private"), "{fault}");
}

#[test]
fn the_named_file_must_hold_both_and_stand_alone() {
    let rows = [
        (r#"{"SPARROW_TOKEN": "a-token"}"#, "names a file without SPARROW_IDENTITY"),
        (r#"{"SPARROW_IDENTITY": "Demo", "SPARROW_TOKEN": null}"#, "names a file without SPARROW_TOKEN"),
        (
            r#"{"SPARROW_IDENTITY": "Demo", "SPARROW_TOKEN": 12345678}"#,
            "names a file whose SPARROW_TOKEN must be text",
        ),
        (r#"{"SPARROW_IDENTITY": "Demo", "SPARROW_TOKEN": ""}"#, "must hold a token"),
        ("{\n\"SPARROW_TOKEN\": \"private\" 1}", "names config.json, which is not valid JSON at line 2"),
    ];
    for (json, expected) in rows {
        let sandbox = Sandbox::new();
        let path = sandbox.written("config.json", json.as_bytes());
        let fault = sandbox.variable("SPARROW__CONFIG_FILE", path.to_str().unwrap()).fault();
        assert!(fault.starts_with(&format!("sparrow.config_file: {expected}")), "{json}: {fault}");
    }
    let sandbox = Sandbox::new().variable("SPARROW__IDENTITY", "Other");
    let path = sandbox.written("config.json", TUTORIAL_FILE.as_bytes());
    let fault = sandbox.variable("SPARROW__CONFIG_FILE", path.to_str().unwrap()).fault();
    assert!(fault.starts_with("sparrow.config_file: is set together with `sparrow.identity`"), "{fault}");
}

#[test]
fn one_file_does_not_name_the_token_twice() {
    let fault = Sandbox::new()
        .file("verify.toml", "SPARROW_TOKEN = 'a-token'\nSPARROW_IDENTITY = 'Demo'\nsparrow.token = 'other'")
        .fault();
    assert!(fault.starts_with("sparrow.token: is set twice, also as `SPARROW_TOKEN`"), "{fault}");
}
