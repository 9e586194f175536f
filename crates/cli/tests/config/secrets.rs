//! Secrets: by value or by file, long and varied enough, and each another.

use domain::code::Pepper;

use crate::sandbox::{PEPPER, PHONE_KEY, Sandbox};

const OLD: [&str; 2] =
    ["a-pepper-of-the-year-before-last-0123456789", "a-pepper-of-last-year-0123456789-abcdefg"];

#[test]
fn a_secret_may_be_in_a_file_and_one_newline_at_its_end_does_not_belong_to_it() {
    for end in ["", "\n", "\r\n"] {
        let sandbox = Sandbox::new().variable("SECRETS__PEPPER", "");
        let path = sandbox.written("pepper", format!("{PEPPER}{end}").as_bytes());
        let config = sandbox.variable("SECRETS__PEPPER_FILE", path.to_str().unwrap()).loaded();
        let pepper = Pepper::new(PEPPER.as_bytes()).unwrap();
        assert_eq!(config.secrets.peppers.newest(), pepper.id(), "{end:?}");
    }
}

#[test]
fn a_value_and_a_file_are_not_set_together() {
    let sandbox = Sandbox::new();
    let path = sandbox.written("secret", PEPPER.as_bytes());
    let path = path.to_str().unwrap();
    let faults = sandbox
        .variable("SECRETS__PEPPER_FILE", path)
        .variable("SECRETS__PHONE_KEY_FILE", path)
        .variable("SECRETS__OLD_PEPPERS", OLD[0])
        .variable("SECRETS__OLD_PEPPERS_FILE", path)
        .variable("SPARROW__TOKEN", "a-token")
        .variable("SPARROW__TOKEN_FILE", path)
        .variable("SPARROW__IDENTITY", "Demo")
        .faults();
    let together = |key: &str| {
        let variable = key.to_ascii_uppercase().replace('.', "__");
        format!(
            "{key}: is set together with `{key}_file`; keep one of them (set in SPARROW_VERIFY__{variable})"
        )
    };
    let keys = ["secrets.old_peppers", "secrets.pepper", "secrets.phone_key", "sparrow.token"];
    assert_eq!(faults, keys.map(together));
}

#[test]
fn a_secret_file_that_cannot_be_read_is_told_with_its_path() {
    let sandbox = Sandbox::new().variable("SECRETS__PEPPER", "").variable("SECRETS__PHONE_KEY", "");
    let (absent, binary) = (sandbox.path("absent"), sandbox.written("binary", &[0xff; 40]));
    let faults = sandbox
        .variable("SECRETS__PEPPER_FILE", absent.to_str().unwrap())
        .variable("SECRETS__PHONE_KEY_FILE", binary.to_str().unwrap())
        .faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(
        faults[0].starts_with("secrets.pepper_file: names absent, which cannot be read: "),
        "{faults:#?}"
    );
    assert!(
        faults[1].starts_with("secrets.phone_key_file: names binary, which is not UTF-8 text"),
        "{faults:#?}"
    );
}

#[test]
fn a_weak_secret_is_refused_without_being_told() {
    let long = "x".repeat(64);
    let lines = format!("{PEPPER}\n{PHONE_KEY}");
    let rows = [
        ("too-short-a-secret", "has 18 bytes; it must have at least 32"),
        (long.as_str(), "is easy to guess; it must have at least 10 different characters"),
        ("********", "is the mask that stands for a secret"),
        (lines.as_str(), "has several lines; it must be one line"),
    ];
    for (secret, expected) in rows {
        let fault = Sandbox::new().variable("SECRETS__PEPPER", secret).fault();
        assert!(fault.starts_with(&format!("secrets.pepper: {expected}")), "{fault}");
        assert!(!fault.contains(secret), "{fault}");
    }
}

#[test]
fn a_secret_is_text() {
    let fault = Sandbox::new()
        .variable("SECRETS__PEPPER", "")
        .file("verify.toml", "secrets.pepper = 1234567890123456789")
        .fault();
    assert_eq!(fault, "secrets.pepper: must be text in quotes (set in verify.toml)");
}

#[test]
fn each_secret_is_another() {
    let fault = Sandbox::new().variable("SECRETS__PHONE_KEY", PEPPER).fault();
    assert!(fault.starts_with("secrets.phone_key: is the same as `secrets.pepper`"), "{fault}");
    let old = [OLD[0], PEPPER, PHONE_KEY].join(",");
    let faults = Sandbox::new().variable("SECRETS__OLD_PEPPERS", &old).faults();
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults[0].starts_with("secrets.old_peppers: entry 2 is the pepper in force"), "{faults:#?}");
    assert!(faults[1].starts_with("secrets.old_peppers: entry 3 is the phone key"), "{faults:#?}");
}

#[test]
fn peppers_of_the_past_still_check() {
    let sandbox = Sandbox::new();
    let lines = sandbox.written("old", format!("{}\n\n{}\r\n", OLD[0], OLD[1]).as_bytes());
    let ways = [
        Sandbox::new().file(
            "verify.json",
            &format!(r#"{{"secrets": {{"old_peppers": ["{}", "{}"]}}}}"#, OLD[0], OLD[1]),
        ),
        Sandbox::new().variable("SECRETS__OLD_PEPPERS", &OLD.join(", ")),
        sandbox.variable("SECRETS__OLD_PEPPERS_FILE", lines.to_str().unwrap()),
    ];
    for sandbox in ways {
        let peppers = sandbox.loaded().secrets.peppers;
        for old in OLD {
            assert!(peppers.knows(Pepper::new(old.as_bytes()).unwrap().id()));
        }
        assert_eq!(peppers.newest(), Pepper::new(PEPPER.as_bytes()).unwrap().id());
    }
}

#[test]
fn peppers_of_the_past_are_checked_and_bounded() {
    let fault = Sandbox::new().variable("SECRETS__OLD_PEPPERS", &format!("{},short", OLD[0])).fault();
    assert!(fault.starts_with("secrets.old_peppers: entry 2 has 5 bytes"), "{fault}");
    let many: Vec<String> = (10..27).map(|number| format!("{}-{number}", OLD[0])).collect();
    let fault = Sandbox::new().variable("SECRETS__OLD_PEPPERS", &many.join(",")).fault();
    assert!(fault.starts_with("secrets.old_peppers: must hold at most 16 peppers"), "{fault}");
}
