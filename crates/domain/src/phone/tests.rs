//! The test vectors, the table of spellings that was agreed on, and the laws of phones.

use std::sync::Arc;

use super::{Country, NumberingPlan, Operator, Phone, PhoneFault, PhoneParser};

mod laws;
mod spellings;

fn check(input: &str, then: Result<&str, PhoneFault>) {
    let phone = PhoneParser::nepal().parse(input).map(Phone::e164);
    assert_eq!(phone.as_deref().map_err(|fault| *fault), then, "{input:?}");
}

#[test]
fn every_vector_holds() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/np_phone.json")).expect("the vectors are JSON");
    let vectors = vectors.as_array().expect("the vectors are a list");
    assert!(vectors.len() >= 87, "the list was cut");
    for vector in vectors {
        let text = |field: &str| vector.get(field).and_then(serde_json::Value::as_str);
        let input = text("input").expect("a vector has an input");
        let phone = PhoneParser::nepal().parse(input);
        let subscriber = phone.ok().and_then(Phone::nepal_subscriber);
        let operator = phone.ok().and_then(Phone::operator).map(Operator::name);
        assert_eq!(phone.ok().map(Phone::e164).as_deref(), text("e164"), "{input:?}");
        assert_eq!(subscriber.as_deref(), text("sparrow_to"), "{input:?}");
        assert_eq!(operator, text("operator"), "{input:?}");
        assert_eq!(phone.err().map(PhoneFault::kind), text("error"), "{input:?}");
    }
}

#[test]
fn numbers_of_a_defunct_operator_are_taken_on_demand() {
    let parser = PhoneParser::nepal().accept_defunct_operators();
    for national in ["9611234567", "9621234567", "9881234567"] {
        check(national, Err(PhoneFault::DefunctOperator));
        let phone = parser.parse(national).unwrap();
        assert_eq!(phone.operator(), Some(Operator::Smart));
        assert_eq!(phone.nepal_subscriber().as_deref(), Some(national));
    }
    assert_eq!(parser.parse("9871234567"), Err(PhoneFault::UnallocatedPrefix));
}

#[test]
fn a_stored_phone_is_loaded_by_its_shape_alone() {
    // 961 is refused at the door, but a row that was written before the operator closed must still be readable.
    assert_eq!(Phone::from_digits(9_779_611_234_567).and_then(Phone::operator), Some(Operator::Smart));
    assert_eq!(Phone::from_digits(12_345_678).map(Phone::digits), Some(12_345_678));
    assert_eq!(Phone::from_digits(999_999_999_999_999).map(Phone::e164).as_deref(), Some("+999999999999999"));
    for digits in [0, 1, 9_999_999, 1_000_000_000_000_000, u64::MAX] {
        assert_eq!(Phone::from_digits(digits), None);
    }
}

#[test]
fn a_mask_shows_five_digits_and_two() {
    let phone = PhoneParser::nepal().parse("9841234567").unwrap();
    assert_eq!(phone.masked(), "+97798•••••67");
    assert_eq!(format!("{phone:?}"), "+97798•••••67");
    assert_eq!(phone.prefix(), 977_984_123);
}

#[test]
fn the_mask_of_a_short_number_hides_four_digits() {
    let masked = |digits| Phone::from_digits(digits).unwrap().masked();
    assert_eq!(masked(14_155_552_671), "+14155•••••71");
    assert_eq!(masked(6_581_234_567), "+6581•••••67");
    assert_eq!(masked(12_345_678), "+12•••••78");
}

/// Knows one mobile and one fixed number per country, by its first digits.
#[derive(Debug)]
struct ScriptedPlan;

impl NumberingPlan for ScriptedPlan {
    fn begins_with_code_of(&self, country: Country, digits: u64) -> bool {
        let code = match country.as_str() {
            "IN" => "91",
            "BD" => "880",
            other => panic!("{other} has no code here"),
        };
        digits.to_string().starts_with(code)
    }

    fn country_of_mobile(&self, e164_digits: u64) -> Result<Country, PhoneFault> {
        match e164_digits {
            919_876_543_210 => Ok(Country::parse("IN").unwrap()),
            8_801_712_345_678 => Ok(Country::parse("BD").unwrap()),
            911_123_456_789 => Err(PhoneFault::NotMobile),
            _ => Err(PhoneFault::WrongLength),
        }
    }
}

fn parser(countries: &[&str], plan: bool) -> PhoneParser {
    let plan: Option<Arc<dyn NumberingPlan>> = if plan { Some(Arc::new(ScriptedPlan)) } else { None };
    PhoneParser::new(countries.iter().map(|code| Country::parse(code).unwrap()), plan)
}

#[test]
fn a_country_on_the_list_is_asked_of_the_plan() {
    let parser = parser(&["NP", "IN"], true);
    for spelling in ["+919876543210", "00919876543210", "+91 98765-43210", "＋९१ ९८७६५ ४३२१०"]
    {
        let phone = parser.parse(spelling).unwrap();
        assert_eq!(phone.e164(), "+919876543210");
        assert_eq!((phone.nepal_subscriber(), phone.operator()), (None, None));
    }
    assert_eq!(parser.parse("+91 11 2345 6789"), Err(PhoneFault::NotMobile));
    assert_eq!(parser.parse("9841234567").map(Phone::e164).as_deref(), Ok("+9779841234567"));
}

#[test]
fn a_country_off_the_list_is_refused_though_the_plan_knows_it() {
    assert_eq!(parser(&["NP", "IN"], true).parse("+8801712345678"), Err(PhoneFault::UnsupportedCountry));
    assert_eq!(parser(&["NP"], true).parse("+919876543210"), Err(PhoneFault::UnsupportedCountry));
    assert_eq!(parser(&[], true).parse("+919876543210"), Err(PhoneFault::UnsupportedCountry));
}

#[test]
fn a_bad_number_of_a_country_off_the_list_is_refused_for_its_country() {
    let parser = parser(&["NP", "BD"], true);
    for input in
        ["+911123456789", "+91", "+9", "00", "+9841234567", "009841234567", &format!("+91{}", "9".repeat(60))]
    {
        assert_eq!(parser.parse(input), Err(PhoneFault::UnsupportedCountry), "{input}");
    }
    assert_eq!(parser.parse("+880"), Err(PhoneFault::WrongLength));
}

#[test]
fn without_a_plan_only_nepal_is_served() {
    let parser = parser(&["NP", "IN"], false);
    assert_eq!(parser.parse("+919876543210"), Err(PhoneFault::UnsupportedCountry));
    assert!(parser.parse("9841234567").is_ok());
}

#[test]
fn without_nepal_on_the_list_no_number_is_national() {
    let parser = parser(&["IN"], true);
    for input in
        ["9841234567", "9779841234567", "+9779841234567", "009779841234567", "100", "9876543210", "12"]
    {
        assert_eq!(parser.parse(input), Err(PhoneFault::UnsupportedCountry), "{input}");
    }
    assert!(parser.parse("+919876543210").is_ok());
}

#[test]
fn what_cannot_be_e164_never_reaches_the_plan() {
    let parser = parser(&["IN"], true);
    assert_eq!(parser.parse("+0919876543210"), Err(PhoneFault::UnsupportedCountry));
    assert_eq!(parser.parse("+9198765"), Err(PhoneFault::WrongLength));
    assert_eq!(parser.parse("+9198765432101234"), Err(PhoneFault::WrongLength));
    assert_eq!(parser.parse(&format!("+91{}", "9".repeat(60))), Err(PhoneFault::WrongLength));
}
