//! An operator moves the service from one database to another.

mod processes;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use harness::{Finished, Fleet, Ground, directory, run, wrong};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

const PHONE: &str = "+9779841234567";

/// The command line on one database.
struct Operator {
    environment: Vec<(String, String)>,
}

impl Operator {
    fn new(database_url: &str) -> Self {
        let environment = [
            ("DATABASE__URL", database_url),
            // Nothing is counted here, but PostgreSQL asks for one.
            ("COUNTERS__URL", "redis://127.0.0.1:1"),
            ("SECRETS__PEPPER", "a pepper of a test: 0123456789abcdef"),
            ("SECRETS__PHONE_KEY", "a phone key of a test: fedcba987654"),
            ("APPLICATION__NAME", "Shop"),
        ];
        let named = |(name, value): (&str, &str)| (format!("SPARROW_VERIFY__{name}"), value.to_owned());
        Self { environment: environment.map(named).into() }
    }

    fn of_file(file: &Path) -> Self {
        Self::new(&format!("sqlite://{}", file.display()))
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((format!("SPARROW_VERIFY__{name}"), value.to_owned()));
        self
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        run(arguments, &self.environment())
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = vec!["--json"];
        all.extend(arguments);
        let finished = self.run(&all);
        assert!(finished.status.success(), "{arguments:?}: {}", finished.stderr);
        serde_json::from_str(&finished.stdout).expect("a line of JSON")
    }

