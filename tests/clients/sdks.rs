//! Clients that are generated from the document by the commands of docs/sdks.md, type-checked, and go the whole way.

use std::path::Path;
use std::time::Duration;

use harness::{Message, Receiver, Service, directory};
use serde_json::json;

use crate::tools::{Said, Workshop, project};

/// A type-check of generated code on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What signs what webhooks are told.
const SECRET: &str = "whsec_dGhlIHNlY3JldCBvZiBhIHRlc3QsIG9mIHRlc3Q=";

/// A demo that tells a receiver of its events.
fn demo_that_tells(receiver: &Receiver, directory: &Path) -> Service {
    let settings = [
        ("SPARROW_VERIFY__APPLICATION__WEBHOOKS__ORDERS__URL", receiver.url()),
        ("SPARROW_VERIFY__APPLICATION__WEBHOOKS__ORDERS__SECRET", SECRET),
        ("SPARROW_VERIFY__APPLICATION__WEBHOOKS__ORDERS__ALLOW_PRIVATE_ADDRESSES", "true"),
    ];
    Service::demo_with(directory, &settings)
}

/// Lays what the receiver was told into the workshop, as a service of the application gets it, and runs a line with it.
async fn run_with_what_was_told(workshop: &Workshop, receiver: &Receiver, line: &str) {
    let told = |message: &Message| {
        let headers = json!({
            "webhook-id": message.id, "webhook-timestamp": message.timestamp, "webhook-signature": message.signatures,
        });
        json!({"headers": headers, "body": message.body})
    };
    let messages: Vec<_> = receiver.wait_for(3, PATIENCE).await.iter().map(told).collect();
    let messages = serde_json::Value::from(messages).to_string();
    std::fs::write(workshop.path().join("messages.json"), messages).expect("there is room");
    let line = format!("export WEBHOOK_MESSAGES=messages.json WEBHOOK_SECRET={SECRET}; {line}");
    let _ = workshop.run(&line, PATIENCE).await;
}

#[tokio::test]
async fn a_typescript_client_goes_the_whole_way() {
    let (directory, receiver) = (directory(), Receiver::start().await);
    let demo = demo_that_tells(&receiver, directory.path());
    let files = ["world.ts", "journey.ts", "journey-services.ts", "tsconfig.json", "package.json"];
    let files = files.map(|file| format!("tests/clients/typescript/{file}"));
    let workshop = Workshop::node().against(&demo).holding(&files.each_ref().map(String::as_str));
    let _ = generate(&workshop, "openapi-typescript").await;
    let _ = workshop
        .run("tsc --project . && node built/journey.js && node built/journey-services.js", PATIENCE)
        .await;
    run_with_what_was_told(&workshop, &receiver, "node built/journey-services.js webhooks").await;
}

#[tokio::test]
async fn a_typescript_client_of_functions_goes_the_short_way() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let files = ["world.ts", "journey-hey-api.ts", "tsconfig.json", "package.json", "openapi-ts.config.mjs"];
    let files = files.map(|file| format!("tests/clients/typescript/{file}"));
    let workshop = Workshop::node().against(&demo).holding(&files.each_ref().map(String::as_str));
    let _ = generate(&workshop, "openapi-ts").await;
    let _ = workshop.run("tsc --project . && node built/journey-hey-api.js", PATIENCE).await;
}

#[tokio::test]
async fn a_python_client_goes_the_whole_way() {
    let (directory, receiver) = (directory(), Receiver::start().await);
    let demo = demo_that_tells(&receiver, directory.path());
    let files = [
        "tests/clients/python/journey.py",
        "tests/clients/python/journey_services.py",
        "tests/clients/python/mypy.ini",
        "examples/python/openapi-python-client.yml",
    ];
    let workshop = Workshop::python().against(&demo).holding(&files);
    let said = generate(&workshop, "openapi-python-client").await;
    let left_out: Vec<_> = said.stdout.lines().filter(|line| line.starts_with("WARNING parsing")).collect();
    assert!(
        left_out.iter().all(|line| line.ends_with("within classic.")),
        "only forms are left out: {left_out:?}"
    );
    let _ = workshop.run("mypy && python journey.py && python journey_services.py", PATIENCE).await;
    run_with_what_was_told(&workshop, &receiver, "python journey_services.py webhooks").await;
}

/// The document and docs/sdks.md are one with the locks: who follows the page uses what was tested.
#[test]
fn the_page_names_the_versions_that_are_tested() {
    let npm = std::fs::read_to_string(project().join("tests/clients/package.json")).expect("a file");
    let npm: serde_json::Value = serde_json::from_str(&npm).expect("JSON");
    let pypi = std::fs::read_to_string(project().join("tests/clients/requirements.in")).expect("a file");
    let mut named = 0;
    for command in commands() {
        let words = command.split_whitespace();
        if command.starts_with("npm install") {
            for package in words.skip(2).filter(|word| !word.starts_with('-')) {
                let (name, version) = package.rsplit_once('@').expect("a package with its version");
                assert_eq!(npm["devDependencies"][name], version, "{command}");
                named += 1;
            }
        } else if command.starts_with("pip install") {
            for package in words.skip(2).map(|word| word.trim_matches('"')) {
                assert!(pypi.lines().any(|line| line == package), "{command}");
                named += 1;
            }
        }
    }
    assert!(named >= 5, "the page says what to install");
}

/// Runs what docs/sdks.md says of this generator.
pub(crate) async fn generate(workshop: &Workshop, generator: &str) -> Said {
    let fetch = commands().into_iter().find(|command| command.starts_with("curl ")).expect("it is fetched");
    let _ = workshop.run(&fetch, PATIENCE).await;
    let is_it = |command: &String| {
        let words: Vec<_> = command.split_whitespace().collect();
        words.first() == Some(&generator)
            || (words.first() == Some(&"npx") && words.get(1) == Some(&generator))
    };
    let generates: Vec<_> = commands().into_iter().filter(is_it).collect();
    assert_eq!(generates.len(), 1, "docs/sdks.md says how {generator} generates: {generates:?}");
    // Some speak of what they leave out on their standard error.
    workshop.run(&format!("{} 2>&1", generates[0]), PATIENCE).await
}

/// The command lines of docs/sdks.md, but those for phones, which say themselves that they are not tested.
fn commands() -> Vec<String> {
    let page = std::fs::read_to_string(project().join("docs/sdks.md")).expect("the page is there");
    let (tested, _) = page.split_once("\n## Kotlin").expect("the section for phones is the last");
    tested.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect()
}
