//! Blocks and allow-lists over HTTP.

use domain::credential::Scope;
use domain::policy::Policy;
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{OTHER_PHONE, PHONE, START, Service, UNKNOWN_ID, delete, get, post};

const BLOCKS: &str = "/v1/admin/blocks";

async fn created(service: &Service, admin: &str, body: Value) -> Value {
    service.call(post(BLOCKS).bearer(admin).json(&body)).await.is(201)
}

#[tokio::test]
async fn whoever_is_blocked_is_told_the_same_whatever_the_block_is_about() {
    let service = Service::new();
    let (admin, token) = (service.key(Scope::Admin).await, service.user("ram").await);
    let start = || post(START).bearer(&token).json(&json!({"phone": PHONE}));
    let mut told = Vec::new();
    for subject in [json!({"phone": PHONE}), json!({"prefix": "+977984"}), json!({"account": "ram"})] {
        let mut body = subject;
        body["action"] = json!("deny");
        let block = created(&service, &admin, body).await;
        let answer = service.call_changes_nothing(start()).await;
        answer.refuses(403, "blocked");
        told.push(answer.text().to_owned());
        let id = block["id"].as_str().unwrap();
        service.call(delete(format!("{BLOCKS}/{id}")).bearer(&admin)).await.is(200);
    }
    assert!(told.iter().all(|text| *text == told[0]), "{told:?}");
    service.call(start()).await.is(201);
}

#[tokio::test]
async fn checks_and_resends_of_a_blocked_phone_are_refused() {
    let service = Service::new();
    let (admin, token) = (service.key(Scope::Admin).await, service.user("ram").await);
    let id = service.started(&token).await;
    let code = service.right_code();
    created(&service, &admin, json!({"action": "deny", "phone": PHONE})).await;
    service.check(&token, &id, &code).await.refuses(403, "blocked");
    service.pass(120);
    service.resend(&token, &id).await.refuses(403, "blocked");
    created(&service, &admin, json!({"action": "allow", "phone": PHONE})).await;
    service.check(&token, &id, &code).await.is(200);
}

#[tokio::test]
async fn blocks_are_listed_looked_at_and_removed() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    service.user("ram").await;
    let bodies = [
        json!({"action": "deny", "phone": PHONE, "reason": "pumping"}),
        json!({"action": "allow", "prefix": "+9779845", "expires_at": "2026-02-01T00:00:00Z"}),
        json!({"action": "deny", "account": "ram"}),
    ];
    let mut made = Vec::new();
    for body in bodies {
        made.push(created(&service, &admin, body).await);
        service.pass(1);
    }
    assert_eq!(made[0]["phone"], "+97798•••••23");
    assert_eq!(
        (&made[1]["prefix"], &made[1]["expires_at"]),
        (&json!("+9779845"), &json!("2026-02-01T00:00:00.000Z"))
    );
    assert_eq!(made[2]["account"], "ram");
    let first = service.call(get(format!("{BLOCKS}?limit=2")).bearer(&admin)).await.is(200);
    assert_eq!(first["items"], json!([made[2], made[1]]));
    let cursor = first["next"].as_str().unwrap();
    let second = service.call(get(format!("{BLOCKS}?limit=2&cursor={cursor}")).bearer(&admin)).await.is(200);
    assert_eq!((&second["items"], &second["next"]), (&json!([made[0]]), &Value::Null));

    let one = format!("{BLOCKS}/{}", made[0]["id"].as_str().unwrap());
    assert_eq!(service.call(get(&one).bearer(&admin)).await.is(200), made[0]);
    service.call(delete(&one).bearer(&admin)).await.is(200);
    service.call(delete(&one).bearer(&admin)).await.refuses(404, "block-not-found");
    service.call(get(&one).bearer(&admin)).await.refuses(404, "block-not-found");
    let of_account = format!("{BLOCKS}/{}", made[2]["id"].as_str().unwrap());
    assert_eq!(service.call(delete(&of_account).bearer(&admin)).await.is(200), made[2]);
    for parameter in ["phone=1", "limit=1&limit=2"] {
        let mistyped = get(format!("{BLOCKS}?{parameter}")).bearer(&admin);
        service.call(mistyped).await.refuses(400, "parameter-invalid");
    }
    for id in [UNKNOWN_ID, "nonsense"] {
        service.call(get(format!("{BLOCKS}/{id}")).bearer(&admin)).await.refuses(404, "block-not-found");
    }
}

#[tokio::test]
async fn only_an_admin_key_blocks_and_only_in_its_own_application() {
    let service = Service::over(World::builder().application("shop", "Shop", Policy::default()).build());
    let (admin, token) = (service.key(Scope::Admin).await, service.user("ram").await);
    let verify = service.key(Scope::Verify).await;
    let body = json!({"action": "deny", "phone": OTHER_PHONE});
    for credential in [&token, &verify] {
        service.call(post(BLOCKS).bearer(credential).json(&body)).await.refuses(403, "scope-missing");
        service.call(get(BLOCKS).bearer(credential)).await.refuses(403, "scope-missing");
        let one = format!("{BLOCKS}/{UNKNOWN_ID}");
        service.call(get(&one).bearer(credential)).await.refuses(403, "scope-missing");
        service.call(delete(&one).bearer(credential)).await.refuses(403, "scope-missing");
    }
    created(&service, &admin, body).await;
    let (_, shop) = service.credential_of("shop", None, None).await;
    service.call(post(START).bearer(&shop).json(&json!({"phone": OTHER_PHONE}))).await.is(201);
}

#[tokio::test]
async fn what_is_no_block_is_told_with_its_field() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    let wrong = [
        (json!({"phone": PHONE}), "#/action"),
        (json!({"action": "block", "phone": PHONE}), "#/action"),
        (json!({"action": "deny"}), "#/phone"),
        (json!({"action": "deny", "phone": PHONE, "prefix": "+9779"}), "#/phone"),
        (json!({"action": "deny", "prefix": "977"}), "#/prefix"),
        (json!({"action": "deny", "prefix": "9779845"}), "#/prefix"),
        (json!({"action": "deny", "prefix": "+97798455501"}), "#/prefix"),
        (json!({"action": "deny", "phone": PHONE, "reason": "call 984 555 0123"}), "#/reason"),
        (json!({"action": "deny", "phone": PHONE, "expires_at": "tomorrow"}), "#/expires_at"),
        (json!({"action": "deny", "phone": PHONE, "expires_at": "2026-01-15T08:00:00Z"}), "#/expires_at"),
    ];
    for (body, pointer) in wrong {
        let problem =
            service.call(post(BLOCKS).bearer(&admin).json(&body)).await.refuses(422, "body-invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    let nobody = json!({"action": "deny", "account": "nobody"});
    service.call(post(BLOCKS).bearer(&admin).json(&nobody)).await.refuses(404, "account-not-found");
    let fixed = json!({"action": "deny", "phone": "014412345"});
    service.call(post(BLOCKS).bearer(&admin).json(&fixed)).await.refuses(422, "phone-invalid");
}

#[tokio::test]
async fn blocks_that_are_too_old_to_be_believed_are_told_as_unavailable() {
    let service = Service::new();
    let token = service.user("ram").await;
    service.world.store.set_blocks_stale(true);
    let start = post(START).bearer(&token).json(&json!({"phone": PHONE}));
    service.call_changes_nothing(start).await.refuses(503, "temporarily-unavailable");
}
