//! The details of health, for operators.

use domain::credential::Scope;
use serde_json::{Value, json};

use crate::harness::{Service, get, post};

const HEALTH: &str = "/v1/admin/health";

async fn look(service: &Service, admin: &str) -> Value {
    service.call(get(HEALTH).bearer(admin)).await.is(200)
}

#[tokio::test]
async fn what_is_well_is_told_with_what_waits() {
    let service = Service::new();
    let (admin, token) = (service.key(Scope::Admin).await, service.user("ram").await);
    let well = look(&service, &admin).await;
    assert_eq!(
        (&well["status"], &well["schema_version"], &well["clock_ahead_ms"]),
        (&json!("ok"), &json!(1), &Value::Null)
    );
    let names: Vec<_> =
        well["dependencies"].as_array().unwrap().iter().map(|one| one["name"].as_str()).collect();
    assert_eq!(names, [Some("store"), Some("counters")]);
    assert_eq!(well["webhooks"], json!({"events_waiting": 0, "deliveries_pending": 0}));
    assert_eq!(well["loops"].as_array().unwrap().len(), 3);

    service.approved(&token).await;
    let waiting = look(&service, &admin).await;
    assert_eq!(waiting["webhooks"]["events_waiting"], 1);
    assert_eq!(waiting["webhooks"]["oldest_event_at"], "2026-01-15T08:00:00.000Z");
}

#[tokio::test]
async fn what_does_not_answer_is_told_and_the_rest_as_well() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    service.world.counters.set_down(true);
    service.world.store.fail_next("backlog", 1);
    let down = look(&service, &admin).await;
    let status = |number: usize| down["dependencies"][number]["status"].as_str();
    assert_eq!(
        (down["status"].as_str(), status(0), status(1)),
        (Some("unavailable"), Some("ok"), Some("unavailable"))
    );
    assert_eq!((&down["webhooks"], &down["schema_version"]), (&Value::Null, &json!(1)));
    service.world.counters.set_down(false);
    service.world.store.set_blocks_stale(true);
    assert_eq!(look(&service, &admin).await["status"], "unavailable", "nothing can be sent without blocks");
}

#[tokio::test]
async fn who_does_not_know_the_blocks_is_not_ready() {
    let service = Service::new();
    service.call(get("/readyz")).await.is(200);
    service.world.store.set_blocks_stale(true);
    let answer = service.call(get("/readyz")).await;
    assert_eq!((answer.status, answer.json()["status"].as_str()), (503, Some("unavailable")));
}

#[tokio::test]
async fn only_an_admin_key_looks_at_health() {
    let service = Service::new();
    for other in [service.user("ram").await, service.key(Scope::Verify).await] {
        service.call(get(HEALTH).bearer(&other)).await.refuses(403, "scope-missing");
    }
    service.call(get(HEALTH)).await.refuses(401, "unauthenticated");
    let admin = service.key(Scope::Admin).await;
    service.call(post(HEALTH).bearer(&admin)).await.refuses(405, "method-not-allowed");
}
