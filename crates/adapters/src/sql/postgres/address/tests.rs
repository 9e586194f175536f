//! URLs, and what is none.

use super::*;

fn parse(url: &str) -> PostgresAddress {
    PostgresAddress::parse(url).unwrap()
}

fn hosts(url: &str) -> Vec<String> {
    parse(url).hosts.iter().map(ToString::to_string).collect()
}

#[test]
fn hosts_have_ports_and_an_order() {
    for (url, expected) in [
        ("postgres://db/verify", &["db:5432"][..]),
        ("postgresql://ram@db1:1,db2,10.0.0.1:65535/verify", &["db1:1", "db2:5432", "10.0.0.1:65535"]),
        ("POSTGRES://[::1]:5433,[fe80::1]/verify", &["[::1]:5433", "[fe80::1]:5432"]),
        ("postgres://%2Frun%2Fpostgresql:5433/verify", &["/run/postgresql:5433"]),
    ] {
        assert_eq!(hosts(url), expected, "{url}");
    }
    let (_, options) = parse("postgres://[::1]:5433/verify").hosts().pop().unwrap();
    assert_eq!((options.get_host(), options.get_port()), ("::1", 5433));
}

#[test]
fn names_and_passwords_are_decoded() {
    let address = parse("postgres://ra%6D%40home:p%3A%2F%3F%23%5B%5D%40%25@db/ver%20ify");
    assert_eq!(address.user.as_deref(), Some("ram@home"));
    assert_eq!(address.password.as_str(), "p:/?#[]@%");
    assert_eq!(address.database, "ver ify");
    let colons = parse("postgres://ram:a:b@db/verify");
    assert_eq!(colons.password.as_str(), "a:b");
}

#[test]
fn a_password_is_never_shown() {
    for (url, shown) in [
        ("postgres://ram:secret@db1,db2/verify", "postgres://ram:********@db1,db2/verify"),
        (
            "postgres://ram:se:cr%40et@db/verify?sslmode=require",
            "postgres://ram:********@db/verify?sslmode=require",
        ),
        ("postgres://:secret@db/verify", "postgres://:********@db/verify"),
        ("postgres://ram:@db/verify", "postgres://ram:@db/verify"),
        ("postgres://ram@db/verify", "postgres://ram@db/verify"),
        ("postgres://db:5432/verify", "postgres://db:5432/verify"),
    ] {
        let address = parse(url);
        assert_eq!(address.shown(), shown);
        assert_eq!(format!("{address:?}"), shown);
    }
}

#[test]
fn settings_are_those_of_libpq() {
    let address = parse(
        "postgres://db/verify?sslmode=verify-full&sslrootcert=%2Fca.pem&sslcert=c.pem&sslkey=k.pem\
         &application_name=shop%201&target_session_attrs=any",
    );
    let (_, options) = address.hosts().pop().unwrap();
    assert!(matches!(options.get_ssl_mode(), PgSslMode::VerifyFull));
    assert_eq!(options.get_application_name(), Some("shop 1"));
    assert!(!address.wants_primary());

    let plain = parse("postgres://db/verify?");
    let (_, options) = plain.hosts().pop().unwrap();
    assert!(matches!(options.get_ssl_mode(), PgSslMode::Prefer));
    assert_eq!(options.get_application_name(), Some("sparrow-verify"));
    assert!(plain.wants_primary());

    let require = parse("postgres://db/verify?sslmode=require&sslrootcert=ca.pem");
    let (_, options) = require.hosts().pop().unwrap();
    assert!(matches!(options.get_ssl_mode(), PgSslMode::VerifyCa), "as libpq has it");
}

#[test]
fn what_is_no_url_is_refused_without_being_repeated() {
    for (url, fault) in [
        ("", NO_SCHEME),
        ("db/verify", NO_SCHEME),
        ("mysql://secret@db/verify", NO_SCHEME),
        ("postgres:/secret@db/verify", NO_SCHEME),
        ("postgres:///verify", NO_HOST),
        ("postgres://ram:secret@/verify", NO_HOST),
        ("postgres://db1,,db2/verify", NO_HOST),
        ("postgres://:5432/verify", NO_HOST),
        ("postgres://db:secret/verify", NO_PORT),
        ("postgres://db:0/verify", NO_PORT),
        ("postgres://db:65536/verify", NO_PORT),
        ("postgres://db:/verify", NO_PORT),
        ("postgres://::1/verify", NO_HOST),
        ("postgres://[::1]5432/verify", NO_PORT),
        ("postgres://db", NO_DATABASE),
        ("postgres://db/", NO_DATABASE),
        ("postgres://db/?sslmode=require", NO_DATABASE),
        ("postgres://ram:secret%@db/verify", NOT_ENCODED),
        ("postgres://ram:123/secret@db/verify", NOT_ENCODED),
        ("postgres://db/verify/secret", NOT_ENCODED),
        ("postgres://ram:secret%2@db/verify", NOT_ENCODED),
        ("postgres://ram:secret%+1@db/verify", NOT_ENCODED),
        ("postgres://ram:secret%ff@db/verify", NOT_ENCODED),
        ("postgres://ram:secret%00@db/verify", NOT_ENCODED),
        ("postgres://ram:secret%é@db/verify", NOT_ENCODED),
        ("postgres://ram:secret#@db/verify", NOT_ENCODED),
        ("postgres://ram:sec ret@db/verify", NOT_ENCODED),
        ("postgres://db/verify?surprise=secret", UNKNOWN_SETTING),
        ("postgres://db/verify?sslmode", UNKNOWN_SETTING),
        ("postgres://db/verify?sslmode=require&sslmode=disable", UNKNOWN_SETTING),
        ("postgres://db/verify?password=secret", UNKNOWN_SETTING),
        ("postgres://db/verify?sslmode=secret", NO_TLS),
        ("postgres://db/verify?target_session_attrs=secret", NO_TARGET),
        ("postgres://db/verify?sslcert=secret", HALF_A_CERTIFICATE),
        ("postgres://db/verify?sslrootcert=secret", ROOT_IS_NOT_ASKED),
    ] {
        let refused = PostgresAddress::parse(url).unwrap_err();
        assert_eq!(refused, fault, "{url}");
        let told = refused.to_string();
        assert!(told.starts_with("must be postgres://") && !told.contains("secret"), "{told}");
    }
    let many = format!("postgres://{}/verify", ["db"; 17].join(","));
    assert_eq!(PostgresAddress::parse(&many).unwrap_err(), TOO_MANY_HOSTS);
}
