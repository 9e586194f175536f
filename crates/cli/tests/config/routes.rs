//! By which gateways SMS go.

use std::collections::BTreeSet;

use domain::block::Prefix;
use domain::phone::{Country, Operator};
use domain::route::OnUnknown;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, faults_of};

const GATEWAYS: &str = "[sparrow]\ntoken = 'a-token'\nidentity = 'Demo'\n\
    [gateways.second]\nkind = 'sparrow'\ntoken = 'a-token'\nidentity = 'Demo'\n\
    [gateways.rest]\nkind = 'http'\nurl = 'https://sms.example/send'\nsender = 'Demo'\n";
const ROUTES: &str =
    "[[routes]]\ngateway = 'sparrow'\n[[routes]]\ngateway = 'second'\n[[routes]]\ngateway = 'rest'\n";
const OTHERS: &str = "[[routes]]\ngateway = 'sparrow'\n[[routes]]\ngateway = 'second'\n";
const OPERATING: &str = include_str!("../../../../docs/operating.md");
const EXAMPLE: &str = include_str!("../../../../docs/config.example.toml");

fn names(sandbox: &Sandbox) -> Vec<String> {
    sandbox.loaded().routes.iter().map(|route| route.name.to_string()).collect()
}

#[test]
fn routes_are_a_list_of_tables() {
    let text = format!(
        "phone.countries = ['NP', 'IN']\n{GATEWAYS}[applications.shop]\nname = 'Shop'\n\
         [[routes]]\ngateway = 'sparrow'\ncountries = ['NP']\npriority = 1\nweight = 3\n\
         [[routes]]\nname = 'ncell'\ngateway = 'second'\noperators = ['NCELL', 'ntc']\npriority = 1\n\
         [[routes]]\ngateway = 'second'\nprefixes = ['+977984']\napplications = ['shop']\non_unknown = 'next'\n\
         [[routes]]\ngateway = 'rest'\n"
    );
    let config = Sandbox::new().file("verify.toml", &text).loaded();
    let [first, ncell, shop, rest] = config.routes.as_slice() else { panic!("{:?}", config.routes) };
    let names = config.routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["sparrow", "ncell", "second", "rest"]);
    assert_eq!(first.takes.countries, [Country::NEPAL]);
    assert_eq!((first.weight, ncell.weight), (3, 1));
    assert_eq!(ncell.takes.operators, [Operator::Ncell, Operator::Ntc]);
    assert_eq!((first.priority, ncell.priority, shop.priority, rest.priority), (1, 1, 3, 4));
    assert_eq!(shop.takes.prefixes, [Prefix::parse("+977984").unwrap()]);
    assert_eq!((shop.on_unknown, rest.on_unknown), (OnUnknown::Next, OnUnknown::Stop));
    let shown = config.shown()["routes"].as_array().unwrap();
    assert_eq!(shown.len(), 4);
    assert_eq!((&shown[1]["operators"], &shown[1]["weight"]), (&json!(["Ncell", "NTC"]), &Value::Null));
    assert_eq!((&shown[3]["name"], &shown[3]["priority"]), (&json!("rest"), &json!(4)));
}

#[test]
fn without_routes_the_only_gateway_takes_everything() {
    let config = Sandbox::new().file("verify.toml", "sparrow.token = 'a'\nsparrow.identity = 'b'").loaded();
    let [route] = config.routes.as_slice() else { panic!("{:?}", config.routes) };
    assert_eq!((route.name.as_str(), &*route.gateway), ("sparrow", "sparrow"));
    assert_eq!(route.takes, domain::route::RouteMatch::default());
    assert_eq!(config.shown().get("routes"), None);
}

#[test]
fn two_routes_to_one_gateway_have_two_names() {
    let one = "sparrow.token = 'a'\nsparrow.identity = 'b'\n";
    let route = "[[routes]]\ngateway = 'sparrow'\npriority = 1\n";
    let named = "[[routes]]\ngateway = 'sparrow'\npriority = 1\nname = 'sparrow-2'\n";
    let sandbox = Sandbox::new().file("verify.toml", &format!("{one}{route}{route}{named}"));
    assert_eq!(names(&sandbox), ["sparrow", "sparrow-3", "sparrow-2"]);
}

