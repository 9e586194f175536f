//! What carries the SMS: several accounts at Sparrow, gateways that are described, and those that send nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use adapters::gateway::{GuardSettings, HttpGateway};
use domain::ports::SEND_DEADLINE;
use serde_json::{Value, json};
use sparrow_verify::config::{Config, GatewayConfig, GatewayKind};
use sparrow_verify::wiring;

use crate::sandbox::{Sandbox, faults_of};

const SPARROW: &str = "[sparrow]\ntoken = 'a-token'\nidentity = 'Demo'\n";
const SECOND: &str = "[gateways.second]\nkind = 'sparrow'\ntoken = 'second-token'\nidentity = 'Second'\n";
const ROUTES: &str = "[[routes]]\ngateway = 'sparrow'\n[[routes]]\ngateway = 'second'\n";
const HTTP: &str = "[gateways.twilio]\nkind = 'http'\nsender = '+15005550006'\n\
    url = 'https://api.twilio.example/2010/Accounts/AC-private/Messages.json'\n\
    form = [['To', '{to}'], ['From', '{sender}'], ['Body', '{text}']]\n\
    basic_auth_user = 'AC-user'\nbasic_auth_password = 'private-password'\n";
const EXAMPLE: &str = include_str!("../../../../docs/config.example.toml");

fn loaded(toml: &str) -> Config {
    Sandbox::new().file("verify.toml", toml).loaded()
}

fn names(config: &Config) -> Vec<&str> {
    config.gateways.iter().map(|gateway| &*gateway.name).collect()
}

fn http(config: &Config) -> &adapters::gateway::HttpGatewaySettings {
    let [GatewayConfig { kind: GatewayKind::Http(settings), .. }] = config.gateways.as_slice() else {
        panic!("{:?}", config.gateways)
    };
    settings
}

#[test]
fn several_accounts_are_several_gateways_each_with_its_own_settings() {
    let text = format!(
        "{SPARROW}credit_interval = '1m'\n{SECOND}credit_interval = '1h'\ncalls_max = 9\nbreaker.refusals = 3\n{ROUTES}"
    );
    let config = loaded(&text);
    assert_eq!(names(&config), ["sparrow", "second"]);
    let [first, second] = config.gateways.as_slice() else { panic!("there are not two") };
    let GatewayKind::Sparrow(settings) = &second.kind else { panic!("{second:?}") };
    assert_eq!((&*settings.name, settings.identity.as_str()), ("second", "Second"));
    assert_eq!(first.guard, GuardSettings::default());
    assert_eq!((second.guard.calls_max, second.guard.breaker.refusals), (9, 3));
    // A reading of zero must hold until the next.
    assert_eq!(second.guard.hold_for, Duration::from_hours(3));
    assert_eq!(config.credit_interval("sparrow"), Some(Duration::from_mins(1)));
    assert_eq!(config.credit_interval("second"), Some(Duration::from_hours(1)));
    assert_eq!(config.delivery_deadline, SEND_DEADLINE);
    // What the configuration takes, the gateways take.
    let wired = wiring::gateways(&config).unwrap();
    let facts = wired.all().iter().map(|gateway| (gateway.facts().name.to_string(), gateway.facts().kind));
    assert_eq!(
        facts.collect::<Vec<_>>(),
        [("sparrow".to_owned(), "sparrow"), ("second".to_owned(), "sparrow")]
    );
    assert_eq!(wired.deadline(), SEND_DEADLINE);
}

