//! Where metrics are asked for.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

#[test]
fn there_are_no_metrics_unless_somebody_wants_them() {
    let config = Sandbox::new().loaded();
    assert_eq!((config.metrics.listen, &config.shown()["metrics"]["listen"]), (None, &Value::Null));
    let config = Sandbox::new().variable("METRICS__LISTEN", "[::1]:9464").loaded();
    assert_eq!(config.metrics.listen, Some("[::1]:9464".parse().unwrap()));
    assert_eq!(config.shown()["metrics"]["listen"], json!("[::1]:9464"));
}

#[test]
fn they_have_an_address_of_their_own() {
    let faults = Sandbox::new().variable("METRICS__LISTEN", "127.0.0.1:8080").faults();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("must be another address than `server.listen`"), "{faults:?}");
    let faults = Sandbox::new().variable("METRICS__LISTEN", "localhost").faults();
    assert!(faults.len() == 1 && faults[0].starts_with("metrics.listen: must be "), "{faults:?}");
    let free =
        Sandbox::new().variable("METRICS__LISTEN", "127.0.0.1:0").variable("SERVER__LISTEN", "127.0.0.1:0");
    assert!(free.loaded().metrics.listen.is_some(), "each gets a port of its own");
}