#[test]
fn a_later_file_replaces_all_routes_and_variables_change_one() {
    let files = || {
        Sandbox::new().file("a.toml", &format!("{GATEWAYS}{ROUTES}")).file(
            "b.json",
            r#"{"routes": [{"gateway": "rest"}, {"gateway": "second"}, {"gateway": "sparrow"}]}"#,
        )
    };
    assert_eq!(names(&files()), ["rest", "second", "sparrow"]);
    assert_eq!(names(&files().variable("ROUTES__1__NAME", "other")), ["rest", "other", "sparrow"]);
    // Two would be left of three.
    let sandbox = files().file("c.toml", "[[routes]]\ngateway = 'rest'\n");
    let faults = sandbox.faults();
    let forgotten = "is a gateway that no route leads to; name it in a [[routes]] or leave it out";
    assert_eq!(faults, [format!("gateways.second: {forgotten}"), format!("sparrow: {forgotten}")]);
    let faults = files().file("c.toml", "routes = []\n").faults();
    assert!(
        faults.len() == 1 && faults[0].starts_with("routes: are missing, while there are"),
        "{faults:#?}"
    );
}

#[test]
fn more_than_ten_routes_keep_their_order() {
    let route =
        |number: usize| format!("[[routes]]\ngateway = 'sparrow'\npriority = 1\nname = 'r{number}'\n");
    let many = |count: usize| {
        let routes: String = (0..count).map(route).collect();
        Sandbox::new().file("verify.toml", &format!("sparrow.token = 'a'\nsparrow.identity = 'b'\n{routes}"))
    };
    let sandbox = many(12);
    assert_eq!(names(&sandbox), (0..12).map(|number| format!("r{number}")).collect::<Vec<_>>());
    let shown = sandbox.loaded().shown()["routes"].clone();
    assert_eq!((&shown[2]["name"], &shown[10]["name"]), (&json!("r2"), &json!("r10")));
    assert_eq!(many(100).loaded().routes.len(), 100);
    assert_eq!(many(101).faults(), ["routes: must be at most 100"]);
}

/// Each of these, as the first of three routes, is one fault: nothing would ever go by it.
#[test]
fn a_route_that_can_take_nothing_is_found() {
    let nepal_only = [
        ("prefixes = ['+9198']", "prefixes: are those of no phone that is taken"),
        ("prefixes = ['+977123', '+977979']", "prefixes: are those of no phone that is taken"),
        (
            "prefixes = ['+977984']\noperators = ['Ncell']",
            "prefixes: are those of no phone of `routes.0.operators`",
        ),
        (
            "operators = ['Smart']",
            "operators: have closed down, and `phone.accept_defunct_operators` is not set",
        ),
    ];
    let abroad = [
        (
            "countries = ['IN']\noperators = ['NTC']",
            "operators: are of Nepal, which is not among `routes.0.countries`: no phone is of both",
        ),
        (
            "countries = ['IN']\nprefixes = ['+977984']",
            "prefixes: are those of no phone of `routes.0.countries`",
        ),
        (
            "countries = ['NP']\nprefixes = ['+9198']",
            "prefixes: are those of no phone of `routes.0.countries`",
        ),
        (
            "operators = ['NTC']\nprefixes = ['+9198']",
            "prefixes: are those of no phone of `routes.0.operators`",
        ),
        ("prefixes = ['+1415']", "prefixes: are those of no phone that is taken"),
    ];
    let others = OTHERS.replace("'\n", "'\ncountries = ['NP']\n");
    let both = "phone.countries = ['NP', 'IN']\n";
    let rows = nepal_only.map(|row| ("", row)).into_iter().chain(abroad.map(|row| (both, row)));
    for (begin, (lines, expected)) in rows {
        let text = format!("{begin}{GATEWAYS}[[routes]]\ngateway = 'rest'\n{lines}\n{others}");
        let faults = faults_of(&text);
        assert_eq!(faults.len(), 1, "{lines}: {faults:#?}");
        assert!(faults[0].starts_with(&format!("routes.0.{expected}")), "{lines}: {}", faults[0]);
    }
    let faults = faults_of(
        "phone.countries = ['IN']\n[gateways.rest]\nkind = 'http'\nurl = 'https://sms.example'\n\
                            [[routes]]\ngateway = 'rest'\noperators = ['NTC']\n",
    );
    let expected = "routes.0.operators: are of Nepal, which is not among `phone.countries`";
    assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:#?}");
}