#[test]
fn a_gateway_can_be_set_by_variables_and_files() {
    let sandbox = Sandbox::new();
    let (token, tutorial) = (
        sandbox.written("token", b"a-token\n"),
        sandbox.written("config.json", br#"{"SPARROW_TOKEN": "b-token", "SPARROW_IDENTITY": "B"}"#),
    );
    let config = sandbox
        .variable("GATEWAYS__A__KIND", "sparrow")
        .variable("GATEWAYS__A__TOKEN_FILE", token.to_str().unwrap())
        .variable("GATEWAYS__A__IDENTITY", "A")
        .variable("GATEWAYS__B__KIND", "sparrow")
        .variable("GATEWAYS__B__CONFIG_FILE", tutorial.to_str().unwrap())
        .variable("ROUTES__0__GATEWAY", "b")
        .variable("ROUTES__1__GATEWAY", "a")
        .loaded();
    assert_eq!(names(&config), ["a", "b"]);
    let gateways: Vec<_> = config.routes.iter().map(|route| &*route.gateway).collect();
    assert_eq!(gateways, ["b", "a"]);
}

/// Each of these, beside the gateway `second` and its route, is one fault.
#[test]
fn what_is_wrong_with_a_gateway_is_told_by_its_full_key() {
    let rows = [
        ("kind = 'smtp'", "gateways.x.kind: must be one of sparrow, http, console, simulator"),
        ("token = 'a'", "gateways.x.kind: is missing; it must be one of sparrow, http"),
        (
            "kind = 'sparrow'",
            "gateways.x.token: is missing; set `gateways.x.token` or `gateways.x.token_file`",
        ),
        ("kind = 'sparrow'\ntoken = 'a'", "gateways.x.identity: is missing, while the token is set"),
        (
            "kind = 'sparrow'\ntoken = 'a'\nidentity = 'X'\nconnect_timeout = '10s'",
            "gateways.x.connect_timeout: must be shorter than `gateways.x.total_timeout`",
        ),
        (
            "kind = 'sparrow'\ntoken = 'a'\nidentity = 'X'\ncalls_max = 0",
            "gateways.x.calls_max: must be a whole number from 1 to 20000",
        ),
        (
            "kind = 'sparrow'\ntoken = 'a'\nidentity = 'X'\nbreaker.probes = 9",
            "gateways.x.breaker.probes: must be a whole number from 1 to 5",
        ),
        (
            "kind = 'sparrow'\ntoken = 'a'\nidentity = 'X'\nbreaker.open_for_max = '5s'",
            "gateways.x.breaker.open_for_max: must not be shorter than `gateways.x.breaker.open_for`",
        ),
        (
            "kind = 'sparrow'\ntoken = 'a'\nidentity = 'X'\nhold_for = '1m'",
            "gateways.x.hold_for: must not be shorter than `gateways.x.credit_interval`",
        ),
        (
            "kind = 'sparrow'\ntoken = 'a'\nidentity = 'X'\nidentitiy = 'Y'",
            "gateways.x.identitiy: is unknown; did you mean `gateways.x.identity`?",
        ),
        ("kind = 'simulator'\nlisten = '0.0.0.0:8081'", "gateways.x.listen: must be on this machine"),
        (
            "kind = 'simulator'\ntoken = 'a'",
            "gateways.x.token: is unknown; `gateways.x` has `gateways.x.breaker",
        ),
        ("kind = 'simulator'\ncredit_low = 5", "gateways.x.credit_low: is unknown; `gateways.x` has"),
        ("kind = 'console'", "gateways.x.kind: is \"console\", which sends nothing and says that it did"),
    ];
    for (lines, expected) in rows {
        let sham = lines.contains("simulator") || lines.contains("console");
        let applications = if sham { "applications = ['default']\n" } else { "" };
        let text = format!(
            "{SECOND}[gateways.x]\n{lines}\n[[routes]]\ngateway = 'second'\n[[routes]]\ngateway = 'x'\n{applications}"
        );
        let faults = faults_of(&text);
        assert_eq!(faults.len(), 1, "{lines}: {faults:#?}");
        assert!(faults[0].starts_with(expected), "{lines}: {}", faults[0]);
    }
}

#[test]
fn a_name_is_a_slug_and_means_one_gateway() {
    let faults = faults_of(&format!("{SPARROW}{}", SECOND.replace("second]", "sparrow]")));
    let expected = "gateways.sparrow: has the name of the gateway of `[sparrow]`; keep one of them";
    assert_eq!(faults, [format!("{expected} (set in verify.toml)")]);
    for name in ["Second", "-a", "a_b"] {
        let faults = faults_of(&SECOND.replace("second]", &format!("{name}]")));
        let expected = format!("gateways.{name}: is no name: it must have 1 to 40 lower-case letters");
        assert!(faults.len() == 1 && faults[0].starts_with(&expected), "{faults:#?}");
    }
    let many = |count: usize| {
        let gateway = |number| SECOND.replace("second]", &format!("g{number:02}]"));
        let route = |number| format!("[[routes]]\ngateway = 'g{number:02}'\n");
        (0..count).map(gateway).chain((0..count.min(20)).map(route)).collect::<String>()
    };
    assert_eq!(loaded(&many(20)).gateways.len(), 20);
    let faults = faults_of(&many(21));
    assert_eq!(faults, ["gateways.g20: is one too many; there may be 20 gateways (set in verify.toml)"]);
}

#[test]
fn a_single_gateway_has_as_long_as_its_own_time_out_lets_it() {
    assert_eq!(loaded(SPARROW).delivery_deadline, Duration::from_secs(10));
    let config = loaded(&format!("server.request_timeout = '8s'\n{SPARROW}total_timeout = '7s'\n"));
    assert_eq!(config.delivery_deadline, Duration::from_secs(7));
    assert_eq!(config.shown()["delivery"]["deadline"], json!("7s"));
    // It is cut by a deadline that is told, and by that of several.
    let told = format!("{SPARROW}total_timeout = '20s'\n[delivery]\ndeadline = '5s'\n");
    assert_eq!(loaded(&told).delivery_deadline, Duration::from_secs(5));
    let several = format!("{SPARROW}total_timeout = '20s'\n{SECOND}{ROUTES}");
    assert_eq!(loaded(&several).delivery_deadline, SEND_DEADLINE);
    for (text, expected) in [
        (format!("server.request_timeout = '10s'\n{SECOND}"), "`gateways.second.total_timeout`"),
        (format!("server.request_timeout = '10s'\n{SPARROW}{SECOND}{ROUTES}"), "`delivery.deadline`"),
        (
            format!("server.request_timeout = '5s'\n{SPARROW}[delivery]\ndeadline = '6s'\n"),
            "`delivery.deadline`",
        ),
    ] {
        let faults = faults_of(&text);
        let expected = format!("server.request_timeout: must be longer than {expected} (set in verify.toml)");
        assert_eq!(faults, [expected]);
    }
    for wrong in ["0s", "61s", "'soon'"] {
        let faults = faults_of(&format!("[delivery]\ndeadline = '{}'\n", wrong.trim_matches('\'')));
        assert!(faults[0].starts_with("delivery.deadline: must be a duration from 1s to 1m"), "{faults:#?}");
    }
}

#[test]
fn a_gateway_is_described() {
    let text = format!(
        "{HTTP}message_id = '/sid'\n\
         success = {{ status = [201, '2xx'], json = [{{ pointer = '/error', equals = false }}] }}\n\
         [gateways.twilio.secrets]\napi-key = 'private-key'\n\
         [[gateways.twilio.refusals]]\nstatus = [400]\nmeans = 'receiver-refused'\n\
         json = [{{ pointer = '/code', one_of = [21211, 21614] }}]\n\
         [[gateways.twilio.refusals]]\nstatus = ['4xx']\nmeans = 'refused'\n\
         [gateways.twilio.credit]\nurl = 'https://api.twilio.example/Balance.json?a=private'\n\
         pointer = '/balance'\nheaders = [['x-key', '{{secret.api-key}}']]\n"
    );
    let config = loaded(&text);
    let settings = http(&config);
    assert_eq!(settings.refusals.len(), 2);
    assert_eq!(settings.refusals[0].json[0].one_of, [json!(21211), json!(21614)]);
    assert!(settings.success.json[0].one_of == [json!(false)] && settings.success.status[0].holds(201));
    assert_eq!(config.credit_interval("twilio"), Some(Duration::from_mins(5)));
    assert_eq!(settings.credit_low_days, 0, "it tells what is left in money, and not what an SMS costs");
    HttpGateway::new(settings.clone()).unwrap();
    let shown = &config.shown()["gateways"]["twilio"];
    assert_eq!(shown["url"], json!("https://api.twilio.example/********"));
    assert_eq!(shown["form"], json!([["To", "{to}"], ["From", "{sender}"], ["Body", "{text}"]]));
    assert_eq!(shown["refusals"][0]["json"][0]["one_of"], json!([21211, 21614]));
    assert_eq!(shown["refusals"][1]["status"], json!(["4xx"]));
    assert_eq!(shown["credit"]["headers"], json!([["x-key", "{secret.api-key}"]]));
    let printed = format!("{config:?} {}", config.shown());
    assert!(!printed.contains("private"), "{printed}");
}

#[test]
fn for_how_many_days_credits_have_to_last_is_set_for_each_gateway() {
    let credit =
        "[gateways.twilio.credit]\nurl = 'https://api.twilio.example/Balance.json'\npointer = '/balance'\n";
    for (line, days) in [("", 0), ("credits = '/price'\n", 3), ("credit_low_days = 14\n", 14)] {
        assert_eq!(http(&loaded(&format!("{HTTP}{line}{credit}"))).credit_low_days, days, "{line}");
    }
    let faults = faults_of(&format!("{HTTP}credit_low_days = 366\n{credit}"));
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].starts_with("gateways.twilio.credit_low_days: must be "), "{}", faults[0]);
}

