//! Who is told of answers, and what.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{ApiSettings, Traffic};
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{Service, call, get, post};

/// Remembers what it was told.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<(Arc<str>, u16)>>);

impl Heard {
    fn told(&self) -> Vec<(String, u16)> {
        let told = std::mem::take(&mut *self.0.lock().unwrap());
        told.into_iter().map(|(operation, status)| (operation.to_string(), status)).collect()
    }
}

impl Traffic for Heard {
    fn answered(&self, operation: &Arc<str>, status: u16, took: Duration) {
        assert!(took < Duration::from_mins(1));
        self.0.lock().unwrap().push((operation.clone(), status));
    }
}

fn service() -> (Service, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let settings = ApiSettings { traffic: Some(heard.clone()), ..ApiSettings::default() };
    (Service::with_settings(World::new(), settings), heard)
}

#[tokio::test]
async fn every_answer_is_told_by_its_operation() {
    let (service, heard) = service();
    let token = service.user("ram").await;
    for (asked, operation, status) in [
        (get("/livez"), "livez", 200),
        (call("HEAD", "/livez"), "livez", 200),
        (
            post("/v1/verifications").bearer(&token).json(&json!({"phone": "9841234567"})),
            "startVerification",
            201,
        ),
        (post("/v1/verifications").bearer(&token).json(&json!({"phone": 1})), "startVerification", 422),
        (get("/v1/verifications"), "listVerifications", 401),
        (post("/validate_phone/").json(&json!({})), "validatePhone", 401),
        (get("/openapi.json"), "page", 200),
        (get("/problems/rate-limited"), "page", 200),
        (get("/v1/9841234567"), "other", 404),
        (call("DELETE", "/livez"), "other", 405),
        (call("OPTIONS", "/livez"), "other", 204),
    ] {
        let (method, path) = (asked.method(), asked.path());
        let _ = service.call(asked).await;
        assert_eq!(heard.told(), [(operation.to_owned(), status)], "{method} {path}");
    }
}

#[tokio::test]
async fn operations_are_those_of_the_document_and_no_more() {
    let document: Value = serde_json::from_str(&api::document().unwrap()).unwrap();
    let mut known = BTreeSet::from(["page", "other"]);
    let ids =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    known.extend(ids.filter_map(|operation| operation["operationId"].as_str()));
    let (service, heard) = service();
    for path in document["paths"].as_object().unwrap().keys() {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let path = path.replace(['{', '}'], "x");
            let _ = service.call(call(method, path)).await;
        }
    }
    let told = heard.told();
    assert!(told.iter().all(|(operation, _)| known.contains(operation.as_str())), "{told:?}");
    let reached: BTreeSet<_> = told.iter().map(|(operation, _)| operation.as_str()).collect();
    assert!(reached.len() + 1 >= known.len(), "{known:?}");
}
