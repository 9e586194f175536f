//! Several replicas of the real binary over one `PostgreSQL` and one Redis: whatever one of them did, the others know.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use harness::{Fleet, Ground, wrong};
use serde_json::{Value, json};
use simulator::Behaviour;

const PHONE: &str = "+9779841234567";

#[tokio::test(flavor = "multi_thread")]
async fn what_one_replica_began_another_goes_on_with() {
    let mut fleet = Fleet::start(&Ground::shared().await, 2).await;
    let started = fleet.start_at(0, "ram", PHONE).await.is(201);
    let again = fleet.start_at(1, "ram", PHONE).await;
    let _ = again.is_problem(429, "resend-too-soon");
    let code = fleet.code(PHONE);
    let _ = fleet.check_at(1, "ram", PHONE, &wrong(&code)).await.is_problem(422, "code-incorrect");
    // A replica that comes later knows as much.
    fleet.add_with(1, &["--no-migrate"]).await;
    let approved = fleet.check_at(2, "ram", PHONE, &code).await.is(200).json();
    assert_eq!((&approved["id"], &approved["checks_left"]), (&json!(started.member("id")), &json!(3)));
    let _ = fleet.start_at(0, "ram", PHONE).await.is_problem(403, "already-verified");
    let _ = fleet.check_at(0, "ram", PHONE, &code).await.is(200);
    assert_eq!(fleet.simulator.inbox(None).len(), 1);
    assert_eq!(fleet.command(&["account", "show", "ram"])["phone"], "+97798•••••67");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_holds_on_every_replica_within_the_time_that_credentials_are_cached() {
    let ground = Ground::shared().await.setting("AUTH__CACHE_FOR", "3s");
    let fleet = Fleet::start(&ground, 2).await;
    let _ = fleet.command(&["account", "add", "ram"]);
    let commands = [["token", "issue", "ram"].as_slice(), &["key", "issue"]];
    for (issue, revoke) in commands.into_iter().zip(["token", "key"]) {
        let issued = fleet.command(issue);
        let (id, secret) =
            (issued["id"].as_str().expect("an id"), issued["secret"].as_str().expect("a secret"));
        for turn in 0..2 {
            let _ = fleet.client(turn).get("/v1/verifications", secret).await.is(200);
        }
        // Through a third process, which neither of them hears of.
        let _ = fleet.command(&[revoke, "revoke", id]);
        let revoked_at = Instant::now();
        while revoked_at.elapsed() < Duration::from_secs(3) {
            for turn in 0..2 {
                let answer = fleet.client(turn).get("/v1/verifications", secret).await;
                assert!(matches!(answer.status, 200 | 401), "{}", answer.text);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for turn in 0..2 {
            let answer = fleet.client(turn).get("/v1/verifications", secret).await;
            let _ = answer.is_problem(401, "unauthenticated");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_numbers_on_all_replicas_pause_new_ones_on_every_replica_once() {
    let fleet = Fleet::start(&Ground::shared().await, 2).await;
    let _ = fleet.start_at(0, "ram", PHONE).await.is(201);
    fleet.simulator.set_behaviour(Behaviour::Refuse { code: 1011 });
    for number in 0..5 {
        let phone = format!("+977985100000{number}");
        let refused = fleet.start_at(number, &format!("user-{number}"), &phone).await;
        let _ = refused.is_problem(422, "destination-unsupported");
    }
    fleet.simulator.set_behaviour(Behaviour::Normal);
    let shown = fleet.command(&["invalid-numbers", "show"]);
    assert_eq!((&shown["paused"], &shown["last_pause"]["counts"]["in_a_row"]), (&json!(true), &json!(5)));
    // The manual promises that every replica knows by then.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let calls = fleet.simulator.calls();
    for turn in 0..2 {
        let refused = fleet.start_at(turn, "sita", "+9779851000009").await;
        let refused = refused.is_problem(429, "new-numbers-paused");
        assert_eq!(refused.header("retry-after"), Some("3600"));
    }
    assert_eq!(fleet.simulator.calls(), calls, "nothing is called");

    assert_eq!(fleet.command(&["invalid-numbers", "resume"])["paused"], false);
    tokio::time::sleep(Duration::from_secs(3)).await;
    for turn in 0..2 {
        let phone = format!("+977985100001{turn}");
        let _ = fleet.start_at(turn, "gita", &phone).await.is(201);
    }
    let told = fleet.command(&["event", "list"]);
    let kinds: Vec<_> = told["items"].as_array().into_iter().flatten().map(|event| &event["type"]).collect();
    assert_eq!(kinds, [&json!("numbers.resumed"), &json!("numbers.paused")], "each is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_starts_at_once_are_one_verification_and_one_sms() {
    let fleet = Fleet::start(&Ground::shared().await, 3).await;
    let answers = join_all((0..64).map(|turn| fleet.start_at(turn, "ram", PHONE))).await;
    let begun = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(begun, 1, "{:?}", statuses(&answers));
    for answer in answers {
        assert!(matches!(answer.status, 201 | 429), "{}", answer.text);
    }
    assert_eq!(fleet.simulator.inbox(None).len(), 1);
    let listed = fleet.command(&["verification", "list"]);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_right_checks_at_once_are_one_approval() {
    let fleet = Fleet::start(&Ground::shared().await, 3).await;
    let id = fleet.start_at(0, "ram", PHONE).await.is(201).member("id");
    let code = fleet.code(PHONE);
    let answers = join_all((0..64).map(|turn| fleet.check_at(turn, "ram", PHONE, &code))).await;
    let approved_at: Vec<Value> = answers.into_iter().map(|answer| answer.is(200).json()).collect();
    for answer in &approved_at {
        assert_eq!((answer["id"].as_str(), &answer["status"]), (Some(id.as_str()), &json!("approved")));
        assert_eq!(answer["approved_at"], approved_at[0]["approved_at"], "it is approved once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_wrong_checks_at_once_are_at_most_five_comparisons() {
    let fleet = Fleet::start(&Ground::shared().await, 3).await;
    let id = fleet.start_at(0, "ram", PHONE).await.is(201).member("id");
    let code = fleet.code(PHONE);
    let bad = wrong(&code);
    let answers = join_all((0..64).map(|turn| fleet.check_at(turn, "ram", PHONE, &bad))).await;
    let compared = answers.iter().filter(|answer| answer.status == 422).count();
    assert!(compared <= 5, "{:?}", statuses(&answers));
    for answer in &answers {
        assert!(matches!(answer.status, 422 | 429), "{}", answer.text);
    }
    let _ = fleet.check_at(0, "ram", PHONE, &code).await.is_problem(429, "too-many-checks");
    assert_eq!(fleet.command(&["verification", "show", &id])["status"], "locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sends_at_once_never_exceed_a_limit() {
    let fleet = Fleet::start(&Ground::shared().await, 3).await;
    let phones: Vec<String> = (0..200).map(|number| format!("+977984{number:07}")).collect();
    // One account may turn to five phones a day.
    let answers =
        join_all(phones.iter().enumerate().map(|(turn, phone)| fleet.start_at(turn, "ram", phone))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 5, "{:?}", statuses(&answers));
    assert_eq!(fleet.simulator.inbox(None).len(), 5);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        let refused = answer.is_problem(429, "rate-limited");
        assert!(refused.header("retry-after").is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_holds_on_every_replica_within_three_seconds() {
    let fleet = Fleet::start(&Ground::shared().await, 2).await;
    let issued = fleet.command(&["key", "issue", "--scope", "admin"]);
    let admin = issued["secret"].as_str().expect("a secret");
    let body = json!({ "action": "deny", "phone": PHONE });
    let block = fleet.client(0).post("/v1/admin/blocks", admin, &body).await.is(201).member("id");
    let _ = fleet.start_at(0, "ram", PHONE).await.is_problem(403, "blocked");
    let begin = std::time::Instant::now();
    // Each try there is one for another account, so that none waits for the one before.
    let mut turn = 0;
    loop {
        turn += 1;
        let answer = fleet.start_at(1, &format!("account-{turn}"), PHONE).await;
        if answer.status == 403 {
            let _ = answer.is_problem(403, "blocked");
            break;
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(3), "{}", answer.text);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let path = format!("/v1/admin/blocks/{block}");
    let _ = fleet.client(1).call(reqwest::Method::DELETE, &path, admin).await.is(200);
    let _ = fleet.start_at(1, "sita", "+9779841234568").await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_replicas_may_start_at_once_on_an_empty_database() {
    let fleet = Fleet::start(&Ground::shared().await, 10).await;
    for turn in 0..10 {
        let _ = fleet.client(turn).get("/readyz", "").await.is(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_behind_is_refused_with_the_command_to_run() {
    let ground = Ground::shared().await;
    let fleet = Fleet::start(&ground, 1).await;
    let other = servers::database().await;
    let mut environment = fleet.environment();
    environment.push(("SPARROW_VERIFY__DATABASE__URL", other.url()));
    let refused = harness::run(&["serve", "--no-migrate"], &environment);
    assert_eq!(refused.status.code(), Some(3));
    assert!(refused.stderr.contains("sparrow-verify db migrate"), "{}", refused.stderr);
    let migrated = harness::run(&["--json", "db", "migrate"], &environment);
    assert!(migrated.status.success(), "{}", migrated.stderr);
    let again = harness::run(&["--json", "db", "status"], &environment);
    assert!(again.stdout.contains("\"applied\":true"), "{}", again.stdout);
}

fn statuses(answers: &[harness::Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}
