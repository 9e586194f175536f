//! `[application.test_numbers.<name>]`.

use domain::code::SubmittedCode;
use serde_json::json;
use sparrow_verify::wiring;

use crate::sandbox::{Sandbox, faults_of};

const GOOD: &str =
    "[application.test_numbers.review]\nphone = '+9779830000000'\ncode = '246810'\nexpires = '2027-01-31'\n";

#[test]
fn a_test_number_is_read_and_its_code_is_shown_to_nobody() {
    let config = Sandbox::new().file("verify.toml", GOOD).loaded();
    let [test] = &*config.application.test_numbers else { panic!("{:?}", config.application.test_numbers) };
    assert_eq!(test.phone.digits(), 9_779_830_000_000);
    assert!(test.code.is(&SubmittedCode::parse("246810").unwrap()) && !test.allocated);
    assert_eq!(test.expires_at.to_string(), "2027-02-01T00:00:00Z");
    let shown = &config.shown()["application"]["test_numbers"]["review"];
    assert_eq!(
        *shown,
        json!({"phone": "+97798•••••00", "code": "********", "code_file": null, "expires": "2027-01-31", "force": false})
    );
    assert!(!format!("{config:?} {}", config.shown()).contains("246810"));
}

#[test]
fn the_service_reads_a_test_number_in_every_spelling_and_no_other_of_its_range() {
    let phones = wiring::phones(&Sandbox::new().file("verify.toml", GOOD).loaded());
    for text in ["+9779830000000", "9830000000", "0983-000 0000", "009779830000000", "९८३००००००० "]
    {
        assert_eq!(phones.parse(text).unwrap().digits(), 9_779_830_000_000, "{text}");
    }
    for text in ["9830000001", "+977983000000", "+97798300000000", "830000000"] {
        assert!(phones.parse(text).is_err(), "{text}");
    }
    let abroad = GOOD.replace("+9779830000000", "+10005550006");
    let phones = wiring::phones(&Sandbox::new().file("verify.toml", &abroad).loaded());
    assert!(phones.parse("+1 000 555 0006").is_ok() && phones.parse("+1 000 555 0007").is_err());
}

#[test]
fn a_phone_that_somebody_may_have_is_refused_unless_it_is_forced() {
    for phone in ["+9779841234567", "+9779611234567", "+14155552671"] {
        let text = GOOD.replace("+9779830000000", phone);
        let faults = faults_of(&text);
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(
            faults[0].starts_with("application.test_numbers.review.phone: may be somebody's"),
            "{faults:#?}"
        );
        assert!(!faults[0].contains(phone), "{faults:#?}");
        let config = Sandbox::new().file("verify.toml", &format!("{text}force = true\n")).loaded();
        assert!(config.application.test_numbers[0].allocated);
    }
}

#[test]
fn what_is_wrong_is_told_by_its_key() {
    let faults = faults_of(
        "[application.test_numbers.Big]\nphone = '1'\n[application.test_numbers.a]\n[application.test_numbers.b]\n\
         phone = '9830000000'\ncode = '12345'\nexpires = 'soon'\nforce = 'x'\n",
    );
    let begins = [
        "application.test_numbers.Big: is no name",
        "application.test_numbers.a.code: is missing",
        "application.test_numbers.a.expires: is missing",
        "application.test_numbers.a.phone: is missing",
        "application.test_numbers.b.code: must be 6 to 10 digits",
        "application.test_numbers.b.expires: must be a day (UTC)",
        "application.test_numbers.b.force: must be true or false",
        "application.test_numbers.b.phone: must be a number with its country code",
    ];
    let found: Vec<_> = faults.iter().map(String::as_str).collect();
    assert_eq!(found.len(), begins.len(), "{faults:#?}");
    for begin in begins {
        assert!(found.iter().any(|fault| fault.starts_with(begin)), "{begin}: {faults:#?}");
    }
    assert!(!faults.concat().contains("12345"));
    let twice = format!("{GOOD}{}", GOOD.replace("review", "other"));
    let faults = faults_of(&twice);
    assert!(faults.len() == 1 && faults[0].contains("is that of another test number"), "{faults:#?}");
}
