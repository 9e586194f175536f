//! What is told about settings that are not allowed.

use crate::sandbox::{Sandbox, faults_of};

/// Each of these lines is one fault, whose text begins like this.
#[test]
fn every_setting_says_what_is_allowed() {
    let rows = [
        ("server.listen = 'localhost'", "server.listen: must be an IP address and a port"),
        ("server.listen = 8080", "server.listen: must be an IP address and a port"),
        ("server.shutdown_grace = '11m'", "server.shutdown_grace: must be a duration from 0s to 10m"),
        ("server.request_timeout = 0", "server.request_timeout: must be a duration from 1s to 5m"),
        ("server.request_timeout = 'soon'", "server.request_timeout: must be a duration from 1s to 5m"),
        ("server.connections_max = 0", "server.connections_max: must be a whole number from 1 to 65536"),
        ("server.connections_max = '9'", "server.connections_max: must be a whole number from 1 to 65536"),
        ("server.log_format = 'xml'", "server.log_format: must be \"text\" or \"json\""),
        ("server.log_level = 'info,sqlx=loud'", "server.log_level: must be off, error, warn, info"),
        ("server.log_level = ''", "server.log_level: must be off, error, warn, info"),
        ("database.url = 'postgres://host:port/x'", "database.url: must be postgres://"),
        ("database.connections_max = 0", "database.connections_max: must be a whole number from 1 to 1000"),
        ("database.connect_timeout = '500ms'", "database.connect_timeout: must be a duration from 1s to 1m"),
        ("database.statement_timeout = '2m'", "database.statement_timeout: must be a duration from 1s to 1m"),
        ("database.idle_timeout = '1s'", "database.idle_timeout: must be a duration from 10s to 24h"),
        ("database.url = 'verify.db'", "database.url: must be sqlite:PATH"),
        ("database.readers = 65", "database.readers: must be a whole number from 1 to 64"),
        ("database.busy_timeout = '61s'", "database.busy_timeout: must be a duration from 1s to 1m"),
        ("database.acquire_timeout = -1", "database.acquire_timeout: must be a duration from 1s to 1m"),
        ("counters.url = 'memcached://host'", "counters.url: must be \"database\" or redis://"),
        ("counters.mode = 'many'", "counters.mode: must be \"single\", \"sentinel\" or \"cluster\""),
        ("counters.key_prefix = 'a{b}'", "counters.key_prefix: must be 1 to 64 letters"),
        ("counters.answer_timeout = '10ms'", "counters.answer_timeout: must be a duration from 50ms to 10s"),
        ("counters.connect_timeout = '1m'", "counters.connect_timeout: must be a duration from 50ms to 10s"),
        ("phone.countries = []", "phone.countries: must name at least one country"),
        ("phone.countries = ['NP', 'UK']", "phone.countries: entry 2 must be the two letters of a country"),
        ("phone.countries = 'NP'", "phone.countries: must be a list"),
        ("phone.accept_defunct_operators = 1", "phone.accept_defunct_operators: must be true or false"),
        ("application.default_locale = 'fr'", "application.default_locale: must be \"en\" or \"ne\""),
        (
            "application.app_hashes = ['short']",
            "application.app_hashes: entry 1 is refused: an app hash has 11",
        ),
        (
            "application.origins = ['example.com']",
            "application.origins: entry 1 is refused: the origin does not",
        ),
        (
            "application.templates.en = 'no place'",
            "application.templates.en: is refused: the template has no {code}",
        ),
        (
            "application.policy.code_length = 5",
            "application.policy.code_length: must be a whole number from 6 to 10",
        ),
        ("application.policy.phone_taken = 'ask'", "application.policy.phone_taken: must be \"reject\" or"),
        (
            "retention.verifications_days = 0",
            "retention.verifications_days: must be a whole number from 1 to 3650",
        ),
        ("retention.ledger_days = 365", "retention.ledger_days: must be a whole number from 366 to 3650"),
        ("retention.ledger_days = 70000", "retention.ledger_days: must be a whole number from 366 to 3650"),
    ];
    for (toml, expected) in rows {
        let faults = faults_of(toml);
        assert_eq!(faults.len(), 1, "{toml}: {faults:#?}");
        assert!(faults[0].starts_with(expected), "{toml}: {}", faults[0]);
        assert!(faults[0].ends_with("(set in verify.toml)"), "{toml}: {}", faults[0]);
    }
}