#[test]
fn a_route_of_which_a_part_takes_something_is_one() {
    let both = "phone.countries = ['NP', 'IN']\n";
    let others = OTHERS.replace("'\n", "'\ncountries = ['NP']\n");
    for (begin, lines) in [
        ("", "prefixes = ['+9779', '+9198']"),
        ("", "prefixes = ['+9779841234', '+977980']\noperators = ['NTC']"),
        ("", "operators = ['Smart', 'NTC']"),
        ("phone.accept_defunct_operators = true\n", "operators = ['Smart']\nprefixes = ['+977961']"),
        (both, "prefixes = ['+9198']"),
        (both, "countries = ['IN', 'NP']\noperators = ['NTC']"),
    ] {
        let text = format!("{begin}{GATEWAYS}[[routes]]\ngateway = 'rest'\n{lines}\n{others}");
        assert_eq!(
            names(&Sandbox::new().file("verify.toml", &text)),
            ["rest", "sparrow", "second"],
            "{lines}"
        );
    }
}

#[test]
fn weights_of_which_none_is_a_share_are_found() {
    let routes = |first: &str, second: &str| {
        let others = "[[routes]]\ngateway = 'rest'\npriority = 2\n";
        format!(
            "{GATEWAYS}[[routes]]\ngateway = 'sparrow'\npriority = 1\n{first}\n\
             [[routes]]\ngateway = 'second'\npriority = 1\n{second}\n{others}"
        )
    };
    let faults = faults_of(&routes("weight = 0", "weight = 0"));
    let expected =
        "routes.0.weight: is 0, as that of all routes of the priority 1, so that none of them has a share";
    assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:#?}");
    for (first, second) in [("weight = 0", ""), ("weight = 0", "weight = 1"), ("", "")] {
        assert_eq!(names(&Sandbox::new().file("verify.toml", &routes(first, second))).len(), 3);
    }
}

#[test]
fn a_route_behind_another_to_its_own_gateway_is_found_and_failover_is_none() {
    let routes = |first: &str, second: &str| {
        format!(
            "sparrow.token = 'a'\nsparrow.identity = 'b'\n[applications.shop]\nname = 'Shop'\n\
             [[routes]]\ngateway = 'sparrow'\n{first}\n[[routes]]\ngateway = 'sparrow'\n{second}\n"
        )
    };
    let hidden = [
        ("", ""),
        ("", "operators = ['NTC']"),
        ("operators = ['NTC', 'Ncell']", "operators = ['NTC']\napplications = ['shop']"),
        ("prefixes = ['+97798']", "prefixes = ['+977984', '+977985']"),
    ];
    for (first, second) in hidden {
        let faults = faults_of(&routes(first, second));
        let expected = "routes.1.gateway: is that of `routes.0`, which takes all of the same SMS before";
        assert!(faults.len() == 1 && faults[0].starts_with(expected), "{first} {second}: {faults:#?}");
    }
    for (first, second) in [
        ("operators = ['NTC']", ""),
        ("operators = ['NTC']", "operators = ['Ncell']"),
        ("prefixes = ['+977984']", "prefixes = ['+97798']"),
        ("priority = 1", "priority = 1"),
        ("priority = 2\n", "priority = 1\noperators = ['NTC']"),
    ] {
        assert_eq!(names(&Sandbox::new().file("verify.toml", &routes(first, second))).len(), 2, "{second}");
    }
    assert_eq!(names(&Sandbox::new().file("verify.toml", &format!("{GATEWAYS}{ROUTES}"))).len(), 3);
}

