//! User tokens: an application hands them out for its accounts.

use domain::credential::Scope;
use domain::policy::Policy;
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{Call, START, Service, UNKNOWN_ID, delete, get, post};

fn two_applications() -> Service {
    Service::over(World::builder().application("shop", "Shop", Policy::default()).build())
}

async fn account(service: &Service, key: &str, username: &str) -> String {
    let create = post("/v1/accounts").bearer(key).json(&json!({"username": username}));
    service.call(create).await.json()["id"].as_str().unwrap().to_owned()
}

fn tokens(account: &str) -> String {
    format!("/v1/accounts/{account}/tokens")
}

fn issue(key: &str, account: &str, body: &Value) -> Call {
    post(tokens(account)).bearer(key).json(body)
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field}: {value}")).to_owned()
}

#[tokio::test]
async fn a_token_acts_for_its_account_until_it_is_revoked() {
    let service = Service::new();
    for scope in [Scope::Verify, Scope::Admin] {
        let key = service.key(scope).await;
        let ram = account(&service, &key, "ram").await;
        let answer = service.call(issue(&key, &ram, &json!({"name": "Ram's phone"}))).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let issued = answer.is(201);
        let (id, secret) = (text(&issued, "id"), text(&issued, "secret"));
        assert!(secret.starts_with("svu_") && issued.get("expires_at").is_none(), "{issued}");
        let own = service.call(get("/v1/account").bearer(&secret)).await.is(200);
        assert_eq!((&own["username"], &own["id"]), (&json!("ram"), &json!(ram)));

        let listed = service.call(get(tokens(&ram)).bearer(&key)).await;
        assert!(!listed.text().contains(&secret), "a secret is told twice");
        let first = &listed.is(200)["items"][0];
        assert_eq!((&first["id"], &first["name"]), (&json!(id), &json!("Ram's phone")));
        assert!(first.get("revoked_at").is_none(), "{first}");

        let revoke = || delete(format!("{}/{id}", tokens(&ram))).bearer(&key);
        let revoked = service.call(revoke()).await.is(200);
        assert_eq!(revoked["revoked_at"], revoked["created_at"]);
        service.call(get("/v1/account").bearer(&secret)).await.refuses(401, "unauthenticated");
        service.pass(1);
        assert_eq!(service.call_changes_nothing(revoke()).await.is(200), revoked);
    }
}

#[tokio::test]
async fn a_token_ends_when_it_was_told_to() {
    let service = Service::new();
    let key = service.key(Scope::Verify).await;
    let ram = account(&service, &key, "ram").await;
    let in_a_minute = json!({"expires_at": "2026-01-15T13:46:00+05:45"});
    let issued = service.call(issue(&key, &ram, &in_a_minute)).await.is(201);
    assert_eq!(issued["expires_at"], "2026-01-15T08:01:00.000Z");
    let secret = text(&issued, "secret");
    service.pass(59);
    service.call(get(START).bearer(&secret)).await.is(200);
    service.pass(1);
    service.call(get(START).bearer(&secret)).await.refuses(401, "unauthenticated");
    let issued = service.call(issue(&key, &ram, &json!({"expires_in_days": 30}))).await.is(201);
    assert_eq!(issued["expires_at"], "2026-02-14T08:01:00.000Z");
}

#[tokio::test]
async fn bad_terms_issue_nothing() {
    let service = Service::new();
    let key = service.key(Scope::Verify).await;
    let ram = account(&service, &key, "ram").await;
    let rows = [
        (json!({"name": ""}), "#/name"),
        (json!({"name": "x".repeat(61)}), "#/name"),
        (json!({"name": " x"}), "#/name"),
        (json!({"expires_in_days": 0}), "#/expires_in_days"),
        (json!({"expires_in_days": 3651}), "#/expires_in_days"),
        (json!({"expires_in_days": "30"}), "#/expires_in_days"),
        (json!({"expires_in_days": 1.5}), "#/expires_in_days"),
        (json!({"expires_at": "2026-01-15T08:00:00Z"}), "#/expires_at"),
        (json!({"expires_at": "2036-01-16T08:00:00Z"}), "#/expires_at"),
        (json!({"expires_at": "tomorrow"}), "#/expires_at"),
        (json!({"expires_at": "2026-02-15T08:00:00Z", "expires_in_days": 30}), "#/expires_in_days"),
        (json!({"scope": "admin"}), "#/scope"),
    ];
    for (body, pointer) in rows {
        let told = service.call_changes_nothing(issue(&key, &ram, &body)).await.refuses(422, "body-invalid");
        assert_eq!(told["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn tokens_are_for_keys_to_hand_out() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let id = text(&service.call(get("/v1/account").bearer(&ram)).await.is(200), "id");
    let calls = [
        issue(&ram, &id, &json!({})),
        get(tokens(&id)).bearer(&ram),
        delete(format!("{}/{UNKNOWN_ID}", tokens(&id))).bearer(&ram),
    ];
    for call in calls {
        service.call_changes_nothing(call).await.refuses(403, "scope-missing");
    }
}

#[tokio::test]
async fn foreign_accounts_and_tokens_read_as_not_there() {
    let service = two_applications();
    let (key, shop) = (service.key(Scope::Verify).await, service.key_of("shop", Scope::Verify).await);
    let (ram, sita) = (account(&service, &key, "ram").await, account(&service, &key, "sita").await);
    let token = text(&service.call(issue(&key, &ram, &json!({}))).await.is(201), "id");
    for (caller, account) in [(&shop, ram.as_str()), (&key, UNKNOWN_ID), (&key, "ram")] {
        let calls = [
            issue(caller, account, &json!({})),
            get(tokens(account)).bearer(caller),
            delete(format!("{}/{token}", tokens(account))).bearer(caller),
        ];
        for call in calls {
            service.call_changes_nothing(call).await.refuses(404, "account-not-found");
        }
    }
    let key_id = service.credential_of("default", None, None).await.0.id.to_string();
    for (account, token) in [(&sita, &token), (&ram, &UNKNOWN_ID.to_owned()), (&ram, &key_id), (&ram, &ram)] {
        let revoke = delete(format!("{}/{token}", tokens(account))).bearer(&key);
        service.call_changes_nothing(revoke).await.refuses(404, "token-not-found");
    }
}

#[tokio::test]
async fn tokens_are_listed_in_pages_for_one_account() {
    let service = Service::new();
    let key = service.key(Scope::Verify).await;
    let (ram, sita) = (account(&service, &key, "ram").await, account(&service, &key, "sita").await);
    let mut all = Vec::new();
    for _ in 0..3 {
        all.insert(0, text(&service.call(issue(&key, &ram, &json!({}))).await.is(201), "id"));
        service.call(issue(&key, &sita, &json!({}))).await.is(201);
        service.pass(1);
    }
    let first = service.call(get(format!("{}?limit=2", tokens(&ram))).bearer(&key)).await.is(200);
    let path = format!("{}?limit=2&cursor={}", tokens(&ram), text(&first, "next"));
    let second = service.call(get(path).bearer(&key)).await.is(200);
    let ids: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| page["items"].as_array().unwrap())
        .map(|token| text(token, "id"))
        .collect();
    assert_eq!((ids, second.get("next")), (all, None));
}
