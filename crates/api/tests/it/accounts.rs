//! Accounts: made, looked at, listed; their phones taken away and given.

use domain::credential::Scope;
use domain::policy::Policy;
use domain::testkit::World;
use serde_json::{Value, json};

use crate::harness::{Answer, Call, OTHER_PHONE, PHONE, START, Service, UNKNOWN_ID, delete, get, post, put};

const ACCOUNTS: &str = "/v1/accounts";
const OWN: &str = "/v1/account";

fn two_applications() -> Service {
    Service::over(World::builder().application("shop", "Shop", Policy::default()).build())
}

fn create(token: &str, username: &str) -> Call {
    post(ACCOUNTS).bearer(token).json(&json!({"username": username}))
}

fn change(token: &str, id: &str, phone: &str) -> Call {
    put(format!("{ACCOUNTS}/{id}/phone")).bearer(token).json(&json!({"phone": phone}))
}

async fn account(service: &Service, token: &str, username: &str) -> String {
    service.call(create(token, username)).await.is(201)["id"].as_str().unwrap().to_owned()
}

async fn own(service: &Service, user: &str) -> Value {
    service.call_changes_nothing(get(OWN).bearer(user)).await.is(200)
}

async fn start_for(service: &Service, user: &str, purpose: &str) -> Answer {
    let body = json!({"phone": PHONE, "purpose": purpose});
    service.call(post(START).bearer(user).json(&body)).await
}

#[tokio::test]
async fn an_account_is_made_once() {
    let service = Service::new();
    let (key, admin) = (service.key(Scope::Verify).await, service.key(Scope::Admin).await);
    let made = service.call(create(&key, "राम")).await.is(201);
    assert_eq!(made["username"], "राम");
    assert_eq!(made["created_at"], "2026-01-15T08:00:00.000Z");
    assert!(made.get("phone").is_none() && made.get("phone_verified_at").is_none(), "{made}");
    for token in [&key, &admin] {
        assert_eq!(service.call_changes_nothing(create(token, "राम")).await.is(200), made);
    }
    account(&service, &admin, "Ram").await;
    let user = service.user("ram").await;
    service.call_changes_nothing(create(&user, "hari")).await.refuses(403, "scope-missing");
}

#[tokio::test]
async fn a_name_that_is_none_makes_no_account() {
    let service = Service::new();
    let key = service.key(Scope::Verify).await;
    for username in ["", " ram", "ra\nm", &"x".repeat(151)] {
        let body = service.call_changes_nothing(create(&key, username)).await.refuses(422, "body-invalid");
        assert_eq!(body["errors"][0]["pointer"], "#/username");
    }
    for body in [json!({}), json!({"username": 7}), json!({"username": "ram", "phone": PHONE})] {
        let create = post(ACCOUNTS).bearer(&key).json(&body);
        service.call_changes_nothing(create).await.refuses(422, "body-invalid");
    }
}

#[tokio::test]
async fn an_account_is_seen_by_itself_and_its_application() {
    let service = two_applications();
    let (ram, sita) = (service.user("ram").await, service.user("sita").await);
    service.approved(&ram).await;
    let seen = own(&service, &ram).await;
    assert_eq!(seen["phone"], "+97798•••••23");
    assert_eq!(seen["phone_verified_at"], "2026-01-15T08:00:00.000Z");
    let path = format!("{ACCOUNTS}/{}", seen["id"].as_str().unwrap());
    for token in [&ram, &service.key(Scope::Verify).await, &service.key(Scope::Admin).await] {
        assert_eq!(service.call_changes_nothing(get(&path).bearer(token)).await.is(200), seen);
    }
    let foreign =
        [sita, service.key_of("shop", Scope::Verify).await, service.key_of("shop", Scope::Admin).await];
    for token in &foreign {
        service.call_changes_nothing(get(&path).bearer(token)).await.refuses(404, "account-not-found");
    }
    for nobody in [UNKNOWN_ID, "ram", "%FF", "01890a5dac96774bbcceb302099a8057"] {
        let look = get(format!("{ACCOUNTS}/{nobody}")).bearer(&ram);
        service.call_changes_nothing(look).await.refuses(404, "account-not-found");
    }
    for key in [service.key(Scope::Verify).await, service.key(Scope::Admin).await] {
        for call in [get(OWN), delete(format!("{OWN}/phone"))] {
            service.call_changes_nothing(call.bearer(&key)).await.refuses(403, "scope-missing");
        }
    }
}

