//! Commands that need a configuration and no secret of it.

use serde_json::Value;

use crate::shell::Shell;

/// Of every secret there is nothing, or a file that is not there.
const CONFIG: &str = "phone.countries = ['NP', 'IN']\n[secrets]\npepper_file = 'nowhere/pepper'\n\
    [database]\nurl_file = 'nowhere/database'\n\
    [application]\nname = 'Sparrow Demo'\n[application.templates.en]\n1 = '{code} is one for {app}.'\n\
    [application.webhooks.orders]\nurl = 'https://shop.example/webhooks'\n\
    [applications.shop]\nname = 'Shop'\n\
    [sparrow]\nidentity = 'Demo'\n\
    [gateways.second]\nkind = 'sparrow'\ntoken_file = 'nowhere/token'\nidentity = 'Second'\n\
    [gateways.home]\nkind = 'http'\nurl = 'https://sms.example/send'\nbearer_file = 'nowhere/bearer'\n\
    form = [['to', '{to_national}'], ['text', '{text}'], ['key', '{secret.key}']]\n\
    [gateways.world]\nkind = 'http'\nurl = 'https://sms.example/send'\nsign_secret_file = 'nowhere/sign'\n\
    [[routes]]\ngateway = 'sparrow'\ncountries = ['NP']\napplications = ['shop']\n\
    [[routes]]\ngateway = 'second'\noperators = ['NTC']\n\
    [[routes]]\ngateway = 'home'\n[[routes]]\ngateway = 'world'\n";

fn routes(arguments: &[&str]) -> Vec<Value> {
    let ended = Shell::with_only(CONFIG).run(&[&["route", "--json"], arguments].concat());
    ended.json()["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
}

#[test]
fn texts_are_shown_without_the_secrets_of_the_configuration() {
    let shell = Shell::with_only(CONFIG);
    let told = shell.run(&["message", "preview", "--locale", "en"]);
    assert_eq!((told.code, told.error.as_str()), (0, ""));
    assert!(told.out.contains("000000 is one for Sparrow Demo."), "{}", told.out);
    let shop = shell.run(&["message", "preview", "--application", "shop"]);
    assert!(shop.code == 0 && shop.out.contains("Shop"), "{}", shop.error);
    // Whoever has to run it is told of them.
    assert_eq!(shell.run(&["config", "check"]).code, 2);
}

#[test]
fn routes_are_tried_without_the_secrets_of_the_configuration() {
    assert_eq!(routes(&["list"]), ["sparrow", "second", "home", "world"]);
    assert_eq!(routes(&["test", "--phone", "+9779841234567"]), ["second", "home", "world"]);
    assert_eq!(
        routes(&["test", "--phone", "9801234567", "--application", "shop"]),
        ["sparrow", "home", "world"]
    );
    assert_eq!(routes(&["test", "--phone", "+919876543210"]), ["world"], "the others carry to Nepal only");
}

#[test]
fn what_is_wrong_with_texts_and_routes_is_told_all_the_same() {
    for (wrong, command, expected) in [
        (CONFIG.replace("'NTC'", "'Jio'"), ["route", "list"], "routes.1.operators: entry 1 must be one of"),
        (CONFIG.replace("{code}", "code"), ["message", "preview"], "application.templates.en"),
        (
            CONFIG.replace("'home'\n[[", "'away'\n[["),
            ["route", "list"],
            "routes.2.gateway: must name a gateway",
        ),
        ("[application]\nname = 'Demo'".to_owned(), ["route", "list"], "sparrow: is not configured"),
        (String::new(), ["message", "preview"], "application.name"),
    ] {
        let ended = Shell::with_only(&wrong).run(&command);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{expected}");
        assert!(ended.error.contains(expected), "{}", ended.error);
    }
    let nobody = Shell::with_only(CONFIG).run(&["message", "preview", "--application", "bank"]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.error.contains("there is `default`, `shop`"), "{}", nobody.error);
    let none = Shell::with_only(&CONFIG.replace("'world'\n", "'world'\napplications = ['shop']\n"));
    let none = none.run(&["route", "test", "--phone", "+919876543210"]);
    assert_eq!((none.code, none.out.as_str()), (3, ""), "{}", none.error);
    assert!(none.error.contains("No route takes an SMS of `default`"), "{}", none.error);
}