    /// A move that is refused, with these words.
    #[track_caller]
    fn is_refused(&self, arguments: &[&str], words: &str) {
        let finished = self.run(arguments);
        assert_eq!(finished.status.code(), Some(3), "{arguments:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(words), "{arguments:?}: {}", finished.stderr);
        assert_eq!(finished.stdout, "");
    }

    #[track_caller]
    fn has_no_accounts(&self) {
        assert_eq!(self.json(&["account", "list"])["items"], json!([]));
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_moves_from_sqlite_to_postgresql_and_redis() {
    let directory = directory();
    let mut before = Fleet::start(&Ground::sqlite(directory.path()), 1).await;
    let _ = before.command(&["account", "add", "ram"]);
    let token = before.command(&["token", "issue", "ram"])["secret"].as_str().expect("a secret").to_owned();
    let phone = json!({ "phone": PHONE });
    let started = before.client(0).post("/v1/verifications", &token, &phone).await.is(201);
    let checks = format!("/v1/verifications/{}/checks", started.member("id"));
    let code = before.code(PHONE);
    let mistyped = json!({ "code": wrong(&code) });
    let _ = before.client(0).post(&checks, &token, &mistyped).await.is_problem(422, "code-incorrect");
    let _ = before.command(&["block", "add", "--prefix", "+977985", "--reason", "pumping"]);
    let begin = std::time::Instant::now();
    while before.command(&["statistics", "show"])["items"][0]["wrong_checks"] != 1 {
        assert!(begin.elapsed() < std::time::Duration::from_secs(10), "statistics are stored within seconds");
    }
    before.kill(0).await;

    let file = directory.path().join("verify.export");
    let exported = before.command(&["db", "export", text(&file)]);
    let (database, redis) = (servers::database().await, servers::redis().await);
    let new = Operator::new(database.url());
    assert_eq!(new.json(&["db", "import", text(&file)]), exported);
    let rows = json!({
        "accounts": 1, "credentials": 2, "verifications": 1, "wrong_checks": 1,
        "deliveries": 1, "events": 1, "event_outbox": 1, "webhook_deliveries": 0, "webhook_attempts": 0,
        "blocks": 1,
        // A start, an SMS with its segment, its credit and its answer, and a refusal.
        "statistics": 6,
    });
    assert_eq!(exported["rows"], rows);

    let ground = Ground::default()
        .setting("DATABASE__URL", database.url())
        .setting("COUNTERS__URL", redis.url())
        .setting("COUNTERS__KEY_PREFIX", redis.prefix());
    let after = Fleet::start(&ground, 2).await;
    assert_eq!(after.command(&["block", "list"])["items"][0]["prefix"], "+977985");
    assert_eq!(after.command(&["statistics", "show"])["items"][0]["starts"], 1);
    let event = &after.command(&["event", "list"])["items"][0];
    assert_eq!((&event["type"], &event["prefix"]), (&json!("fraud.decided"), &json!("+977985")));
    let _ = after.start_at(0, "gita", "+9779851234567").await.is_problem(403, "blocked");
    let _ = after.client(0).post(&checks, &token, &mistyped).await.is_problem(422, "code-incorrect");
    let approved = after.client(1).post(&checks, &token, &json!({ "code": code })).await.is(200).json();
    assert_eq!((&approved["status"], &approved["checks_left"]), (&json!("approved"), &json!(2)));
    assert_eq!(after.command(&["account", "show", "ram"])["phone"], "+97798•••••67");
    // The application's key from before is good as well.
    let listed = after.client(0).get("/v1/verifications", &before.key).await.is(200).json();
    assert_eq!(listed["items"][0]["id"], started.member("id"));
    assert!(after.simulator.inbox(None).is_empty(), "no code had to be sent again");
}

#[test]
fn an_export_is_a_file_of_its_owner_or_a_pipe() {
    let directory = directory();
    let old = Operator::of_file(&directory.path().join("old.db"));
    let _ = old.json(&["db", "migrate"]);
    for name in ["ram", "gita"] {
        let _ = old.json(&["account", "add", name]);
    }
    let file = directory.path().join("verify.export");
    let exported = old.json(&["db", "export", text(&file)]);
    assert_eq!(exported["rows"]["accounts"], 2);
    let metadata = std::fs::metadata(&file).expect("the file is there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(exported["bytes"], metadata.len());
    assert!(!directory.path().join("verify.export.part").exists());

    let shown = old.run(&["db", "export", text(&directory.path().join("again"))]);
    assert!(shown.stdout.contains("accounts") && shown.stdout.contains("SHA-256"), "{}", shown.stdout);
    assert_eq!(shown.stderr, "");
    let piped = old.run(&["db", "export", "-"]);
    assert_eq!(piped.stdout, std::fs::read_to_string(&file).expect("the file is there"));
    assert!(piped.stderr.contains("accounts: 2"), "{}", piped.stderr);
    let piped = old.run(&["--json", "db", "export", "-"]);
    assert_eq!(serde_json::from_str::<Value>(&piped.stderr).expect("a line of JSON"), exported);

    let new = Operator::of_file(&directory.path().join("new.db"));
    let imported = new.run(&["db", "import", text(&file)]);
    assert!(imported.status.success() && imported.stdout.contains("accounts"), "{}", imported.stderr);
    assert_eq!(new.json(&["account", "list"])["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_is_not_to_be_moved_is_refused_and_changes_nothing() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    let old = Operator::of_file(&path("old.db"));
    let missing = old.run(&["db", "export", text(&path("a"))]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        missing.stderr.contains("there is no database") && !path("old.db").exists(),
        "{}",
        missing.stderr
    );

    let _ = old.json(&["db", "migrate"]);
    let _ = old.json(&["account", "add", "ram"]);
    let file = path("verify.export");
    let _ = old.json(&["db", "export", text(&file)]);
    let whole = std::fs::read(&file).expect("the file is there");
    old.is_refused(&["db", "export", text(&file)], "is there already");
    assert_eq!(std::fs::read(&file).expect("the file is there"), whole);
    std::fs::write(path("b.part"), "of somebody else").expect("there is room");
    old.is_refused(&["db", "export", text(&path("b"))], "another export");
    assert_eq!(std::fs::read_to_string(path("b.part")).expect("it is there"), "of somebody else");
    old.is_refused(&["db", "import", text(&file)], "has rows in `accounts`");

    // Nothing is made for a file that will not do: neither a database nor the memory of a key.
    let new = Operator::of_file(&path("new.db"));
    new.is_refused(&["db", "import", text(&path("old.db"))], "no export");
    let other_key =
        Operator::of_file(&path("new.db")).with("SECRETS__PHONE_KEY", "another key of a test: 0123456789");
    other_key.is_refused(&["db", "import", text(&file)], "`secrets.phone_key`");
    let newer =
        String::from_utf8(whole.clone()).expect("it is text").replacen("\"version\":4", "\"version\":9", 1);
    std::fs::write(path("newer"), newer).expect("there is room");
    new.is_refused(&["db", "import", text(&path("newer"))], "version 9");
    assert!(!path("new.db").exists());

    // What is damaged is a failure, and leaves an empty database that takes the whole file.
    std::fs::write(path("half"), &whole[..whole.len() / 2]).expect("there is room");
    let damaged = new.run(&["--json", "db", "import", text(&path("half"))]);
    assert_eq!((damaged.status.code(), damaged.stdout.as_str()), (Some(1), ""));
    assert!(
        damaged.stderr.contains("nothing was changed") && damaged.stderr.contains("line"),
        "{}",
        damaged.stderr
    );
    new.has_no_accounts();
    let _ = new.json(&["db", "import", text(&file)]);
    other_key.is_refused(&["db", "export", text(&path("c"))], "`secrets.phone_key`");
    assert!(!path("c").exists() && !path("c.part").exists());
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of a newer release', true, x'00', 0)";
    let options = SqliteConnectOptions::new().filename(path("new.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.expect("the file is there");
    sqlx::query(newer).execute(&mut connection).await.expect("the table is there");
    new.is_refused(&["db", "export", text(&path("c"))], "migration 9999");
    new.is_refused(&["db", "import", text(&file)], "migration 9999");
    let nowhere = old.run(&["db", "export", text(&path("no/such/directory"))]);
    assert_eq!(nowhere.status.code(), Some(1));
}
