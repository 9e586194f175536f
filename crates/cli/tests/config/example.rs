//! `docs/config.example.toml` is what the configuration is.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::sandbox::{PEPPER, PHONE_KEY, Sandbox};

const EXAMPLE: &str = include_str!("../../../../docs/config.example.toml");
const TOKEN: &str = "a-token";

/// The example, with secret files that are there.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::empty();
    let mut text = EXAMPLE.to_owned();
    for (name, secret) in [("pepper", PEPPER), ("phone-key", PHONE_KEY), ("sparrow-token", TOKEN)] {
        let path = sandbox.written(name, format!("{secret}\n").as_bytes());
        let before = format!("\"/etc/sparrow-verify/{name}\"");
        assert!(text.contains(&before), "{name}");
        text = text.replace(&before, &format!("{:?}", path.to_str().unwrap()));
    }
    sandbox.file("config.example.toml", &text)
}

#[test]
fn the_example_loads_and_sets_every_default_to_itself() {
    let example = sandbox();
    let path = |name| example.path(name).to_str().unwrap().to_owned();
    let required = Sandbox::empty()
        .variable("SECRETS__PEPPER_FILE", &path("pepper"))
        .variable("SECRETS__PHONE_KEY_FILE", &path("phone-key"))
        .variable("SPARROW__TOKEN_FILE", &path("sparrow-token"))
        .variable("SPARROW__IDENTITY", "Demo")
        .variable("APPLICATION__NAME", "Sparrow Demo");
    assert_eq!(example.loaded().shown(), required.loaded().shown());
}

#[test]
fn the_example_has_every_key_once_with_a_comment_of_one_line() {
    let mut keys = BTreeSet::new();
    let mut section = "";
    let mut previous = "";
    for line in EXAMPLE.lines() {
        let setting = line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((name, _)) = setting.split_once(" = ").filter(|_| !line.starts_with("# ")) {
            assert!(previous.starts_with("# "), "{line} has no comment");
            assert!(keys.insert(format!("{section}.{name}")), "{line} is there twice");
        }
        previous = line;
    }
    let mut known = BTreeSet::new();
    leaves("", sandbox().loaded().shown(), &mut known);
    assert_eq!(keys, known);
}

fn leaves(prefix: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(section) => {
            for (name, value) in section {
                let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                leaves(&key, value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            found.insert(prefix.to_owned());
        }
    }
}
