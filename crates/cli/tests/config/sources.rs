//! Files and variables: which are read, which of them wins, and what is wrong with them.

use std::time::Duration;

use domain::limit::Limit;
use sparrow_verify::config::{DatabaseConfig, LogFormat};

use crate::sandbox::{Sandbox, faults_of};

#[test]
fn without_a_file_the_defaults_are_those_of_the_domain() {
    let config = Sandbox::new().loaded();
    assert_eq!(config.application.policy, domain::policy::Policy::default());
    assert_eq!(config.retention, domain::use_cases::Retention::default());
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert!(config.gateways.is_empty() && config.routes.is_empty());
}

#[test]
fn a_later_file_wins_and_a_variable_wins_over_all_files() {
    let sandbox = Sandbox::new()
        .file("first.toml", "[server]\nlisten = '127.0.0.1:1'\nlog_format = 'json'\nconnections_max = 1")
        .file("second.json", r#"{"server": {"listen": "127.0.0.1:2", "connections_max": 2}}"#)
        .variable("SERVER__LISTEN", "127.0.0.1:3");
    let server = sandbox.loaded().server;
    assert_eq!((server.listen.port(), server.connections_max), (3, 2));
    assert_eq!(server.log_format, LogFormat::Json);
}

#[test]
fn a_null_takes_back_what_an_earlier_file_set_and_an_empty_variable_sets_nothing() {
    let sandbox = Sandbox::new()
        .file("first.toml", "[server]\nconnections_max = 7\nlisten = '127.0.0.1:1'")
        .file("second.json", r#"{"server": {"connections_max": null}}"#)
        .variable("SERVER__LISTEN", "");
    let server = sandbox.loaded().server;
    assert_eq!((server.connections_max, server.listen.port()), (512, 1));
}

#[test]
fn every_kind_of_setting_can_be_a_variable() {
    let config = Sandbox::new()
        .variable("APPLICATION__POLICY__LIMITS__SENDS_PER_PHONE", "5/10m, 20/24h")
        .variable("APPLICATION__POLICY__COOLDOWNS", "30,90s,5m")
        .variable("APPLICATION__POLICY__CODE_LENGTH", "8")
        .variable("APPLICATION__RETRIEVER_PREFIX", "true")
        .variable("APPLICATION__NAME", "Demo")
        .variable("APPLICATION__ORIGINS", "https://example.com")
        .variable("PHONE__COUNTRIES", "NP,in")
        .variable("DATABASE__BUSY_TIMEOUT", "7")
        .loaded();
    let policy = config.application.policy;
    let limit = |max, minutes| Limit { max, window: Duration::from_mins(minutes) };
    assert_eq!(policy.limits.sends_per_phone, [limit(5, 10), limit(20, 24 * 60)]);
    assert_eq!(policy.cooldowns, [30, 90, 300].map(Duration::from_secs));
    assert_eq!(policy.code_length.digits(), 8);
    assert_eq!(config.application.origins[0].as_str(), "https://example.com");
    assert_eq!(config.phone.countries.len(), 2);
    let DatabaseConfig::Sqlite(database) = &config.database else { panic!("{:?}", config.database) };
    assert_eq!(database.busy_timeout, Duration::from_secs(7));
}

#[test]
fn an_empty_list_of_limits_is_no_limit() {
    let config =
        Sandbox::new().file("verify.toml", "application.policy.limits.sends_per_account = []").loaded();
    assert!(config.application.policy.limits.sends_per_account.is_empty());
}

#[test]
fn variables_of_others_are_not_looked_at() {
    let mut sandbox = Sandbox::new();
    for name in ["PATH", "SPARROW_TOKEN", "SPARROW_VERIFY_CONFIG"] {
        sandbox.sources.environment.insert(name.to_owned(), "anything".to_owned());
    }
    sandbox.loaded();
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_name() {
    let faults = Sandbox::new()
        .variable("SERVER__LISEN", "127.0.0.1:1")
        .variable("SERVER_LOG_FORMAT", "json")
        .variable("SERVER", "127.0.0.1:1")
        .variable("Server__Listen", "127.0.0.1:1")
        .faults();
    assert_eq!(faults.len(), 4, "{faults:#?}");
    assert!(
        faults[0]
            .starts_with("SPARROW_VERIFY__SERVER: is a section; it has `SPARROW_VERIFY__SERVER__CONNECT")
    );
    assert_eq!(
        faults[1],
        "SPARROW_VERIFY__SERVER_LOG_FORMAT: is unknown; did you mean `SPARROW_VERIFY__SERVER__LOG_FORMAT`?"
    );
    assert_eq!(
        faults[2],
        "SPARROW_VERIFY__SERVER__LISEN: is unknown; did you mean `SPARROW_VERIFY__SERVER__LISTEN`?"
    );
    assert!(
        faults[3].starts_with("SPARROW_VERIFY__Server__Listen: must be written in capitals"),
        "{faults:#?}"
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_name() {
    let faults = faults_of(
        "'server.listen' = '127.0.0.1:1'\nsever.listen = '127.0.0.1:1'\npolicy.lifetime = '5m'\n[server]\ntls = true\n\
         [phone.extra]\n[elsewhere]",
    );
    assert_eq!(
        faults,
        [
            "\"server.listen\": is unknown; did you mean `server.listen`? (set in verify.toml)",
            "elsewhere: is unknown; the sections are `application`, `auth`, `counters`, `database`, `delivery`, `metrics`, `phone`, `retention`, \
             `secrets`, `server`, `sparrow` (set in verify.toml)",
            "phone.extra: is unknown; `phone` has `phone.accept_defunct_operators`, `phone.countries` (set in \
             verify.toml)",
            "policy.lifetime: is unknown; did you mean `application.policy.lifetime`? (set in verify.toml)",
            "server.tls: is unknown; `server` has `server.connections_max`, `server.listen`, `server.log_format`, \
             `server.log_level`, `server.public_url`, `server.request_timeout`, `server.shutdown_grace` (set in verify.toml)",
            "sever.listen: is unknown; did you mean `server.listen`? (set in verify.toml)",
        ]
    );
}

#[test]
fn a_section_is_not_a_setting_and_an_empty_one_is_nothing() {
    let fault = faults_of("database = 'sqlite:x.db'\n[server]\n[application.policy]").concat();
    assert!(fault.starts_with("database: is a section; it has `database.acquire_timeout`, "), "{fault}");
}

#[test]
fn a_syntax_error_is_told_by_its_line_and_not_by_its_content() {
    for (name, text) in [
        ("verify.toml", "[sparrow]\n\ntoken = private = 1"),
        ("verify.json", "{\"sparrow\":\n\n{\"token\": \"private\" \"\"}}"),
        ("verify.toml", "[sparrow]\nidentity = 'private'\ntoken = \"private"),
    ] {
        let fault = Sandbox::new().file(name, text).fault();
        let format = if name.ends_with("toml") { "TOML" } else { "JSON" };
        assert_eq!(fault, format!("{name}: is not valid {format} at line 3"));
    }
}

#[test]
fn what_a_format_cannot_hold_is_told_without_its_content() {
    for (name, text) in [
        ("verify.json", "\"private\""),
        ("verify.json", "[1]"),
        ("verify.toml", "sparrow.token = 99999999999999999999"),
    ] {
        let fault = Sandbox::new().file(name, text).fault();
        assert!(fault.starts_with(&format!("{name}: is not valid ")), "{fault}");
        assert!(!fault.contains("private") && !fault.contains("9999"), "{fault}");
    }
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other_fault_and_feigns_none() {
    let mut sandbox = Sandbox::empty()
        .file("large.toml", &"#".repeat(1024 * 1024 + 1))
        .file("verify.yaml", "")
        .variable("SERVER__LISTEN", "nowhere");
    sandbox.sources.files.push(sandbox.path("absent.toml"));
    sandbox.sources.files.push(sandbox.written("binary.toml", b"\xff\xfe"));
    let faults = sandbox.faults();
    // Nothing is missing yet: it may be in the files that could not be read.
    assert_eq!(faults.len(), 5, "{faults:#?}");
    assert!(faults[0].starts_with("absent.toml: cannot be read: "), "{faults:#?}");
    assert_eq!(faults[1], "binary.toml: is not UTF-8 text");
    assert_eq!(faults[2], "large.toml: is larger than 1 MiB");
    assert_eq!(faults[3], "verify.yaml: must end in .toml or .json");
    assert!(faults[4].starts_with("server.listen: must be an IP address and a port"), "{faults:#?}");
}

#[test]
fn a_file_of_one_mebibyte_is_read() {
    Sandbox::new().file("large.toml", &"#".repeat(1024 * 1024)).loaded();
}
