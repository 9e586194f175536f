//! Keys: who administers an application hands them out and takes them back.

use domain::credential::Scope;
use domain::policy::Policy;
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{Call, START, Service, UNKNOWN_ID, delete, get, post};

const KEYS: &str = "/v1/admin/keys";

fn two_applications() -> Service {
    Service::over(World::builder().application("shop", "Shop", Policy::default()).build())
}

fn issue(admin: &str, body: &Value) -> Call {
    post(KEYS).bearer(admin).json(body)
}

fn key(admin: &str, id: &str) -> Call {
    get(format!("{KEYS}/{id}")).bearer(admin)
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field}: {value}")).to_owned()
}

#[tokio::test]
async fn a_key_works_until_it_is_revoked_and_its_secret_is_told_once() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    for (scope, prefix, works) in [("verify", "svk_", "/v1/accounts"), ("admin", "sva_", KEYS)] {
        let answer =
            service.call(issue(&admin, &json!({"scope": scope, "name": "CI", "expires_in_days": 7}))).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let issued = answer.is(201);
        let (id, secret) = (text(&issued, "id"), text(&issued, "secret"));
        assert!(secret.starts_with(prefix), "{scope}");
        assert_eq!(issued["expires_at"], "2026-01-22T08:00:00.000Z");
        service.call(get(works).bearer(&secret)).await.is(200);

        let seen = service.call_changes_nothing(key(&admin, &id)).await;
        assert!(!seen.text().contains(&secret), "a secret is told twice");
        let seen = seen.is(200);
        assert_eq!((&seen["scope"], &seen["name"]), (&json!(scope), &json!("CI")));
        let listed = service.call_changes_nothing(get(KEYS).bearer(&admin)).await;
        assert!(!listed.text().contains(&secret), "a secret is told twice");
        assert_eq!(listed.is(200)["items"][0], seen);

        let revoke = || delete(format!("{KEYS}/{id}")).bearer(&admin);
        let revoked = service.call(revoke()).await.is(200);
        assert_eq!(revoked["revoked_at"], "2026-01-15T08:00:00.000Z");
        service.call(get(works).bearer(&secret)).await.refuses(401, "unauthenticated");
        assert_eq!(service.call_changes_nothing(revoke()).await.is(200), revoked);
        assert_eq!(service.call_changes_nothing(key(&admin, &id)).await.is(200), revoked);
    }
}

#[tokio::test]
async fn a_key_may_revoke_itself() {
    let service = Service::new();
    let (credential, _) = service.credential_of("default", None, None).await;
    let admin = service.key(Scope::Admin).await;
    let listed = service.call(get(KEYS).bearer(&admin)).await.is(200);
    let own = listed["items"].as_array().unwrap().iter().find(|key| key["scope"] == "admin").unwrap();
    service.call(delete(format!("{KEYS}/{}", text(own, "id"))).bearer(&admin)).await.is(200);
    service.call(key(&admin, &credential.id.to_string())).await.refuses(401, "unauthenticated");
}

#[tokio::test]
async fn only_an_admin_key_hands_keys_out() {
    let service = Service::new();
    let id = service.credential_of("default", None, None).await.0.id.to_string();
    for token in [service.user("ram").await, service.key(Scope::Verify).await] {
        let calls = [
            issue(&token, &json!({"scope": "verify"})),
            get(KEYS).bearer(&token),
            key(&token, &id),
            delete(format!("{KEYS}/{id}")).bearer(&token),
        ];
        for call in calls {
            service.call_changes_nothing(call).await.refuses(403, "scope-missing");
        }
    }
}

#[tokio::test]
async fn keys_of_others_and_user_tokens_read_as_not_there() {
    let service = two_applications();
    let admin = service.key(Scope::Admin).await;
    let shops = service.credential_of("shop", None, None).await.0.id.to_string();
    let token = service.credential_of("default", Some("ram"), None).await.0.id.to_string();
    for id in [shops.as_str(), &token, UNKNOWN_ID, "key", "%FF"] {
        service.call_changes_nothing(key(&admin, id)).await.refuses(404, "key-not-found");
        let revoke = delete(format!("{KEYS}/{id}")).bearer(&admin);
        service.call_changes_nothing(revoke).await.refuses(404, "key-not-found");
    }
    let page = service.call(get(KEYS).bearer(&admin)).await.is(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "its own only: {page}");
}

#[tokio::test]
async fn bad_terms_issue_no_key() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    let rows = [
        (json!({}), "#/scope"),
        (json!({"scope": "root"}), "#/scope"),
        (json!({"scope": "Admin"}), "#/scope"),
        (json!({"scope": "verify", "name": "a\nb"}), "#/name"),
        (json!({"scope": "verify", "expires_in_days": -1}), "#/expires_in_days"),
        (json!({"scope": "verify", "expires_at": "2026-01-14T08:00:00Z"}), "#/expires_at"),
        (json!({"scope": "verify", "secret": "svk_0"}), "#/secret"),
    ];
    for (body, pointer) in rows {
        let told = service.call_changes_nothing(issue(&admin, &body)).await.refuses(422, "body-invalid");
        assert_eq!(told["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn keys_are_listed_in_pages() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    for _ in 0..4 {
        service.pass(1);
        service.call(issue(&admin, &json!({"scope": "verify"}))).await.is(201);
    }
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let list = get(format!("{KEYS}?limit=2{cursor}")).bearer(&admin);
        let page = service.call_changes_nothing(list).await.is(200);
        found.extend(page["items"].as_array().unwrap().iter().map(|key| text(key, "created_at")));
        let Some(next) = page.get("next") else { break };
        cursor = format!("&cursor={}", next.as_str().unwrap());
    }
    let seconds: Vec<_> = (0..5).rev().map(|second| format!("2026-01-15T08:00:0{second}.000Z")).collect();
    assert_eq!(found, seconds);
    for query in ["limit=0", "cursor=7"] {
        let list = get(format!("{KEYS}?{query}")).bearer(&admin);
        service.call_changes_nothing(list).await.refuses(400, "parameter-invalid");
    }
    service.call(get(format!("{START}?limit=2")).bearer(&admin)).await.is(200);
}
