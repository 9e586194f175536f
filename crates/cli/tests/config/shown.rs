//! What `config show` shows: everything but secrets.

use proptest::prelude::*;
use serde_json::{Value, json};
use sparrow_verify::config::load;

use crate::sandbox::{PEPPER, PHONE_KEY, Sandbox};

#[test]
fn the_effective_configuration_has_every_key_and_masks_secrets() {
    let config = Sandbox::new()
        .file("verify.toml", "sparrow.token = 'a-token'\nsparrow.identity = 'Demo'")
        .variable("APPLICATION__POLICY__LIFETIME", "300")
        .loaded();
    let shown = config.shown();
    assert_eq!(shown["server"]["listen"], json!("127.0.0.1:8080"));
    assert_eq!(shown["application"]["policy"]["lifetime"], json!("5m"));
    assert_eq!(shown["application"]["policy"]["limits"]["sends_per_phone"], json!(["5/10m", "10/24h"]));
    assert_eq!(shown["sparrow"]["token"], json!("********"));
    assert_eq!(shown["sparrow"]["token_file"], Value::Null);
    assert_eq!(shown["secrets"]["pepper"], json!("********"));
    assert_eq!(shown["secrets"]["old_peppers"], Value::Null);
    let printed = format!("{shown} {config:?}");
    for secret in ["a-token", PEPPER, PHONE_KEY] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn what_is_shown_can_be_loaded_once_the_masks_are_filled_in() {
    let shown = Sandbox::new()
        .file(
            "verify.toml",
            "sparrow.token = 'a-token'\nsparrow.identity = 'Demo'\nphone.countries = ['NP', 'IN']",
        )
        .loaded()
        .shown()
        .clone();
    let mut filled = shown.clone();
    filled["sparrow"]["token"] = json!("a-token");
    filled["secrets"]["pepper"] = json!(PEPPER);
    filled["secrets"]["phone_key"] = json!(PHONE_KEY);
    let again = Sandbox::empty().file("shown.json", &filled.to_string()).loaded();
    assert_eq!(*again.shown(), shown);
    // As it is, the masks are refused, and nothing else.
    let faults = Sandbox::empty().file("shown.json", &shown.to_string()).faults();
    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(faults.iter().all(|fault| fault.contains("the mask")), "{faults:#?}");
}

proptest! {
    #[test]
    fn no_secret_is_printed_whatever_is_wrong(
        secret in "[A-Za-z0-9]{12,40}",
        key in prop::sample::select(vec![
            "SPARROW__TOKEN", "SECRETS__PEPPER", "SECRETS__PHONE_KEY", "SECRETS__OLD_PEPPERS",
            "APPLICATION__JWT__SECRET", "APPLICATION__JWT__JWKS_URL",
            "GATEWAYS__A__TOKEN", "GATEWAYS__A__SECRET", "GATEWAYS__A__SECRETS__API", "GATEWAYS__A__BEARER",
            "GATEWAYS__A__BASIC_AUTH_PASSWORD", "GATEWAYS__A__SIGN_SECRET", "GATEWAYS__A__URL", "GATEWAYS__A__JSON",
            // A secret in a wrong place stays one.
            "GATEWAYS__A__KIND", "GATEWAYS__A__METHOD", "GATEWAYS__A__CALLS_MAX", "GATEWAYS__A__HEADERS",
            "ROUTES__0__GATEWAY", "ROUTES__0__PREFIXES", "DELIVERY__DEADLINE",
            "DATABASE__URL", "SPARROW__BASE_URL", "COUNTERS__URL", "SERVER__LISTEN", "SPARROW__TOKENS",
            "APPLICATION__POLICY__LIFETIME", "APPLICATION__APP_HASHES", "PHONE__COUNTRIES",
        ]),
        around in prop::sample::select(vec![("", ""), ("postgres://user:", "@host/x"), ("", " "), ("https://u:", "@h/")]),
        in_file in any::<bool>(),
        with_identity in any::<bool>(),
    ) {
        let value = format!("{}{secret}{}", around.0, around.1);
        let mut sandbox = Sandbox::new();
        if with_identity {
            sandbox = sandbox.variable("SPARROW__IDENTITY", "Demo");
        }
        if key.starts_with("GATEWAYS") {
            sandbox = sandbox.variable("GATEWAYS__A__KIND", if with_identity { "sparrow" } else { "http" });
        }
        sandbox = if in_file {
            sandbox.sources.environment.remove(&format!("SPARROW_VERIFY__{key}"));
            let key = key.to_ascii_lowercase().replace("__", ".");
            let value = if key.ends_with('s') { format!("[\"{value}\"]") } else { format!("\"{value}\"") };
            sandbox.file("verify.toml", &format!("{key} = {value}"))
        } else {
            sandbox.variable(key, &value)
        };
        let printed = match load(&sandbox.sources) {
            Ok(config) => format!("{config:?} {}", config.shown()),
            Err(faults) => format!("{faults:?} {faults}"),
        };
        prop_assert!(!printed.contains(&secret), "{printed}");
        let sources = format!("{:?}", sandbox.sources);
        prop_assert!(!sources.contains(&secret), "{sources}");
    }

    #[test]
    fn no_line_of_a_broken_file_is_printed(secret in "[a-z]{12,40}", break_at in 0_usize..200) {
        let text = format!("[sparrow]\ntoken = \"{secret}\"\nidentity = \"{secret}\"\nbase_url = \"{secret}\"\n");
        let break_at = break_at.min(text.len());
        let broken = format!("{}\u{0}=\"{}", &text[..break_at], &text[break_at..]);
        for name in ["verify.toml", "verify.json"] {
            let sandbox = Sandbox::new().file(name, &broken);
            if let Err(faults) = load(&sandbox.sources) {
                let printed = format!("{faults:?} {faults}");
                prop_assert!(!printed.contains(&secret), "{printed}");
            }
        }
    }
}
