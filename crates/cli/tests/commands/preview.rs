//! `message preview`.

use serde_json::{Value, json};

use crate::shell::Shell;

const CONFIG: &str = "[application]\nname = 'Sparrow Demo'\napp_hashes = ['FA+9qCX9VSu', 'g/yym+n3OBD']\n\
                      origins = ['https://nic.np', 'https://example.com']\nallow_multiple_segments = true\n\
                      [application.templates.en]\n1 = '{code} is one for {app}.'\n2 = '{code} is two.'\n\
                      [applications.shop]\nname = 'Shop'\n";

fn previews(arguments: &[&str]) -> Vec<Value> {
    let json = Shell::with(CONFIG).run(&[&["message", "preview", "--json"], arguments].concat()).json();
    json["items"].as_array().unwrap().clone()
}

fn texts(arguments: &[&str]) -> Vec<String> {
    previews(arguments).iter().map(|preview| preview["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_language_is_shown_as_it_is_sent() {
    let nepali = "000000 Sparrow Demo कोड (१० मिनेट)\nकसैलाई नदिनुस्";
    assert_eq!(texts(&[]), ["000000 is two.", nepali]);
    assert_eq!(texts(&["--locale", "ne"]), [nepali]);
    assert_eq!(
        texts(&["--application", "shop", "--locale", "en"])[0].split(". ").next(),
        Some("000000 is your Shop code")
    );
}

#[test]
fn an_sms_is_shown_with_its_size_and_the_longest_there_may_be() {
    let preview = &previews(&["--locale", "en", "--version", "1"])[0];
    assert_eq!((&preview["version"], &preview["sent"]), (&json!(1), &json!(false)));
    assert_eq!(preview["sample_code"], "000000");
    // "000000 is one for Sparrow Demo."; and with 8 digits, a blank line, a hash, and the line for example.com.
    let size = |units: usize, left: usize| json!({ "encoding": "GSM-7", "units": units, "units_left": left, "bytes": units, "segments": 1, "credits": 1 });
    assert_eq!(preview["size"], size(31, 129));
    let mut longest = size(33 + 13 + 23, 91);
    longest["retriever_reads_it"] = json!(true);
    assert_eq!(preview["longest"], longest);
    assert_eq!(preview["oversized"], json!([]));

    let nepali = &previews(&["--locale", "ne"])[0];
    assert_eq!((&nepali["version"], &nepali["sent"]), (&json!(0), &json!(true)));
    assert_eq!(nepali["longest"]["encoding"], "UCS-2");
    assert_eq!(nepali["longest"]["credits"], 2);
    assert_eq!(nepali["oversized"].as_array().unwrap().len(), 3, "{nepali}");
}

#[test]
fn hashes_origins_and_longer_codes_are_shown_where_they_are_asked_for() {
    let first = texts(&["--locale", "en", "--app-hash", "first", "--origin", "first", "--code-length", "8"]);
    assert_eq!(first, ["00000000 is two.\n\nFA+9qCX9VSu\n@nic.np #00000000"]);
    let own = texts(&["--locale", "en", "--app-hash", "igzYMpcDSre", "--origin", "https://shop.example"]);
    assert_eq!(own, ["000000 is two.\n\nigzYMpcDSre\n@shop.example #000000"]);
    let shell = Shell::with(CONFIG);
    for (arguments, problem) in [
        (["--app-hash", "short"], "--app-hash: is refused: an app hash has 11 characters"),
        (["--origin", "example.com"], "--origin: is refused: the origin does not begin with https://"),
    ] {
        let refused = shell.run(&[&["message", "preview"], arguments.as_slice()].concat());
        assert_eq!(refused.code, 2);
        assert!(refused.error.contains(problem), "{}", refused.error);
    }
    let none = shell.run(&["message", "preview", "--application", "shop", "--origin", "first"]);
    assert_eq!(none.code, 2);
    assert!(none.error.contains("--origin: none is configured"), "{}", none.error);
}

#[test]
fn a_version_that_is_nowhere_is_not_found() {
    assert_eq!(texts(&["--version", "1"]).len(), 1);
    let ended = Shell::with(CONFIG).run(&["message", "preview", "--version", "7"]);
    assert_eq!((ended.code, ended.out.as_str()), (3, ""));
    assert!(ended.error.contains("English has 1, 2; Nepali has 0"), "{}", ended.error);
}

#[test]
fn a_text_that_is_not_configured_is_judged_as_if_it_were() {
    let own = &previews(&["--template", "{code} - {app}"])[0];
    assert_eq!((&own["version"], &own["sent"], &own["locale"]), (&Value::Null, &json!(false), &json!("en")));
    assert_eq!(own["text"], "000000 - Sparrow Demo");
    let nepali = texts(&["--locale", "ne", "--template", "{code} {minutes}"]);
    assert_eq!(nepali, ["000000 १०"]);

    let shell = Shell::with("[application]\nname = 'Web 2025'");
    for (template, problem) in [
        ("no place", "--template: is refused: the template has no {code}"),
        ("{code} https://example.com", "with `allow_urls` it may have addresses within `origins`"),
        ("{app}: {code}", "--template: is refused: something before {code} could be taken"),
    ] {
        let refused = shell.run(&["message", "preview", "--template", template]);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""));
        assert!(refused.error.contains(problem), "{}", refused.error);
    }
    // What does not fit is shown, and refused as the start-up would.
    let long = format!("{{code}} {}", "a".repeat(153));
    let refused = shell.run(&["message", "preview", "--template", &long]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.error.contains("--template: the English SMS can have 162 GSM-7 units"),
        "{}",
        refused.error
    );
    assert!(refused.out.contains("000000 aaa"), "{}", refused.out);
}

#[test]
fn people_are_told_that_the_code_is_a_sample() {
    let told = Shell::with(CONFIG).run(&["message", "preview", "--app-hash", "first"]);
    assert_eq!(told.code, 0, "{}", told.error);
    for words in [
        "English SMS of `default`: version 2, which is sent. 000000 is a sample, not a code.",
        "    000000 is two.\n\n    FA+9qCX9VSu\n",
        "Nepali SMS of `default`: the built-in text (version 0), which is sent.",
        "Note: the Nepali SMS with the domain example.com can have 74 UCS-2 units",
    ] {
        assert!(told.out.contains(words), "{words}: {}", told.out);
    }
}
