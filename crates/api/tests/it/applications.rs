//! Applications, as they are configured: each seen by its own admin key.

use domain::credential::Scope;
use domain::policy::{PhoneTaken, Policy};
use domain::testkit::World;
use serde_json::json;

use crate::harness::{Service, get};

const APPLICATIONS: &str = "/v1/admin/applications";

fn two_applications() -> Service {
    let shop = Policy { phone_taken: PhoneTaken::Transfer, ..Policy::default() };
    Service::over(World::builder().application("shop", "Shop", shop).build())
}

#[tokio::test]
async fn an_admin_key_sees_its_own_application() {
    let service = two_applications();
    let admin = service.key_of("shop", Scope::Admin).await;
    let shop = service.call_changes_nothing(get(format!("{APPLICATIONS}/shop")).bearer(&admin)).await.is(200);
    let expected = json!({
        "id": "shop",
        "name": "Shop",
        "default_locale": "en",
        "locales": ["en", "ne"],
        "policy": {
            "code_length": 6,
            "code_length_long": 8,
            "lifetime_seconds": 600,
            "renew_below_seconds": 180,
            "checks_max": 5,
            "cooldowns_seconds": [60, 120, 300],
            "early_resend": false,
            "phone_taken": "transfer",
            "reverify_after_seconds": 15_552_000,
        },
        "limits": {
            "sends_per_phone": [{"max": 5, "window_seconds": 600}, {"max": 10, "window_seconds": 86400}],
            "sends_per_account": [{"max": 10, "window_seconds": 86400}],
            "phones_per_account": [{"max": 5, "window_seconds": 86400}],
        },
        "invalid_numbers": {"in_a_row": 5, "share_percent": 2, "of_last": 500, "pause_seconds": 3600},
        "app_hashes": ["FA+9qCX9VSu"],
        "origins": ["https://example.com"],
        "proof_phone": "hash",
    });
    assert_eq!(shop, expected);
    let page = service.call_changes_nothing(get(APPLICATIONS).bearer(&admin)).await.is(200);
    assert_eq!(page, json!({"items": [shop]}));
}

#[tokio::test]
async fn another_application_reads_as_not_there() {
    let service = two_applications();
    let admin = service.key(Scope::Admin).await;
    service.call(get(format!("{APPLICATIONS}/default")).bearer(&admin)).await.is(200);
    for id in ["shop", "bank", "Default", "%FF", "a%20b"] {
        let look = get(format!("{APPLICATIONS}/{id}")).bearer(&admin);
        service.call_changes_nothing(look).await.refuses(404, "application-not-found");
    }
}

#[tokio::test]
async fn only_an_admin_key_looks_at_applications() {
    let service = Service::new();
    for token in [service.user("ram").await, service.key(Scope::Verify).await] {
        for path in [APPLICATIONS.to_owned(), format!("{APPLICATIONS}/default")] {
            service.call_changes_nothing(get(path).bearer(&token)).await.refuses(403, "scope-missing");
        }
    }
}