#[tokio::test]
async fn accounts_are_listed_in_pages_youngest_first() {
    let service = two_applications();
    let key = service.key(Scope::Verify).await;
    let mut all = Vec::new();
    for number in 0..5 {
        all.insert(0, account(&service, &key, &format!("user-{number}")).await);
        service.pass(1);
    }
    account(&service, &service.key_of("shop", Scope::Verify).await, "user-1").await;
    let ids = |page: &Value| {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let list = get(format!("{ACCOUNTS}?limit=2{cursor}")).bearer(&key);
        let page = service.call_changes_nothing(list).await.is(200);
        found.extend(ids(&page));
        let Some(next) = page.get("next") else { break };
        cursor = format!("&cursor={}", next.as_str().unwrap());
    }
    assert_eq!(found, all);

    let named = |name: &str| get(format!("{ACCOUNTS}?username={name}")).bearer(&key);
    let page = service.call_changes_nothing(named("user-1")).await.is(200);
    assert_eq!((ids(&page), page.get("next")), (vec![all[3].clone()], None));
    for nobody in ["User-1", "user", "user-_"] {
        let page = service.call_changes_nothing(named(nobody)).await.is(200);
        assert_eq!(page, json!({"items": []}), "{nobody}");
    }
    for query in ["username=", "username=%20ram", "limit=0", "limit=101", "cursor=7"] {
        let list = get(format!("{ACCOUNTS}?{query}")).bearer(&key);
        service.call_changes_nothing(list).await.refuses(400, "parameter-invalid");
    }
    let user = service.user("user-1").await;
    service.call_changes_nothing(get(ACCOUNTS).bearer(&user)).await.refuses(403, "scope-missing");
}

#[tokio::test]
async fn a_phone_is_unlinked_by_its_holder_or_a_key_as_often_as_they_like() {
    let service = Service::new();
    let ram = service.user("ram").await;
    let id = own(&service, &ram).await["id"].as_str().unwrap().to_owned();
    let by_id = format!("{ACCOUNTS}/{id}/phone");
    let (key, admin) = (service.key(Scope::Verify).await, service.key(Scope::Admin).await);
    for (path, token) in
        [(format!("{OWN}/phone"), &ram), (by_id.clone(), &ram), (by_id.clone(), &key), (by_id, &admin)]
    {
        let phone = json!({"phone": PHONE});
        service.call(put(format!("{ACCOUNTS}/{id}/phone")).bearer(&admin).json(&phone)).await.is(200);
        let unlinked = service.call(delete(&path).bearer(token)).await.is(200);
        assert!(unlinked.get("phone").is_none() && unlinked["id"] == id.as_str(), "{unlinked}");
        assert_eq!(own(&service, &ram).await, unlinked);
        let again = service.call_changes_nothing(delete(&path).bearer(token)).await;
        assert_eq!(again.is(200), unlinked);
    }
}

#[tokio::test]
async fn nobody_unlinks_a_stranger_s_phone() {
    let service = two_applications();
    let ram = service.user("ram").await;
    service.approved(&ram).await;
    let id = own(&service, &ram).await["id"].as_str().unwrap().to_owned();
    let strangers = [
        service.user("sita").await,
        service.key_of("shop", Scope::Verify).await,
        service.key_of("shop", Scope::Admin).await,
    ];
    for token in &strangers {
        for id in [id.as_str(), UNKNOWN_ID, "ram"] {
            let unlink = delete(format!("{ACCOUNTS}/{id}/phone")).bearer(token);
            service.call_changes_nothing(unlink).await.refuses(404, "account-not-found");
        }
    }
}

/// The other purposes are about a phone that the account holds: they look, each time.
#[tokio::test]
async fn what_needs_the_phone_is_refused_at_once_when_it_is_unlinked() {
    for purpose in ["login", "recovery", "transaction"] {
        let service = Service::new();
        let ram = service.user("ram").await;
        service.approved(&ram).await;
        service.pass(61);
        let id = start_for(&service, &ram, purpose).await.is(201)["id"].as_str().unwrap().to_owned();
        let code = service.right_code();
        service.call(delete(format!("{OWN}/phone")).bearer(&ram)).await.is(200);
        let live = service.call(get(format!("{START}/{id}")).bearer(&ram)).await.is(200);
        assert_eq!(live["status"], "pending", "unlinking does not touch what is live");
        start_for(&service, &ram, purpose).await.refuses(403, "phone-not-verified");
        service.check(&ram, &id, &code).await.refuses(403, "phone-not-verified");
        service.pass(61);
        start_for(&service, &ram, purpose).await.refuses(403, "phone-not-verified");
        service.check(&ram, &id, &code).await.refuses(410, "verification-canceled");
    }
}

#[tokio::test]
async fn who_unlinks_may_prove_the_phone_again_and_so_may_others() {
    let service = Service::new();
    let (ram, sita) = (service.user("ram").await, service.user("sita").await);
    service.approved(&ram).await;
    service.pass(61);
    start_for(&service, &ram, "contact").await.refuses(403, "already-verified");
    service.call(delete(format!("{OWN}/phone")).bearer(&ram)).await.is(200);
    service.approved(&sita).await;
    service.pass(61);
    let id = start_for(&service, &ram, "contact").await.is(201)["id"].as_str().unwrap().to_owned();
    let code = service.right_code();
    service.check(&ram, &id, &code).await.refuses(409, "phone-taken");
}

