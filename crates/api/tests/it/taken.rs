//! A phone that another account holds: nothing tells so before a right code.

use domain::policy::{PhoneTaken, Policy};
use serde_json::{Value, json};

use crate::harness::{CHECK_PHONE, PHONE, START, Service, carries_budget, post};

/// What differs between two verifications that are alike.
fn without_times(mut body: Value) -> Value {
    for field in ["id", "expires_at", "resend_at", "created_at"] {
        if let Some(members) = body.as_object_mut() {
            members.remove(field);
        }
    }
    body
}

/// Everything that sita is told until she sends the right code.
async fn told_before_the_right_code(claimed: bool) -> (Service, String, String, Vec<Value>) {
    let service = Service::new();
    let ram = service.user("ram").await;
    let sita = service.user("sita").await;
    if claimed {
        service.approved(&ram).await;
        // The send to ram does not count for her.
        service.pass(60);
    }
    let mut told = Vec::new();
    let start = || post(START).bearer(&sita).json(&json!({"phone": PHONE}));
    told.push(service.call(start()).await.is(201));
    let id = told[0]["id"].as_str().unwrap().to_owned();
    told.push(service.call(start()).await.refuses(429, "resend-too-soon"));
    told.push(service.check(&sita, &id, &service.wrong_code()).await.refuses(422, "code-incorrect"));
    let by_phone = json!({"phone": PHONE, "code": service.wrong_code()});
    let by_phone = service.call(post(CHECK_PHONE).bearer(&sita).json(&by_phone)).await;
    told.push(by_phone.refuses(422, "code-incorrect"));
    let told = told.into_iter().map(without_times).collect();
    (service, sita, id, told)
}

#[tokio::test]
async fn nothing_tells_that_a_phone_is_taken_before_a_right_code() {
    let (_, _, _, free) = told_before_the_right_code(false).await;
    let (service, sita, id, claimed) = told_before_the_right_code(true).await;
    assert_eq!(claimed, free);
    let answer = service.check(&sita, &id, &service.right_code()).await;
    carries_budget(&answer.refuses(409, "phone-taken"), 3, 2);
}

#[tokio::test]
async fn a_taken_phone_stays_with_its_holder() {
    let (service, sita, id, _) = told_before_the_right_code(true).await;
    let accounts = service.world.store.accounts();
    service.check(&sita, &id, &service.right_code()).await.refuses(409, "phone-taken");
    let body = json!({"phone": PHONE, "code": service.right_code()});
    service.call(post(CHECK_PHONE).bearer(&sita).json(&body)).await.refuses(409, "phone-taken");
    assert_eq!(service.world.store.accounts(), accounts);
}

#[tokio::test]
async fn a_right_code_for_a_taken_phone_costs_a_check_like_any_other() {
    let (service, sita, id, _) = told_before_the_right_code(true).await;
    for left in [2, 1, 0] {
        let answer = service.check(&sita, &id, &service.right_code()).await;
        carries_budget(&answer.refuses(409, "phone-taken"), 3, left);
    }
    service.check(&sita, &id, &service.right_code()).await.refuses(429, "too-many-checks");
}

#[tokio::test]
async fn where_the_newest_proof_wins_the_phone_moves() {
    let service = Service::with_policy(Policy { phone_taken: PhoneTaken::Transfer, ..Policy::default() });
    let ram = service.user("ram").await;
    let sita = service.user("sita").await;
    service.approved(&ram).await;
    service.pass(60);
    service.approved(&sita).await;
    let holders: Vec<_> = service
        .world
        .store
        .accounts()
        .iter()
        .filter(|account| account.phone.is_some())
        .map(|account| account.username.to_string())
        .collect();
    assert_eq!(holders, ["sita"]);
}
