//! The programs of examples/, run as their readers run them. The page is in `browsers`; the Android example is only
//! read here, since building it needs the Android SDK.

use std::time::Duration;

use harness::{Service, directory};

use crate::sdks::generate;
use crate::tools::{Workshop, project};

/// Type-checks on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// Feeds a program a wrong code and then the right one, which it must read from the person.
async fn verifies(workshop: &Workshop, demo: &Service, program: &str, phone: &str) {
    // The person waits for the SMS, as people do.
    let line = format!(
        "person() {{ for _ in $(seq 200); do \
           code=$(curl -s \"$VERIFY_URL/inbox?to=%2B977{phone}\" | grep -oE '\"text\":\"[0-9]+' | grep -oE '[0-9]+$' || true); \
           if [ -n \"$code\" ]; then echo 000000; echo \"$code\"; return; fi; sleep 0.05; done; }}; \
         person | {program} {phone}"
    );
    let said = workshop.run(&line, PATIENCE).await.stdout;
    assert!(said.contains("Verified: +97798•••••"), "{said}");
    assert_eq!(demo.inbox(&format!("+977{phone}")).await.len(), 1);
    let refused = workshop.run(&format!("! {program} 12"), PATIENCE).await;
    assert!(!refused.stdout.contains("Verified"));
}

#[tokio::test]
async fn the_shell_verifies_a_phone() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let workshop = Workshop::plain().against(&demo).holding(&["examples/curl/verify.sh"]);
    verifies(&workshop, &demo, "./verify.sh", "9841112233").await;
}

#[tokio::test]
async fn typescript_verifies_a_phone() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let files = [
        "examples/typescript/verify.ts",
        "tests/clients/typescript/tsconfig.json",
        "tests/clients/typescript/package.json",
    ];
    let workshop = Workshop::node().against(&demo).holding(&files);
    let _ = generate(&workshop, "openapi-typescript").await;
    let _ = workshop.run("tsc --project .", PATIENCE).await;
    verifies(&workshop, &demo, "node built/verify.js", "9841112244").await;
}

#[tokio::test]
async fn python_verifies_a_phone() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let workshop = Workshop::python()
        .against(&demo)
        .holding(&["examples/python/verify.py", "examples/python/openapi-python-client.yml"]);
    let _ = generate(&workshop, "openapi-python-client").await;
    let _ = workshop.run("mypy --strict --follow-imports=silent verify.py", PATIENCE).await;
    verifies(&workshop, &demo, "python verify.py", "9841112255").await;
}

#[tokio::test]
async fn a_django_app_of_the_tutorial_goes_on_serving_its_clients() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let workshop = Workshop::python().against(&demo).holding(&["examples/django"]);
    let _ = workshop.run("cd django && python manage.py check && python manage.py test", PATIENCE).await;
    // Who follows the example's own list installs what is tested.
    let wanted = std::fs::read_to_string(project().join("examples/django/requirements.txt")).expect("a file");
    let locked = std::fs::read_to_string(project().join("tests/clients/requirements.txt")).expect("a file");
    for line in wanted.lines() {
        let line = format!("{} \\", line.to_lowercase());
        assert!(locked.lines().any(|known| known == line), "{line} is not what is locked");
    }
}

#[test]
fn the_android_example_reads_what_the_service_sends() {
    let example =
        std::fs::read_to_string(project().join("examples/android/PhoneVerification.kt")).expect("a file");
    // Its pattern finds the code in the first line, before any other number of the text.
    assert!(example.contains(r#"Regex("""\d{6,10}""").find(text)"#));
    assert!(
        example.contains("copyOf(9)") && example.contains("take(11)"),
        "the hash is 11 characters of 9 bytes"
    );
}
