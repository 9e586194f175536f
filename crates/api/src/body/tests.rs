//! What bodies are read as.

use super::*;

const FIELDS: &[Field] = &[required("phone"), optional("locale")];

fn faults(json: &str) -> Vec<(String, String)> {
    let problem = read(json.as_bytes(), Encoding::Json, FIELDS).err().unwrap();
    problem
        .document()
        .errors
        .iter()
        .flatten()
        .map(|error| (error.pointer.clone(), error.detail.clone()))
        .collect()
}

#[test]
fn every_fault_of_a_body_is_told_at_once() {
    let told = faults(r#"{"phone": 9841234567, "locale": null, "a/b": 1, "locale": "ne", "locale": "en"}"#);
    let pointers: Vec<_> = told.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["#/phone", "#/locale", "#/a~1b", "#/locale"]);
    assert_eq!(faults("{}"), [("#/phone".to_owned(), "is missing".to_owned())]);
}

#[test]
fn a_number_is_a_whole_one_and_no_string() {
    const DAYS: &[Field] = &[optional_number("days")];
    let read = |json: &str| read(json.as_bytes(), Encoding::Json, DAYS);
    for (json, days) in
        [("{}", None), (r#"{"days": 0}"#, Some(0)), (r#"{"days": 4294967295}"#, Some(u32::MAX))]
    {
        assert_eq!(read(json).unwrap().optional_number("days"), days, "{json}");
    }
    for value in ["\"7\"", "-1", "1.5", "1e2", "4294967296", "99999999999999999999", "null", "true", "[7]"] {
        let problem = read(&format!(r#"{{"days": {value}}}"#)).err().unwrap();
        let errors = problem.document().errors.clone().unwrap();
        assert_eq!((errors.len(), errors[0].detail.as_str()), (1, "must be a whole number"), "{value}");
    }
}

#[test]
fn what_is_no_object_is_malformed() {
    for json in ["", "[]", "null", "\"x\"", "{", "{\"phone\": \"9841234567\"", "nonsense", "{}{}"] {
        let problem = read(json.as_bytes(), Encoding::Json, FIELDS).err().unwrap();
        assert_eq!(problem.slug(), Slug::BodyMalformed, "{json}");
    }
}

#[test]
fn a_form_is_read_like_an_object() {
    let mut values = read(b"phone=%2B9779841234567&locale=ne", Encoding::Form, FIELDS).unwrap();
    assert_eq!(values.required("phone"), "+9779841234567");
    assert_eq!(values.optional("locale").as_deref(), Some("ne"));
    assert!(read(b"phone=1&phone=2", Encoding::Form, FIELDS).is_err());
}

#[test]
fn bodies_that_mean_the_same_have_one_form() {
    let form = |text: &str| String::from_utf8(canonical(text.as_bytes())).unwrap();
    let spelled = "{ \"phone\" : \"98\\u0034\",\n\t\"a\": {\"z\": 1, \"b\": [2, {\"y\": 3, \"x\": 4}]} }";
    assert_eq!(form(spelled), r#"{"a":{"b":[2,{"x":4,"y":3}],"z":1},"phone":"984"}"#);
    assert_eq!(form(&form(spelled)), form(spelled));
    for (left, right) in [
        (r#"{"a":"1"}"#, r#"{"a":1}"#),
        (r#"{"a":"1"}"#, r#"{"a":"1","a":"1"}"#),
        (r#"{"a":["1","2"]}"#, r#"{"a":["2","1"]}"#),
        (r#"{"a":"x,y"}"#, r#"{"a":"x","y":""}"#),
        ("a=1&b=2", "b=2&a=1"),
        ("", "{}"),
    ] {
        assert_ne!(form(left), form(right), "{left} {right}");
    }
}

#[test]
fn content_types_are_compared_without_parameters() {
    assert_eq!(encoding(Some("Application/JSON; charset=utf-8"), false), Some(Encoding::Json));
    assert_eq!(encoding(Some("application/x-www-form-urlencoded"), false), None);
    assert_eq!(encoding(Some("application/x-www-form-urlencoded"), true), Some(Encoding::Form));
    assert_eq!(encoding(Some("text/plain"), true), None);
    assert_eq!(encoding(None, true), None);
}
