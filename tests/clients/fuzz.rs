//! schemathesis reads the document that the service serves, and calls every operation with what fits it and with what
//! does not: with a key of the application, an admin key, a user token and nothing, on both kinds of storage.

use std::time::Duration;

use harness::{Fleet, Ground, Receiver, directory};

use crate::tools::Workshop;

/// The longest of the runs, on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

#[tokio::test]
async fn on_sqlite_the_service_keeps_to_its_document() {
    let directory = directory();
    keeps_to_its_document(&Ground::sqlite(directory.path())).await;
}

#[tokio::test]
async fn on_postgres_and_redis_the_service_keeps_to_its_document() {
    keeps_to_its_document(&Ground::shared().await).await;
}

async fn keeps_to_its_document(ground: &Ground) {
    let receiver = Receiver::start().await;
    let ground = ground
        .clone()
        .webhook("ORDERS", &receiver, "whsec_dGhlIHNlY3JldCBvZiBhIHRlc3QsIG9mIHRlc3Q=")
        .setting("SECRETS__PROOF_KEY", &harness::run(&["proof-key", "new"], &[]).stdout)
        .setting("SERVER__PUBLIC_URL", "http://localhost:8080");
    let fleet = Fleet::start(&ground, 1).await;
    let admin_key = secret(&fleet, &["key", "issue", "--scope", "admin"]);
    let _ = fleet.command(&["account", "add", "ram"]);
    let user_token = secret(&fleet, &["token", "issue", "ram"]);
    let workshop = Workshop::python()
        .holding(&["tests/clients/schemathesis.toml"])
        .with("VERIFY_URL", fleet.replicas[0].told("url"))
        .with("VERIFY_KEY", &fleet.key)
        .with("VERIFY_ADMIN_KEY", &admin_key)
        .with("VERIFY_TOKEN", &user_token);
    // Who administers may revoke keys, so that run comes last; without a credential little is there to be found.
    let runs = [
        "--phases examples,coverage,fuzzing,stateful -H \"Authorization: Bearer $VERIFY_KEY\"",
        "--phases examples,fuzzing -H \"Authorization: Bearer $VERIFY_TOKEN\"",
        "--phases examples,fuzzing",
        "--phases examples,coverage,fuzzing,stateful -H \"Authorization: Bearer $VERIFY_ADMIN_KEY\" \
         --include-tag Administration",
    ];
    for run in runs {
        let started = std::time::Instant::now();
        let line = format!("schemathesis run \"$VERIFY_URL/openapi.json\" --no-color {run}");
        let said = workshop.run(&line, PATIENCE).await;
        // Shown by cargo when the test fails later, or with --nocapture.
        println!("{:?} {run}\n{}", started.elapsed(), said.stdout);
    }
}

fn secret(fleet: &Fleet, command: &[&str]) -> String {
    fleet.command(command)["secret"].as_str().expect("a secret").to_owned()
}