/// Each of these, as the first of three routes, is one fault.
#[test]
fn what_is_wrong_with_a_route_is_told_by_its_full_key() {
    let rows = [
        ("gateway = 'none'", "gateway: must name a gateway: there is `sparrow`, `rest`, `second`"),
        ("name = 'x'", "gateway: is missing; it must name a gateway: there is `sparrow`, `rest`, `second`"),
        ("gateway = 'rest'\nname = 'Rest'", "name: must have 1 to 40 lower-case letters, digits"),
        ("gateway = 'rest'\ncountries = ['XX']", "countries: entry 1 must be the two letters of a country"),
        ("gateway = 'rest'\ncountries = ['NP', 'IN']", "countries: entry 2 is not among `phone.countries`"),
        ("gateway = 'rest'\noperators = ['Jio']", "operators: entry 1 must be one of NTC, Ncell, UTL"),
        (
            "gateway = 'rest'\napplications = ['shop']",
            "applications: entry 1 is no application; there is `default`",
        ),
        ("gateway = 'rest'\napplications = ['S']", "applications: entry 1 must be the id of an application"),
        ("gateway = 'rest'\nprefixes = ['984']", "prefixes: entry 1 must be a plus and 4 to 10 digits"),
        ("gateway = 'rest'\npriority = 0", "priority: must be a whole number from 1 to 1000"),
        ("gateway = 'rest'\nweight = 1001\npriority = 2", "weight: must be a whole number from 0 to 1000"),
        ("gateway = 'rest'\nweight = 1", "weight: says nothing: no other route has the priority 1"),
        ("gateway = 'rest'\non_unknown = 'retry'", "on_unknown: must be \"stop\" or \"next\""),
        ("gateway = 'rest'\ngatewayy = 'x'", "gatewayy: is unknown; did you mean `routes.0.gateway`?"),
        ("gateway = 'rest'\noperator = 'NTC'", "operator: is unknown; did you mean `routes.0.operators`?"),
    ];
    for (lines, expected) in rows {
        let faults = faults_of(&format!("{GATEWAYS}[[routes]]\n{lines}\n{OTHERS}"));
        assert_eq!(faults.len(), 1, "{lines}: {faults:#?}");
        assert!(faults[0].starts_with(&format!("routes.0.{expected}")), "{lines}: {}", faults[0]);
    }
}

#[test]
fn a_name_means_one_route() {
    let faults =
        faults_of(&format!("{GATEWAYS}[[routes]]\ngateway = 'rest'\nname = 'a'\n{ROUTES}name = 'a'\n"));
    let expected =
        "routes.3.name: is the name of `routes.0`; each route must have another (set in verify.toml)";
    assert_eq!(faults, [expected]);
}

#[test]
fn several_gateways_need_routes() {
    let faults = faults_of(GATEWAYS);
    let expected =
        "routes: are missing, while there are the gateways `sparrow`, `rest`, `second`; write a [[routes]]";
    assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:#?}");
}

#[test]
fn sparrow_is_asked_for_phones_of_nepal_only() {
    let both = format!("phone.countries = ['NP', 'IN']\n{GATEWAYS}");
    let faults = faults_of(&format!("{both}{ROUTES}"));
    let begins = [
        "routes.0.countries: must be [\"NP\"]: Sparrow takes phones of Nepal only",
        "routes.1.countries: must",
    ];
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults.iter().zip(begins).all(|(fault, begin)| fault.starts_with(begin)), "{faults:#?}");
    let nepal = ["countries = ['NP']", "operators = ['NTC']", "prefixes = ['+97798', '+97797']"];
    for condition in nepal {
        let routes = ROUTES.replace("'sparrow'\n", &format!("'sparrow'\n{condition}\n"));
        let routes = routes.replace("'second'\n", &format!("'second'\n{condition}\n"));
        assert_eq!(names(&Sandbox::new().file("verify.toml", &format!("{both}{routes}"))).len(), 3);
    }
}

