//! Deliverability over HTTP.

use domain::credential::Scope;
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{START, Service, get, post};

const DELIVERABILITY: &str = "/v1/admin/deliverability";

async fn read(service: &Service, admin: &str) -> Value {
    service.world.observer.hand_over(&*service.world.store).await;
    service.call(get(DELIVERABILITY).bearer(admin)).await.is(200)
}

/// Sends to so many people, of whom so many type the code after twelve seconds.
async fn sent(service: &Service, key: &str, people: u32, verified: u32) {
    for number in 0..people {
        let start = json!({"phone": format!("98412{number:05}"), "account": format!("account-{number}")});
        let begun = service.call(post(START).bearer(key).json(&start)).await.is(201);
        service.pass(12);
        if number < verified {
            let id = begun["id"].as_str().unwrap();
            service.check(key, id, &service.right_code()).await.is(200);
        }
    }
}

#[tokio::test]
async fn the_share_and_its_interval_are_told_by_operator_and_route() {
    let service = Service::new();
    let (admin, key) = (service.key(Scope::Admin).await, service.key(Scope::Verify).await);
    sent(&service, &key, 25, 20).await;
    let young = read(&service, &admin).await;
    let expected = json!([{
        "operator": "NTC", "route": "scripted", "sends": 0, "verified": 0, "recent_sends": 25, "recent_verified": 20,
    }]);
    assert_eq!(young["items"], expected, "too few to tell");
    assert_eq!(
        (&young["from"], &young["to"]),
        (&json!("2026-01-15T06:55:00.000Z"), &json!("2026-01-15T07:55:00.000Z"))
    );

    service.pass(15 * 60);
    let told = read(&service, &admin).await;
    let row = &told["items"][0];
    assert_eq!((&row["sends"], &row["verified"], &row["lossy"]), (&json!(25), &json!(20), &json!(false)));
    assert_eq!(row["share"], json!({"value": 0.8, "low": 0.6087, "high": 0.9114}));
    for percentile in ["p50_ms", "p90_ms"] {
        let millis = row["time_to_verify"][percentile].as_u64().unwrap();
        assert!(millis.abs_diff(12_000) <= 600, "{percentile} {millis}");
    }
    assert_eq!((&row["recent_sends"], &row["recent_verified"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn another_applications_sms_are_not_told() {
    let world = World::builder().application("shop", "Shop", domain::policy::Policy::default()).build();
    let service = Service::over(world);
    let (shop, key) = (service.key_of("shop", Scope::Admin).await, service.key(Scope::Verify).await);
    sent(&service, &key, 1, 1).await;
    assert_eq!(read(&service, &shop).await["items"], json!([]));
}

#[tokio::test]
async fn only_an_admin_key_reads_it() {
    let service = Service::new();
    for other in [service.user("ram").await, service.key(Scope::Verify).await] {
        service.call(get(DELIVERABILITY).bearer(&other)).await.refuses(403, "scope-missing");
    }
}