#[test]
fn the_bounds_of_the_policy_are_told_by_their_full_keys() {
    let rows = [
        ("lifetime = '11m'", "lifetime: must be from 1 to 10 minutes"),
        ("renew_below = '10m'", "renew_below: must be shorter than the lifetime"),
        ("checks_max = 6", "checks_max: must be from 1 to 5"),
        ("cooldowns = []", "cooldowns: must list from 1 to 5 waits"),
        ("cooldowns = ['10s']", "cooldowns: each must be from 30 seconds to 1 hour"),
        ("code_length = 9", "code_length_long: must not be below code_length"),
        ("reverify_after = '3651d'", "reverify_after: must be at most 3650 days"),
        ("limits.sends_per_phone = ['0/10m']", "limits.sends_per_phone: each must allow 1 to 1000"),
        ("limits.sends_per_account = ['5/31d']", "limits.sends_per_account: each must allow 1 to 1000"),
        (
            "limits.phones_per_account = ['5']",
            "limits.phones_per_account: entry 1 must be a limit such as 5/10m",
        ),
        ("invalid_numbers.in_a_row = 1", "invalid_numbers.in_a_row: must be 0 (off) or from 2 to 100"),
        ("invalid_numbers.share_percent = 101", "invalid_numbers.share_percent: must be 0 (off) or from 1"),
        ("invalid_numbers.share_percent = '2%'", "invalid_numbers.share_percent: must be a whole number"),
        ("invalid_numbers.of_last = 501", "invalid_numbers.of_last: must be from 50 to 500"),
        ("invalid_numbers.pause = '25h'", "invalid_numbers.pause: must be from 1 minute to 24 hours"),
        ("guesses = 5", "guesses: is a section; it has `application.policy.guesses.daily_max`"),
        ("guesses.daily_max = 0", "guesses.daily_max: must be from 1 to 1000"),
        ("guesses.short_max = 101", "guesses: would let a code of one phone be guessed"),
        ("guesses.short_max = 'all'", "guesses.short_max: must be a whole number"),
    ];
    for (toml, expected) in rows {
        let faults = faults_of(&format!("[application.policy]\n{toml}"));
        assert_eq!(faults.len(), 1, "{toml}: {faults:#?}");
        assert!(faults[0].starts_with(&format!("application.policy.{expected}")), "{toml}: {}", faults[0]);
    }
}

#[test]
fn what_could_not_be_read_is_not_blamed_on_its_default() {
    // 60 wrong checks are too many for codes of 6 digits, but nobody knows how many digits are meant.
    let faults = faults_of("[application.policy]\ncode_length = 'eight'\nguesses.short_max = 60");
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].starts_with("application.policy.code_length: "), "{faults:#?}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let sandbox = Sandbox::empty()
        .file(
            "verify.toml",
            "[server]\nlisten = 'here'\nport = 80\n[application.policy]\nlifetime = '1h'\nchecks_max = 9\n\
             [sparrow]\nidentity = 'Demo'",
        )
        .variable("DATABASE__URL", "mysql://host/verify")
        .variable("COUNTERS", "redis");
    let faults = sandbox.faults();
    let keys: Vec<&str> = faults.iter().filter_map(|fault| fault.split(": ").next()).collect();
    assert_eq!(
        keys,
        [
            "SPARROW_VERIFY__COUNTERS",
            "application.name",
            "application.policy.checks_max",
            "application.policy.lifetime",
            "database.url",
            "secrets.pepper",
            "secrets.phone_key",
            "server.listen",
            "server.port",
            "sparrow.token",
        ],
        "{faults:#?}"
    );
    assert!(faults[4].ends_with("(set in SPARROW_VERIFY__DATABASE__URL)"), "{}", faults[4]);
}

#[test]
fn what_is_missing_says_how_to_make_it() {
    let faults = Sandbox::empty().faults();
    assert_eq!(
        faults,
        [
            "application.name: is missing; set it (SPARROW_VERIFY__APPLICATION__NAME) to the name that stands in each \
             SMS, as users know it",
            "secrets.pepper: is missing; make one with `openssl rand -hex 32 > FILE` and set `secrets.pepper_file` \
             (or SPARROW_VERIFY__SECRETS__PEPPER_FILE) to the path of FILE",
            "secrets.phone_key: is missing; make one with `openssl rand -hex 32 > FILE` and set \
             `secrets.phone_key_file` (or SPARROW_VERIFY__SECRETS__PHONE_KEY_FILE) to the path of FILE",
        ]
    );
}

#[test]
fn a_call_must_be_able_to_wait_for_its_send() {
    let fault = Sandbox::new()
        .file(
            "verify.toml",
            "server.request_timeout = '10s'\nsparrow.token = 'a-token'\nsparrow.identity = 'Demo'",
        )
        .fault();
    assert!(
        fault.starts_with("server.request_timeout: must be longer than `sparrow.total_timeout`"),
        "{fault}"
    );
}

#[test]
fn a_name_that_takes_a_second_segment_is_refused_unless_allowed() {
    let long = "application.name = 'दोकान दोकान दोकान दोकान'\n";
    let sandbox = || Sandbox::new().variable("APPLICATION__NAME", "");
    let faults = sandbox().file("verify.toml", long).faults();
    assert!(faults[0].starts_with("application.templates.en: the English SMS can have "), "{faults:#?}");
    assert!(faults[0].contains("set `application.allow_multiple_segments` to true"), "{faults:#?}");
    let allowed = format!("{long}application.allow_multiple_segments = true");
    assert_eq!(
        sandbox().file("verify.toml", &allowed).loaded().application.messages.app().as_str(),
        "दोकान दोकान दोकान दोकान"
    );
}

#[test]
fn a_name_that_could_be_taken_for_the_code_is_told_at_the_template() {
    let fault = Sandbox::new()
        .variable("APPLICATION__NAME", "Hamro2025")
        .file("verify.toml", "application.templates.en = '{app}: {code}'")
        .fault();
    assert!(fault.starts_with("application.templates.en: something before {code} could be taken"), "{fault}");
}
