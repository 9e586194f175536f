//! Deliveries and gateways: what the gateway said, for those who administer.

use domain::credential::Scope;
use domain::ports::SendAnswer;
use serde_json::json;

use crate::harness::{OTHER_PHONE, PHONE, START, Service, UNKNOWN_ID, get, post};

const DELIVERIES: &str = "/v1/admin/deliveries";
const GATEWAYS: &str = "/v1/admin/gateways";
const ROUTES: &str = "/v1/admin/routes";

#[tokio::test]
async fn every_attempt_is_told_youngest_first_and_shows_no_phone() {
    let service = Service::new();
    let (token, admin) = (service.user("ram").await, service.key(Scope::Admin).await);
    let list = || get(DELIVERIES).bearer(&admin);
    assert_eq!(service.call(list()).await.is(200)["items"], json!([]));

    service.world.gateway.answer_next([SendAnswer::Refused, SendAnswer::Accepted]);
    let refused = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await;
    let _ = refused.refuses(502, "gateway-refused");
    service.pass(1);
    let started = service.call(post(START).bearer(&token).json(&json!({"phone": OTHER_PHONE}))).await;
    let id = started.is(201)["id"].clone();

    let page = service.call(list()).await.is(200);
    let answers: Vec<_> =
        page["items"].as_array().unwrap().iter().map(|item| item["answer"].clone()).collect();
    assert_eq!(answers, ["accepted", "refused"]);
    let first = &page["items"][0];
    assert_eq!((&first["verification"], &first["number"], &first["segments"]), (&id, &json!(1), &json!(1)));
    assert_eq!(first["gateway"], "scripted");
    for phone in [PHONE, OTHER_PHONE] {
        assert!(!page.to_string().contains(&phone[3..]), "{page}");
    }

    let of_one = format!("{DELIVERIES}?verification={}", id.as_str().unwrap());
    let of_one = service.call(get(&of_one).bearer(&admin)).await.is(200);
    assert_eq!(of_one["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn gateways_tell_how_they_answered() {
    let service = Service::new();
    let (token, admin) = (service.user("ram").await, service.key(Scope::Admin).await);
    let _ = service.call(post(START).bearer(&token).json(&json!({"phone": PHONE}))).await.is(201);
    let gateways = service.call(get(GATEWAYS).bearer(&admin)).await.is(200);
    let gateway = &gateways["items"][0];
    assert_eq!((&gateway["name"], &gateway["sender"]), (&json!("scripted"), &json!("Demo")));
    assert_eq!(gateway["answers"][0]["answer"], "accepted");
    assert_eq!(gateway["answers"][0]["count"], 1);
}

#[tokio::test]
async fn routes_tell_what_they_take_and_where_they_lead() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    let routes = service.call(get(ROUTES).bearer(&admin)).await.is(200);
    let [route] = routes["items"].as_array().unwrap().as_slice() else { panic!("{routes}") };
    assert_eq!((&route["gateway"], &route["on_unknown"]), (&json!("scripted"), &json!("stop")));
    assert_eq!((&route["countries"], &route["weight"]), (&json!([]), &json!(1)));
}

#[tokio::test]
async fn only_an_admin_key_sees_them() {
    let service = Service::new();
    for token in [service.user("ram").await, service.key(Scope::Verify).await] {
        for path in [DELIVERIES, GATEWAYS, ROUTES] {
            service.call_changes_nothing(get(path).bearer(&token)).await.refuses(403, "scope-missing");
        }
    }
}

#[tokio::test]
async fn bad_parameters_are_told() {
    let service = Service::new();
    let admin = service.key(Scope::Admin).await;
    for query in ["verification=7", "limit=0", "limit=101", "cursor=x"] {
        let call = get(format!("{DELIVERIES}?{query}")).bearer(&admin);
        service.call_changes_nothing(call).await.refuses(400, "parameter-invalid");
    }
    let of_nobody = get(format!("{DELIVERIES}?verification={UNKNOWN_ID}")).bearer(&admin);
    assert_eq!(service.call(of_nobody).await.is(200)["items"], json!([]));
}
