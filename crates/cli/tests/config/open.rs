//! What is read of a configuration without its secrets.

use domain::phone::Phone;
use sparrow_verify::config::load_open;
use sparrow_verify::wiring;

use crate::sandbox::Sandbox;

const SPARROW: &str = "[sparrow]\ntoken = 'a-token'\nidentity = 'Demo'\n";

/// What is told of a gateway without its secrets is what it says itself.
#[test]
fn to_whom_a_gateway_carries_is_known_without_its_secrets() {
    let http = "[gateways.h]\nkind = 'http'\nurl = 'https://sms.example'\nsecret = 'private'\n";
    let form = |to: &str| format!("{http}form = [['to', '{to}'], ['text', '{{text}}']]\n");
    let json = |to: &str| format!("{http}json = '{{\"a\": [\"{to}\", \"{{text}}\", \"{{secret}}\"]}}'\n");
    let texts = [
        SPARROW.to_owned(),
        SPARROW.replace("[sparrow]", "[gateways.second]\nkind = 'sparrow'"),
        http.to_owned(),
        form("{to}"),
        form("{to_national}"),
        json("{to}"),
        json("{to_national}"),
        "[gateways.try]\nkind = 'simulator'\n".to_owned(),
        "[gateways.try]\nkind = 'console'\n".to_owned(),
    ];
    for text in texts {
        let sandbox = Sandbox::new().file("verify.toml", &format!("phone.countries = ['NP', 'IN']\n{text}"));
        let wired = wiring::gateways(&sandbox.loaded()).unwrap();
        let open = load_open(&sandbox.sources).unwrap();
        for digits in [9_779_841_234_567, 919_876_543_210] {
            let (phone, gateway) = (Phone::from_digits(digits).unwrap(), &wired.all()[0]);
            assert_eq!(open.carries_to(&gateway.facts().name, phone), gateway.carries_to(phone), "{text}");
        }
    }
}