/// Each of these is one fault of the gateway `twilio`.
#[test]
fn what_is_wrong_with_a_described_gateway_is_told_by_its_full_key() {
    let rows = [
        ("method = 'GET'", "method: must be one of POST, PUT"),
        ("headers = ['a']", "headers: entry 1 must be a pair of texts, such as"),
        ("headers = [['x-key', 'private{secret}']]", "headers: "),
        ("json = '{\"to\": \"private\"}'", "json: is set together with `gateways.twilio.form`"),
        ("json = 'private'", "json: must be a text that holds JSON"),
        ("bearer = '********'", "bearer: is the mask that stands for a secret"),
        ("sign_secret = 'private'", "sign_secret: does not begin with whsec_"),
        ("sign_old_secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']", "sign_old_secrets: is set without"),
        ("connect_timeout = '10s'", "connect_timeout: must be shorter than `gateways.twilio.total_timeout`"),
        ("success = { status = ['private'] }", "success.status: entry 1 is no HTTP status"),
        ("success = { json = [{ pointer = '/a' }] }", "success.json.0.equals: is missing"),
        (
            "refusals = [{ status = [400] }]",
            "refusals.0.means: is missing; it must be one of receiver-refused",
        ),
        ("refusals = [{ status = [400], means = 'private' }]", "refusals.0.means: must be one of"),
        (
            "refusals = 'private'",
            "refusals: must be a list of tables, each begun by [[gateways.twilio.refusals]]",
        ),
        (
            "credit = { pointer = '/private' }",
            "credit.url: is missing, while others of `[gateways.twilio.credit]` are set",
        ),
        (
            "credit_low = 5",
            "credit_low: says nothing until it is known how to ask what is left: set `gateways.twilio.credit.url` and \
             `gateways.twilio.credit.pointer`",
        ),
        ("credit_low_days = 5", "credit_low_days: says nothing until"),
        ("credit_interval = '1m'", "credit_interval: says nothing until"),
        ("message_id = 'private'", "message_id: "),
        (
            "token = 'private'",
            "token: is unknown; `gateways.twilio` has `gateways.twilio.basic_auth_password`",
        ),
        ("bearer = 'private'", "bearer: cannot be set together with `gateways.twilio.basic_auth_user`"),
        (
            "headers = [['x-key', '{secret.api-key}']]",
            "headers: x-key has {secret} or {secret.NAME} of a secret that is not set; set `gateways.twilio.secret`, or the \
             one of that name in `[gateways.twilio.secrets]`",
        ),
        (
            "refusals = [{ status = [400], means = 'refused' }, { status = [], means = 'refused' }]",
            "refusals.1: must name at least one status",
        ),
    ];
    for (line, expected) in rows {
        let faults = faults_of(&format!("{HTTP}{line}\n"));
        assert_eq!(faults.len(), 1, "{line}: {faults:#?}");
        let expected = format!("gateways.twilio.{expected}");
        assert!(faults[0].starts_with(&expected), "{line}: {}", faults[0]);
        assert!(!faults[0].contains("private"), "{}", faults[0]);
    }
    let user = HTTP.replace("'AC-user'", "'AC:user'");
    let unsent = HTTP.replace("sender = '+15005550006'\n", "");
    for (text, expected) in [
        (user, "gateways.twilio.basic_auth_user: must name a user without a colon"),
        (
            unsent,
            "gateways.twilio.form: From has {sender}, and no sender is set; set `gateways.twilio.sender`",
        ),
    ] {
        let faults = faults_of(&text);
        assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:#?}");
    }
    let faults = faults_of("[gateways.twilio]\nkind = 'http'\n");
    assert_eq!(faults, ["gateways.twilio.url: is missing; set it to where an SMS is handed over"]);
}

