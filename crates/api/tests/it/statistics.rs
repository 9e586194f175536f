//! Statistics over HTTP.

use domain::credential::Scope;
use serde_json::{Value, json};

use crate::harness::{PHONE, START, Service, get, post};

const STATISTICS: &str = "/v1/admin/statistics";

async fn read(service: &Service, admin: &str, query: &str) -> Value {
    service.world.observer.hand_over(&*service.world.store).await;
    service.call(get(format!("{STATISTICS}{query}")).bearer(admin)).await.is(200)
}

#[tokio::test]
async fn what_happened_is_told_by_day_and_put_together_as_asked_for() {
    let service = Service::new();
    let (admin, token) = (service.key(Scope::Admin).await, service.user("ram").await);
    let id = service.started(&token).await;
    let again = post(START).bearer(&token).json(&json!({"phone": PHONE}));
    service.call(again).await.refuses(429, "resend-too-soon");
    service.check(&token, &id, &service.wrong_code()).await.refuses(422, "code-incorrect");
    service.pass(10);
    service.check(&token, &id, &service.right_code()).await.is(200);

    let told = read(&service, &admin, "").await;
    assert_eq!(
        (&told["from"], &told["to"], &told["by"]),
        (&json!("2025-12-17"), &json!("2026-01-15"), &json!("day"))
    );
    let expected = json!([{
        "name": "2026-01-15",
        "starts": 1, "approvals": 1, "expired": 0, "canceled": 0, "locked": 0,
        "conversion": 1.0,
        "time_to_verify": told["items"][0]["time_to_verify"],
        "sends": 1, "resends": 0, "segments": 1, "credits": 0.0, "wrong_checks": 1,
            "test_starts": 0,
            "test_approvals": 0,
        "refusals": [{"class": "resend-too-soon", "count": 1}, {"class": "code-incorrect", "count": 1}],
        "answers": [{"class": "accepted", "count": 1}],
    }]);
    assert_eq!(told["items"], expected);
    let p50 = told["items"][0]["time_to_verify"]["p50_ms"].as_u64().unwrap();
    assert!(p50.abs_diff(10_000) <= 500, "{p50}");

    for (by, name) in [("operator", "NTC"), ("purpose", "contact"), ("application", "default")] {
        let by_name = read(&service, &admin, &format!("?by={by}&from=2026-01-15&to=2026-01-15")).await;
        assert_eq!(by_name["items"].as_array().unwrap().len(), 1);
        assert_eq!((&by_name["items"][0]["name"], &by_name["items"][0]["starts"]), (&json!(name), &json!(1)));
    }
    assert_eq!(read(&service, &admin, "?to=2026-01-14").await["items"], json!([]));
}

#[tokio::test]
async fn what_is_of_no_known_phone_has_no_operator() {
    let service = Service::new();
    let (admin, key) = (service.key(Scope::Admin).await, service.key(Scope::Verify).await);
    let unknown = crate::harness::UNKNOWN_ID;
    service.check(&key, unknown, "123456").await.refuses(404, "verification-not-found");
    let told = read(&service, &admin, "?by=operator").await;
    let row = &told["items"][0];
    assert_eq!((&row["name"], &row["conversion"]), (&Value::Null, &Value::Null));
    assert_eq!(row["refusals"], json!([{"class": "verification-not-found", "count": 1}]));
}

#[tokio::test]
async fn another_applications_statistics_are_not_told() {
    let world = domain::testkit::World::builder();
    let world = world.application("shop", "Shop", domain::policy::Policy::default()).build();
    let service = Service::over(world);
    let shop = service.key_of("shop", Scope::Admin).await;
    let token = service.user("ram").await;
    service.started(&token).await;
    for by in ["day", "application"] {
        assert_eq!(read(&service, &shop, &format!("?by={by}")).await["items"], json!([]));
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_problem() {
    let service = Service::new();
    let (admin, token) = (service.key(Scope::Admin).await, service.user("ram").await);
    for wrong in [
        "?by=phone",
        "?by=",
        "?from=2026-02-30",
        "?from=yesterday",
        "?to=2026-01-15T00:00:00Z",
        "?from=2026-01-16&to=2026-01-15",
        "?from=2025-10-15&to=2026-01-15",
        "?from=1969-12-31&to=1970-01-01",
    ] {
        let call = get(format!("{STATISTICS}{wrong}")).bearer(&admin);
        service.call(call).await.refuses(400, "parameter-invalid");
    }
    let most = "?from=2025-10-16&to=2026-01-15";
    service.call(get(format!("{STATISTICS}{most}")).bearer(&admin)).await.is(200);
    for other in [token, service.key(Scope::Verify).await] {
        service.call(get(STATISTICS).bearer(&other)).await.refuses(403, "scope-missing");
    }
}
