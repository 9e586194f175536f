//! Webhooks and what they were told.

use domain::application::ApplicationId;
use domain::credential::{CredentialKind, Scope};
use domain::event::EventKind;
use domain::policy::Policy;
use domain::testkit::World;
use domain::use_cases::credentials;
use domain::use_cases::webhooks::{claim, hand_out, tell};
use domain::webhook::{AttemptFault, AttemptOutcome, Webhook};
use serde_json::{Value, json};

use crate::harness::{START, Service, UNKNOWN_ID, delete, get, post};

const WEBHOOKS: &str = "/v1/admin/webhooks";
const DELIVERIES: &str = "/v1/admin/webhook-deliveries";

fn service() -> Service {
    let world = World::builder().webhooks(&["orders", "crm"]).application("shop", "Shop", Policy::default());
    Service::over(world.build())
}

/// A canceled verification whose event both webhooks were told once.
async fn told(service: &Service) {
    let token = service.user("ram").await;
    let id = service.started(&token).await;
    let _ = service.call(delete(format!("{START}/{id}")).bearer(&token)).await.is(200);
    tell_all(service).await;
}

async fn tell_all(service: &Service) {
    let verifier = &service.world.verifier;
    hand_out(verifier).await.unwrap();
    let webhooks: Vec<&Webhook> = verifier.applications.webhooks().collect();
    for due in claim(verifier, &webhooks, 100).await.unwrap() {
        tell(verifier, &due).await.unwrap().unwrap();
    }
}

async fn admin_of_shop(service: &Service) -> String {
    let (shop, kind) = (ApplicationId::parse("shop").unwrap(), CredentialKind::Key(Scope::Admin));
    let issued = credentials::issue(&service.world.verifier, &shop, kind, None).await.unwrap();
    issued.1.reveal().to_owned()
}

fn names(page: &Value, field: &str) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn webhooks_are_listed_without_their_secrets() {
    let service = service();
    let admin = service.key(Scope::Admin).await;
    let list = service.call(get(WEBHOOKS).bearer(&admin)).await.is(200);
    assert_eq!(names(&list, "name"), ["orders", "crm"]);
    let first = &list["items"][0];
    assert_eq!((&first["url"], &first["secrets"]), (&json!("https://example.com/orders"), &json!(1)));
    assert_eq!(first["events"].as_array().unwrap().len(), EventKind::ALL.len());
}

#[tokio::test]
async fn deliveries_are_listed_by_pages_and_filters_and_shown_with_their_attempts() {
    let service = service();
    let admin = service.key(Scope::Admin).await;
    let outcomes = [AttemptOutcome::Failed(AttemptFault::TimedOut), AttemptOutcome::Taken { status: 200 }];
    service.world.receiver.answer_next(outcomes);
    told(&service).await;
    let of =
        async |query: &str| service.call(get(format!("{DELIVERIES}{query}")).bearer(&admin)).await.is(200);
    let all = of("").await;
    assert_eq!(names(&all, "kind"), ["verification.canceled"; 2]);
    let page = of("?limit=1").await;
    let rest = of(&format!("?limit=1&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!([&page["items"][0], &rest["items"][0]], [&all["items"][0], &all["items"][1]]);
    assert_eq!(rest["next"], Value::Null);
    for (query, count) in [
        ("?status=pending", 1),
        ("?status=delivered", 1),
        ("?status=given-up", 0),
        ("?webhook=orders", 1),
        ("?webhook=nobody", 0),
        (&format!("?event={UNKNOWN_ID}"), 0),
        (&format!("?event={}", names(&all, "event")[0]), 2),
    ] {
        assert_eq!(of(query).await["items"].as_array().unwrap().len(), count, "{query}");
    }
    let pending = of("?status=pending").await["items"][0].clone();
    assert!(pending["next_at"].is_string(), "{pending}");
    let id = pending["id"].as_str().unwrap();
    let shown = service.call(get(format!("{DELIVERIES}/{id}")).bearer(&admin)).await.is(200);
    assert_eq!(shown["delivery"], pending);
    let attempt = &shown["attempts"][0];
    assert_eq!((&attempt["outcome"], &attempt["fault"]), (&json!("failed"), &json!("timed-out")));
    assert_eq!(attempt["took_ms"], 7);
    for query in ["?status=lost", "?event=x", "?webhook=A", "?limit=0", "?cursor=x"] {
        let answer = service.call(get(format!("{DELIVERIES}{query}")).bearer(&admin)).await;
        let _ = answer.refuses(400, "parameter-invalid");
    }
}

#[tokio::test]
async fn an_event_is_replayed_to_one_webhook() {
    let service = service();
    let admin = service.key(Scope::Admin).await;
    told(&service).await;
    let event = service.world.receiver.received()[0].id.to_string();
    let replay = async |event: &str, webhook: &str| {
        let body = json!({ "webhook": webhook });
        service.call(post(format!("/v1/admin/events/{event}/replays")).bearer(&admin).json(&body)).await
    };
    let made = replay(&event, "crm").await.is(201);
    assert_eq!(
        (&made["webhook"], &made["status"], &made["event"]),
        (&json!("crm"), &json!("pending"), &json!(event))
    );
    tell_all(&service).await;
    assert_eq!(service.world.receiver.received().len(), 3);
    for unknown in [UNKNOWN_ID, "x"] {
        let _ = replay(unknown, "crm").await.refuses(404, "event-not-found");
    }
    for webhook in ["nobody", "", "Not A Name"] {
        let _ = replay(&event, webhook).await.refuses(404, "webhook-not-found");
    }
}

#[tokio::test]
async fn only_an_admin_key_sees_webhooks_and_only_those_of_its_application() {
    let service = service();
    told(&service).await;
    let admin = service.key(Scope::Admin).await;
    let all = service.call(get(DELIVERIES).bearer(&admin)).await.is(200);
    let (delivery, event) = (names(&all, "id")[0].clone(), names(&all, "event")[0].clone());
    let one = format!("{DELIVERIES}/{delivery}");
    let replays = format!("/v1/admin/events/{event}/replays");
    for credential in [service.user("ram").await, service.key(Scope::Verify).await] {
        for path in [WEBHOOKS, DELIVERIES, &one] {
            let _ = service.call(get(path).bearer(&credential)).await.refuses(403, "scope-missing");
        }
        let body = json!({"webhook": "orders"});
        let _ =
            service.call(post(&replays).bearer(&credential).json(&body)).await.refuses(403, "scope-missing");
    }
    let foreign = admin_of_shop(&service).await;
    assert_eq!(service.call(get(WEBHOOKS).bearer(&foreign)).await.is(200)["items"], json!([]));
    assert_eq!(service.call(get(DELIVERIES).bearer(&foreign)).await.is(200)["items"], json!([]));
    let _ = service.call(get(&one).bearer(&foreign)).await.refuses(404, "webhook-delivery-not-found");
    let _ = service
        .call(get(format!("{DELIVERIES}/x")).bearer(&admin))
        .await
        .refuses(404, "webhook-delivery-not-found");
    let body = json!({"webhook": "orders"});
    let _ = service.call(post(&replays).bearer(&foreign).json(&body)).await.refuses(404, "webhook-not-found");
}
