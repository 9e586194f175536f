//! `app-hash`.

use serde_json::json;

use crate::shell::{Ended, Shell};

/// Two certificates; its words say how they and their hashes were made.
const PEM: &[u8] = include_bytes!("../fixtures/signing-certificates.pem");
const HASHES: [&str; 2] = ["979E7A63brm", "W78ysKrfD4m"];
const SECOND: &str =
    "67:96:05:A4:C8:E4:13:86:04:64:D5:8A:36:54:AD:04:5E:A1:6F:74:E4:9E:FF:AF:57:54:F7:C4:6F:14:0B:BC";

fn app_hash(rest: &[&str], input: &[u8]) -> Ended {
    let command = ["app-hash", "--package", "com.example.app"];
    // It needs no configuration: this one does not load.
    Shell::with("[nothing]").fed(&[&command, rest].concat(), input)
}

#[test]
fn each_certificate_gets_a_line() {
    let told = app_hash(&["--certificate", "-"], PEM);
    assert_eq!(told.code, 0, "{}", told.error);
    let lines: Vec<_> =
        told.out.lines().filter(|line| HASHES.iter().any(|hash| line.contains(hash))).collect();
    assert_eq!(lines.len(), 2, "{}", told.out);
    let json = app_hash(&["--certificate", "-", "--json"], PEM).json();
    let hashes: Vec<_> =
        json["items"].as_array().unwrap().iter().map(|item| item["app_hash"].clone()).collect();
    assert_eq!(hashes, HASHES);
}

#[test]
fn a_fingerprint_says_which_certificate_and_does_not_stand_for_one() {
    for fingerprint in [SECOND.to_owned(), SECOND.replace(':', "").to_lowercase()] {
        let json = app_hash(&["--certificate", "-", "--fingerprint", &fingerprint, "--json"], PEM).json();
        let second = json!({ "app_hash": HASHES[1], "certificate_sha256": SECOND });
        assert_eq!(json["items"], json!([second]));
        for refused in [
            app_hash(&["--fingerprint", &fingerprint], b""),
            app_hash(&["--certificate", &fingerprint], b""),
            app_hash(&["--certificate", "-"], fingerprint.as_bytes()),
        ] {
            assert_eq!(refused.code, 2);
            assert!(refused.error.contains("keytool -exportcert -rfc"), "{}", refused.error);
            assert!(refused.error.contains("hash of the certificate"), "{}", refused.error);
        }
    }
    let other = app_hash(&["--certificate", "-", "--fingerprint", &SECOND.replace("67", "68")], PEM);
    assert_eq!((other.code, other.out.as_str()), (3, ""));
    assert_eq!(app_hash(&["--certificate", "-", "--fingerprint", "AB:CD"], PEM).code, 2);
}

#[test]
fn a_keystore_is_called_one_with_the_command_that_exports_its_certificate() {
    let shell = Shell::with("");
    let pfx = [0x30, 0x82, 0x08, 0x00, 0x02, 0x01, 0x03, 0x30, 0x82, 0x07, 0xf0, 0x06];
    let jks = [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1];
    for (name, content, kind) in [("release.p12", pfx, "PKCS #12"), ("release.jks", jks, "JKS")] {
        let file = shell.written(name, &content);
        let refused = app_hash(&["--certificate", file.to_str().unwrap()], b"");
        assert_eq!((refused.code, refused.out.as_str()), (2, ""));
        let said = format!("{name} is a keystore ({kind})");
        let command = "`keytool -exportcert -rfc -keystore KEYSTORE -alias ALIAS > cert.pem`";
        assert!(refused.error.contains(&said) && refused.error.contains(command), "{}", refused.error);
    }
}

#[test]
fn what_holds_no_certificate_ends_as_wrong_use() {
    let shell = Shell::with("");
    let empty = shell.written("empty.pem", b"");
    for file in [empty.to_str().unwrap(), "-"] {
        let refused = app_hash(&["--certificate", file], b"no certificate");
        assert_eq!(refused.code, 2);
        assert!(refused.error.contains("holds no certificate in PEM, DER or hex"), "{}", refused.error);
    }
    assert_eq!(app_hash(&["--certificate", "nowhere.pem"], b"").code, 1);
    assert_eq!(app_hash(&[], b"").code, 2);
    let package = shell.fed(&["app-hash", "--package", "example", "--certificate", "-"], PEM);
    assert_eq!(package.code, 2);
    assert!(package.error.contains("--package: a package name has parts"), "{}", package.error);
}