#[test]
fn what_sends_nothing_may_be_the_only_one() {
    let config = loaded("[gateways.try]\nkind = 'simulator'\nlisten = '127.0.0.1:0'\n");
    assert!(!config.gateways[0].kind.sends());
    assert_eq!(wiring::gateways(&config).unwrap().all()[0].facts().kind, "simulator");
    let config = loaded("[gateways.try]\nkind = 'console'\n");
    assert_eq!(wiring::gateways(&config).unwrap().all()[0].facts().kind, "console");
    for reach in ["listen = '0.0.0.0:80'", "public_url = 'https://verify.example.com'"] {
        let faults = faults_of(&format!("[gateways.try]\nkind = 'console'\n[server]\n{reach}\n"));
        let expected = "gateways.try.kind: is \"console\", which prints phones and codes";
        assert!(faults.len() == 1 && faults[0].starts_with(expected), "{faults:#?}");
    }
}

#[test]
fn no_token_of_any_gateway_is_printed() {
    let config = loaded(&format!("{SPARROW}{SECOND}{ROUTES}"));
    let printed = format!("{config:?} {}", config.shown());
    assert!(!printed.contains("a-token") && !printed.contains("second-token"), "{printed}");
    assert_eq!(config.shown()["gateways"]["second"]["token"], json!("********"));
}

