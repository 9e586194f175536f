//! What becomes of a move whose process is killed or stopped, and how much memory it takes.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::directory;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::{Operator, text};

/// How much more memory a move may have taken at its end than when half of it was done. The other half of 100,000 rows
/// is as much in the file, and more than twice as much in memory.
const GROWTH_KIB_MAX: u64 = 8 * 1024;

/// A database of so many accounts, every tenth with a verification.
async fn large(directory: &Path, accounts: u64) -> Operator {
    let verifications = accounts / 10;
    let file = directory.join("large.db");
    let operator = Operator::of_file(&file);
    let _ = operator.json(&["db", "migrate"]);
    let options = SqliteConnectOptions::new().filename(&file);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("the file is there");
    let rows = format!(
        "INSERT INTO accounts (id, application, username, created_at)
        WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {accounts})
        SELECT randomblob(16), 'default', 'user-' || n, 1768464000000 + n FROM n;
        INSERT INTO verifications
            (id, version, application, account_id, phone, purpose, state, final_at, nonce, pepper, code_length,
             expires_at, locale, delivery_number, delivery_state, delivery_at, created_at, sent_at, resend_at,
             sends_used, checks_used, lifetime_ms, renew_below_ms, checks_max, cooldowns_ms)
        SELECT randomblob(16), 1, 'default', a.id, randomblob(24), 'contact', 'expired', a.created_at + 600000,
             randomblob(16), randomblob(8), 6, a.created_at + 600000, 'en', 1, 'sent', a.created_at,
             a.created_at, a.created_at, a.created_at, 1, 0, 600000, 180000, 5, '60000,120000,300000'
        FROM accounts a LIMIT {verifications};"
    );
    sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut connection).await.expect("the rows are right");
    connection.close().await.expect("it was open");
    operator
}

/// A process of the binary.
struct Process(Child);

impl Process {
    fn start(operator: &Operator, arguments: &[&str]) -> Self {
        let test = std::env::current_exe().expect("a test has a path");
        let binary =
            test.ancestors().nth(2).expect("tests are in target/PROFILE/deps").join("sparrow-verify");
        let mut command = Command::new(binary);
        command.args(arguments).env_remove("SPARROW_VERIFY_CONFIG").envs(operator.environment());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command.spawn().expect("the binary starts"))
    }

    /// Feeds bytes, and waits until it has read them, but for what a pipe holds.
    fn feed(&mut self, bytes: &[u8]) {
        self.0.stdin.as_mut().expect("it is open").write_all(bytes).expect("it reads");
    }

    /// The most memory that it has had so far, in KiB.
    fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells it");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
    }

    fn end(mut self) -> (Option<i32>, String) {
        drop(self.0.stdin.take());
        let output = self.0.wait_with_output().expect("it ends");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

async fn exported(directory: &Path, accounts: u64) -> (PathBuf, Vec<u8>) {
    let file = directory.join("large.export");
    let _ = large(directory, accounts).await.json(&["db", "export", text(&file)]);
    let bytes = std::fs::read(&file).expect("the file is there");
    (file, bytes)
}

fn import_killed_in_the_middle(target: &Operator, file: &Path, bytes: &[u8]) {
    let mut import = Process::start(target, &["db", "import", "-"]);
    // Half of it is more than it reads before it writes.
    assert!(bytes.len() > 9 * 1024 * 1024, "{} bytes are too few", bytes.len());
    import.feed(&bytes[..bytes.len() / 2]);
    import.0.kill().expect("it runs");
    let (code, _) = import.end();
    assert_eq!(code, None);
    target.has_no_accounts();
    assert_eq!(target.json(&["db", "import", text(file)])["rows"]["accounts"], 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_in_the_middle_leaves_nothing() {
    let directory = directory();
    let (file, bytes) = exported(directory.path(), 60_000).await;
    import_killed_in_the_middle(&Operator::of_file(&directory.path().join("new.db")), &file, &bytes);
    let database = servers::database().await;
    import_killed_in_the_middle(&Operator::new(database.url()), &file, &bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_takes_little_memory_however_many_rows_there_are() {
    let directory = directory();
    let database = servers::database().await;
    let servers = [Operator::of_file(&directory.path().join("new.db")), Operator::new(database.url())];
    let (_, bytes) = exported(directory.path(), 91_000).await;
    for target in &servers {
        let mut import = Process::start(target, &["--json", "db", "import", "-"]);
        let (half, rest) = bytes.split_at(bytes.len() / 2);
        let (most, last) = rest.split_at(rest.len() - 1);
        import.feed(half);
        let early = import.memory_kib();
        import.feed(most);
        let growth = import.memory_kib() - early;
        assert!(growth < GROWTH_KIB_MAX, "an import took {growth} KiB more than {early} KiB");
        import.feed(last);
        let (code, told) = import.end();
        assert_eq!((code, told.as_str()), (Some(0), ""));
    }
    for source in &servers {
        let mut export = Process::start(source, &["--json", "db", "export", "-"]);
        let (mut half, mut most) = (vec![0; bytes.len() / 2], vec![0; bytes.len() / 5 * 2]);
        let output = export.0.stdout.as_mut().expect("it is open");
        output.read_exact(&mut half).expect("it writes");
        let early = export.memory_kib();
        let output = export.0.stdout.as_mut().expect("it is open");
        output.read_exact(&mut most).expect("it writes");
        let growth = export.memory_kib() - early;
        assert!(growth < GROWTH_KIB_MAX, "an export took {growth} KiB more than {early} KiB");
        assert!(bytes.starts_with(&[half, most].concat()), "what comes out is what came in");
        assert_eq!(export.end().0, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_stopped_leaves_no_file() {
    let directory = directory();
    let old = large(directory.path(), 50_000).await;
    let (file, part) = (directory.path().join("verify.export"), directory.path().join("verify.export.part"));
    for signal in ["TERM", "INT"] {
        let export = Process::start(&old, &["db", "export", text(&file)]);
        let deadline = Instant::now() + Duration::from_secs(30);
        while !part.exists() {
            assert!(Instant::now() < deadline, "it begins");
            std::thread::sleep(Duration::from_millis(1));
        }
        let pid = export.0.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status();
        assert!(sent.expect("kill runs").success());
        let (code, told) = export.end();
        assert!(code == Some(1) && told.contains("nothing was exported"), "{signal}: {code:?} {told}");
        assert!(!file.exists() && !part.exists());
    }
}