#[tokio::test]
async fn an_admin_gives_an_account_a_phone_that_was_proved_elsewhere() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    let ram = service.user("ram").await;
    let id = own(&service, &ram).await["id"].as_str().unwrap().to_owned();
    let given = service.call(change(&admin, &id, "984 555 0123")).await.is(200);
    assert_eq!(given["phone"], "+97798•••••23");
    assert_eq!(given["phone_verified_at"], "2026-01-15T08:00:00.000Z");
    assert_eq!(own(&service, &ram).await, given);
    let path = format!("{ACCOUNTS}/{id}/phone");
    let body = json!({"phone": OTHER_PHONE, "verified_at": "2024-02-29T12:00:00.1234+05:45"});
    let given = service.call(put(&path).bearer(&admin).json(&body)).await.is(200);
    assert_eq!(given["phone_verified_at"], "2024-02-29T06:15:00.123Z");
    start_for(&service, &ram, "login").await.refuses(403, "phone-not-verified");
    let login = json!({"phone": OTHER_PHONE, "purpose": "login"});
    service.call(post(START).bearer(&ram).json(&login)).await.is(201);
    assert_eq!(service.world.gateway.sent().len(), 1, "giving a phone sends nothing");
}

#[tokio::test]
async fn a_phone_is_never_taken_from_another_account() {
    let service = two_applications();
    let admin = service.key(Scope::Admin).await;
    let (ram, sita) = (account(&service, &admin, "ram").await, account(&service, &admin, "sita").await);
    service.call(change(&admin, &ram, PHONE)).await.is(200);
    service.call_changes_nothing(change(&admin, &sita, PHONE)).await.refuses(409, "phone-taken");
    service.call(change(&admin, &ram, PHONE)).await.is(200);
    let shop = service.key_of("shop", Scope::Admin).await;
    let abroad = account(&service, &shop, "ram").await;
    service.call(change(&shop, &abroad, PHONE)).await.is(200);
    for id in [ram.as_str(), UNKNOWN_ID, "ram"] {
        let change = change(&shop, id, OTHER_PHONE);
        service.call_changes_nothing(change).await.refuses(404, "account-not-found");
    }
}

#[tokio::test]
async fn only_an_admin_key_changes_a_phone_and_only_to_one() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    let ram = service.user("ram").await;
    let id = own(&service, &ram).await["id"].as_str().unwrap().to_owned();
    for token in [&ram, &service.key(Scope::Verify).await] {
        service.call_changes_nothing(change(token, &id, PHONE)).await.refuses(403, "scope-missing");
    }
    let path = format!("{ACCOUNTS}/{id}/phone");
    let put = |body: &Value| put(&path).bearer(&admin).json(body);
    service.call_changes_nothing(put(&json!({"phone": "12"}))).await.refuses(422, "phone-invalid");
    for body in [
        json!({}),
        json!({"phone": PHONE, "verified_at": "yesterday"}),
        json!({"phone": PHONE, "verified_at": "2026-01-15T08:00:00.001Z"}),
        json!({"phone": PHONE, "verified_at": "1969-12-31T23:59:59Z"}),
        json!({"phone": PHONE, "username": "ram"}),
    ] {
        service.call_changes_nothing(put(&body)).await.refuses(422, "body-invalid");
    }
}

#[tokio::test]
async fn an_account_s_history_tells_what_became_of_its_phone() {
    let service = two_applications();
    let admin = service.key(Scope::Admin).await;
    let (ram, sita) = (service.user("ram").await, service.user("sita").await);
    let verification = service.approved(&ram).await;
    let id = own(&service, &ram).await["id"].as_str().unwrap().to_owned();
    service.pass(1);
    service.call(change(&admin, &id, OTHER_PHONE)).await.is(200);
    service.pass(1);
    service.call(delete(format!("{OWN}/phone")).bearer(&ram)).await.is(200);
    let path = format!("{ACCOUNTS}/{id}/history");
    let whole = service.call_changes_nothing(get(&path).bearer(&ram)).await.is(200);
    let told: Vec<_> = whole["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| ["type", "phone", "at"].map(|field| event[field].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        ["phone.unlinked", "+97798•••••23", "2026-01-15T08:00:02.000Z"],
        ["phone.changed", "+97798•••••23", "2026-01-15T08:00:01.000Z"],
        ["verification.approved", "+97798•••••23", "2026-01-15T08:00:00.000Z"],
    ];
    assert_eq!(told, expected);
    assert_eq!(whole["items"][2]["verification"], verification.as_str());
    for token in [&admin, &service.key(Scope::Verify).await] {
        assert_eq!(service.call_changes_nothing(get(&path).bearer(token)).await.is(200), whole);
    }
    for token in [&sita, &service.key_of("shop", Scope::Admin).await] {
        service.call_changes_nothing(get(&path).bearer(token)).await.refuses(404, "account-not-found");
    }

    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let part = get(format!("{path}?limit=2{cursor}")).bearer(&ram);
        let page = service.call_changes_nothing(part).await.is(200);
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page.get("next") else { break };
        cursor = format!("&cursor={}", next.as_str().unwrap());
    }
    assert_eq!(json!(found), whole["items"]);
    for query in ["limit=0", "cursor=x", "cursor=-1"] {
        let part = get(format!("{path}?{query}")).bearer(&ram);
        service.call_changes_nothing(part).await.refuses(400, "parameter-invalid");
    }
}