#[test]
fn what_sends_nothing_is_for_named_applications_where_others_send() {
    let simulator = "[gateways.try]\nkind = 'simulator'\n[applications.sandbox]\nname = 'Sandbox'\n";
    let faults = faults_of(&format!("{GATEWAYS}{simulator}{ROUTES}[[routes]]\ngateway = 'try'\n"));
    let expected = "routes.3.applications: must name the applications that only try things";
    assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:#?}");
    let route = "[[routes]]\ngateway = 'try'\napplications = ['sandbox']\n";
    assert_eq!(
        names(&Sandbox::new().file("verify.toml", &format!("{GATEWAYS}{simulator}{ROUTES}{route}"))).len(),
        4
    );
}

#[test]
fn what_is_no_list_of_tables_is_told_so() {
    let one = "sparrow.token = 'a'\nsparrow.identity = 'b'\n";
    for wrong in ["routes = 'private'", "routes = 5"] {
        let faults = faults_of(&format!("{one}{wrong}\n"));
        assert_eq!(
            faults,
            ["routes: must be a list of tables, each begun by [[routes]] (set in verify.toml)"]
        );
    }
    let faults = faults_of(&format!("{one}[routes.first]\ngateway = 'sparrow'\n"));
    let expected = "routes.first: is no place: the next after those that are set is `routes.0`";
    assert_eq!(faults, [format!("{expected} (set in verify.toml)")]);
    let sandbox = Sandbox::new().file("verify.toml", &format!("{one}[[routes]]\ngateway = 'sparrow'\n"));
    let fault = sandbox.variable("ROUTES__2__GATEWAY", "sparrow").fault();
    assert!(
        fault.starts_with("routes.2: is no place: the next after those that are set is `routes.1`"),
        "{fault}"
    );
}

#[test]
fn the_example_shows_every_key_of_a_route_with_its_default() {
    let (_, example) = EXAMPLE.split_once("#   [[routes]]\n").unwrap();
    let lines: Vec<&str> = example.lines().map_while(|line| line.strip_prefix("#   ")).collect();
    let gateway = "[gateways.second]\nkind = 'sparrow'\ntoken = 'a-token'\nidentity = 'Demo'\n";
    let example =
        Sandbox::new().file("verify.toml", &format!("{gateway}[[routes]]\n{}\n", lines.join("\n"))).loaded();
    let required =
        Sandbox::new().file("verify.toml", &format!("{gateway}[[routes]]\ngateway = 'second'\n")).loaded();
    assert_eq!(example.shown(), required.shown());
    let of = |line: &&str| line.trim_start_matches('#').split_once(" = ").map(|(name, _)| name.to_owned());
    let told: BTreeSet<String> = lines.iter().filter(|line| !line.starts_with("# ")).filter_map(of).collect();
    let shown = example.shown()["routes"][0].as_object().unwrap();
    assert_eq!(told, shown.keys().cloned().collect());
}

#[test]
fn the_routes_of_the_manual_are_routes() {
    let (_, section) = OPERATING.split_once("## Gateways and routes").unwrap();
    let (_, text) = section.split_once("```toml\n").unwrap();
    let (text, _) = text.split_once("```").unwrap();
    let sandbox = Sandbox::new();
    let secret = sandbox.written("secret", b"a-token\n");
    let mut text = text.to_owned();
    for name in ["sparrow-token", "second-token", "twilio-token"] {
        text = text.replace(&format!("/etc/sparrow-verify/{name}"), secret.to_str().unwrap());
    }
    let config = sandbox.file("verify.toml", &text).loaded();
    let routes: Vec<_> =
        config.routes.iter().map(|route| (&*route.gateway, route.priority, route.weight)).collect();
    assert_eq!(routes, [("sparrow", 1, 3), ("second", 1, 1), ("twilio", 2, 1)]);
}