#[test]
fn what_is_shown_can_be_loaded_once_the_masks_are_filled_in() {
    let shown = loaded(&format!("{SPARROW}{SECOND}{ROUTES}")).shown().clone();
    let mut filled = shown.clone();
    filled["sparrow"]["token"] = json!("a-token");
    filled["gateways"]["second"]["token"] = json!("second-token");
    let sandbox = Sandbox::new();
    for (name, value) in [("pepper", crate::sandbox::PEPPER), ("phone_key", crate::sandbox::PHONE_KEY)] {
        filled["secrets"][name] = json!(value);
    }
    let again = sandbox.file("shown.json", &filled.to_string()).loaded();
    assert_eq!(*again.shown(), shown);
}

#[test]
fn the_example_of_a_second_gateway_is_one() {
    let (_, example) = EXAMPLE.split_once("#   [gateways.second]\n").unwrap();
    let lines: Vec<&str> = example.lines().map_while(|line| line.strip_prefix("#   ")).collect();
    let sandbox = Sandbox::new();
    let token = sandbox.written("token", b"a-token\n");
    let text = format!("[gateways.second]\n{}\n", lines.join("\n"))
        .replace("/etc/sparrow-verify/second-token", token.to_str().unwrap());
    let config = sandbox.file("verify.toml", &text).loaded();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let (mut second, sparrow) =
        (keys(&config.shown()["gateways"]["second"]), keys(&config.shown()["sparrow"]));
    assert!(second.remove("kind"));
    assert_eq!(second, sparrow, "they have the same keys");
}

#[test]
fn the_gateways_of_the_manual_are_gateways() {
    let manual = include_str!("../../../../docs/gateways.md");
    let blocks = manual.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```"));
    let blocks: Vec<&str> =
        blocks.map(|(block, _)| block).filter(|block| block.contains("kind = ")).collect();
    assert!(blocks.len() >= 3, "{blocks:#?}");
    for block in blocks {
        let sandbox = Sandbox::new();
        let webhook = sandbox.written("webhook", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
        let token = sandbox.written("token", b"a-token\n");
        let text = block
            .replace("/etc/sparrow-verify/sms-webhook-secret", webhook.to_str().unwrap())
            .replace("/etc/sparrow-verify/twilio-token", token.to_str().unwrap())
            .replace("/etc/sparrow-verify/aakash-token", token.to_str().unwrap());
        let config = sandbox.file("verify.toml", &text).loaded();
        HttpGateway::new(http(&config).clone()).unwrap();
    }
}
