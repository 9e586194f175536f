//! Pages in Chromium, by people's means: the demo page on a phone and by keyboard, Swagger UI, the example of WebOTP.
//! What they look like is kept in target/screenshots.

use std::time::Duration;

use harness::{Service, directory};

use crate::tools::{Workshop, find, target};

/// A walk with pauses for pages that load, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

#[tokio::test]
async fn the_demo_page_serves_a_phone_and_a_keyboard() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let _ = workshop(&demo).run("node browser/demo.mjs", PATIENCE).await;
}

#[tokio::test]
async fn swagger_ui_authorises_starts_and_checks() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let _ = workshop(&demo).run("node browser/swagger.mjs", PATIENCE).await;
}

#[tokio::test]
async fn the_example_page_reads_the_sms_or_is_typed_into() {
    let directory = directory();
    let demo = Service::demo(directory.path());
    let workshop = workshop(&demo).holding(&["examples/web"]);
    // The server says where it listens, and ends with the line.
    let line = "exec 3< <(exec node web/server.mjs 0); read -r PAGE_URL <&3; export PAGE_URL; node browser/webotp.mjs";
    let _ = workshop.run(line, PATIENCE).await;
}

fn workshop(demo: &Service) -> Workshop {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find);
    let browser = browser.expect("Chromium is missing: install it (on Debian: apt-get install chromium)");
    let browser = browser.to_str().expect("a path that is text");
    let screenshots = target().join("screenshots");
    Workshop::node()
        .against(demo)
        .holding(&["tests/clients/browser"])
        .with("BROWSER", browser)
        .with("SCREENSHOTS", screenshots.to_str().expect("a path that is text"))
}
