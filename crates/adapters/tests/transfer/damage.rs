//! A file that is not what was written never leaves a row behind, and is never quoted.

use adapters::sql::transfer::{LineFault, RowCounts, TransferError};
use domain::ports::chain;
use serde_json::Value;

use super::furniture::furnish;
use super::harness::{Base, Kind, lines, sha256};

/// Imports damaged files into one target after the other, and looks after each whether a row is left behind.
struct Bench {
    file: Vec<u8>,
    target: Base,
    /// Every how-many-eth line is damaged: a server takes longer than a file, and reads the same.
    step: usize,
}

impl Bench {
    async fn new(kind: Kind) -> Self {
        let source = Base::new(kind).await;
        furnish(&source).await;
        let step = match kind {
            Kind::Sqlite => 1,
            Kind::Postgres => 9,
        };
        Self { file: source.export().await, target: Base::new(kind).await, step }
    }

    async fn import(&self, file: &[u8], what: &str) -> TransferError {
        let Err(error) = self.target.import(file).await else { panic!("{what}: it was imported") };
        assert_eq!(self.target.rows().await, RowCounts::default(), "{what}: {error:?}");
        // What is told has no value of a row: neither a name, nor a seal, nor a hash.
        let told = format!("{} {error:?}", chain(&error));
        for secret in secrets(&self.file) {
            assert!(!told.contains(&secret), "{what}: {told}");
        }
        error
    }

    async fn lines(&self, what: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> TransferError {
        let mut lines = lines(&self.file);
        change(&mut lines);
        self.import(&lines.concat(), what).await
    }

    /// The same, with an end that fits what was changed: only what the rows say is wrong.
    async fn sealed(&self, what: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> TransferError {
        let mut lines = lines(&self.file);
        change(&mut lines);
        self.import(&with_end(&lines), what).await
    }

    /// The place of the first line of this table.
    fn first(&self, table: &str) -> usize {
        let begin = format!("{{\"{table}\":");
        lines(&self.file).iter().position(|line| line.starts_with(begin.as_bytes())).unwrap()
    }
}

/// Every text of a row that is longer than the words of the rules.
fn secrets(file: &[u8]) -> Vec<String> {
    let mut secrets = Vec::new();
    for line in &lines(file)[1..] {
        let Ok(line) = serde_json::from_slice::<Value>(line) else { continue };
        for row in line.as_object().unwrap().values() {
            let texts = row.as_object().unwrap().values().filter_map(Value::as_str);
            secrets.extend(texts.filter(|text| text.len() > 12).map(str::to_owned));
        }
    }
    assert!(secrets.len() > 50);
    secrets
}

/// Puts an end behind these lines, instead of theirs, that tells what they are.
fn with_end(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut counts = RowCounts::default();
    let rows = &lines[..lines.len() - 1];
    for line in rows {
        let count = match line.split(|byte| *byte == b'"').nth(1) {
            Some(b"accounts") => &mut counts.accounts,
            Some(b"credentials") => &mut counts.credentials,
            Some(b"verifications") => &mut counts.verifications,
            Some(b"wrong_checks") => &mut counts.wrong_checks,
            Some(b"deliveries") => &mut counts.deliveries,
            Some(b"events") => &mut counts.events,
            Some(b"event_outbox") => &mut counts.event_outbox,
            Some(b"webhook_deliveries") => &mut counts.webhook_deliveries,
            Some(b"webhook_attempts") => &mut counts.webhook_attempts,
            Some(b"blocks") => &mut counts.blocks,
            Some(b"statistics") => &mut counts.statistics,
            _ => continue,
        };
        *count += 1;
    }
    let end = serde_json::json!({ "end": { "rows": counts, "sha256": sha256(&rows.concat()) } });
    [rows.concat(), format!("{end}\n").into_bytes()].concat()
}

/// Replaces a text of a line, which must have it.
fn replace(line: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(line.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    *line = text.replacen(from, to, 1).into_bytes();
}

/// Sets a member of a row.
fn set(line: &mut Vec<u8>, member: &str, value: Value) {
    let mut object: Value = serde_json::from_slice(line).unwrap();
    let row = object.as_object_mut().unwrap().values_mut().next().unwrap();
    *row.get_mut(member).unwrap() = value;
    *line = format!("{object}\n").into_bytes();
}

async fn a_file_that_ends_early(bench: &Bench) {
    let whole = lines(&bench.file);
    for kept in (1..whole.len()).step_by(bench.step) {
        let error = bench.lines("lines are missing", |lines| lines.truncate(kept)).await;
        assert!(matches!(error, TransferError::Truncated { line } if line == kept as u64), "{error:?}");
        let error = bench
            .lines("half a line is missing", |lines| {
                lines.truncate(kept + 1);
                let half = lines[kept].len() / 2;
                lines[kept].truncate(half);
            })
            .await;
        assert!(matches!(error, TransferError::Truncated { line } if line == kept as u64 + 1), "{error:?}");
    }
    let error = bench.import(&bench.file[..bench.file.len() - 1], "the last byte is missing").await;
    assert!(matches!(error, TransferError::Truncated { .. }), "{error:?}");
}

async fn lines_that_are_not_where_they_were(bench: &Bench) {
    let whole = lines(&bench.file);
    for place in (1..whole.len() - 1).step_by(bench.step) {
        let error = bench.lines("a line is gone", |lines| drop(lines.remove(place))).await;
        assert!(
            matches!(error, TransferError::Counts { .. } | TransferError::Add { .. }),
            "line {place}: {error:?}"
        );
        bench.lines("a line is there twice", |lines| lines.insert(place, lines[place].clone())).await;
        bench.lines("lines are swapped", |lines| lines.swap(place, place + 1)).await;
    }
    let behind = |error: &TransferError, line: usize| {
        let TransferError::Line { line: at, fault: LineFault::OutOfPlace } = error else { return false };
        *at == line as u64 + 1
    };
    let last = whole.len();
    let error = bench.lines("something follows the end", |lines| lines.push(lines[1].clone())).await;
    assert!(behind(&error, last), "{error:?}");
    let error = bench.lines("an empty line follows the end", |lines| lines.push(b"\n".to_vec())).await;
    assert!(behind(&error, last), "{error:?}");
    let place = bench.first("credentials");
    let error = bench.sealed("an account is behind a credential", |lines| {
        let account = lines.remove(1);
        lines.insert(place, account);
    });
    assert!(behind(&error.await, place));
}

async fn lines_that_say_something_else(bench: &Bench) {
    let whole = lines(&bench.file);
    // One byte of every line, never the same.
    for place in (1..whole.len()).step_by(bench.step) {
        for part in 1..8 {
            let at = (whole[place].len() - 1) * part / 8;
            let what = format!("byte {at} of line {} is another", place + 1);
            bench.lines(&what, |lines| lines[place][at] ^= 1).await;
        }
    }
    let error = bench.lines("a value is another", |lines| set(&mut lines[1], "created_at", 5.into())).await;
    assert!(matches!(error, TransferError::Checksum), "{error:?}");
    let error = bench.lines("the counts are others", |lines| {
        let end = lines.last_mut().unwrap();
        replace(end, "\"accounts\":6", "\"accounts\":7");
    });
    let error = error.await;
    assert!(matches!(error, TransferError::Counts { told: 7, read: 6, .. }), "{error:?}");
}

/// Values that no release of ours writes, in files that are whole.
async fn rows_that_are_none_of_ours(bench: &Bench) {
    let (account, verification) = (bench.first("accounts"), bench.first("verifications"));
    let wrong = [
        (account, "id", Value::from("7")),
        (account, "phone", Value::from("00")),
        (account, "created_at", Value::from(i64::MAX)),
        (account, "created_at", Value::from("2026-01-15T08:00:00Z")),
        (account, "created_at", Value::Null),
        (account, "username", Value::from(7)),
        (verification, "version", Value::from(-1)),
        (verification, "checks_max", Value::from(u64::from(u32::MAX) + 1)),
        (verification, "nonce", Value::from("0".repeat(31))),
    ];
    for (place, member, value) in wrong {
        let what = format!("{member} is {value}");
        let error = bench.sealed(&what, |lines| set(&mut lines[place], member, value)).await;
        let is_told = matches!(error, TransferError::Line { line, fault: LineFault::Value { .. } }
            if line == place as u64 + 1);
        assert!(is_told, "{what}: {error:?}");
    }
    // What only the database's own rules find.
    let refused = [
        (account, "username", Value::from("")),
        (account, "username", Value::from("x".repeat(151))),
        (account, "application", Value::from("")),
        (account, "phone", Value::Null),
        (verification, "state", Value::from("nonsense")),
        (verification, "purpose", Value::from("")),
        (verification, "account_id", Value::from("00000000-0000-0000-0000-000000000007")),
        (verification, "lifetime_ms", Value::from(-1)),
        (verification, "code_length", Value::from(5)),
        (verification, "cooldowns_ms", Value::from("a")),
        (bench.first("credentials"), "kind", Value::from("root")),
    ];
    for (place, member, value) in refused {
        let what = format!("{member} is {value}");
        let error = bench.sealed(&what, |lines| set(&mut lines[place], member, value)).await;
        let is_told = matches!(error, TransferError::Add { first_line, last_line, .. }
            if (first_line..=last_line).contains(&(place as u64 + 1)));
        assert!(is_told, "{what}: {error:?}");
    }
    let twice = bench.sealed("a username is there twice", |lines| {
        for place in [account, account + 1] {
            set(&mut lines[place], "application", "shop".into());
            set(&mut lines[place], "username", "gita".into());
        }
    });
    assert!(matches!(twice.await, TransferError::Add { .. }));
    let members =
        [("\"id\":", "\"id\":null,\"id\":"), ("{\"id\":", "{\"more\":1,\"id\":"), ("{\"id\":", "{\"no\":")];
    for (from, to) in members {
        let error = bench.sealed(to, |lines| replace(&mut lines[account], from, to)).await;
        assert!(
            matches!(error, TransferError::Line { fault: LineFault::Value { .. }, .. }),
            "{to}: {error:?}"
        );
    }
}

async fn lines_that_are_none_of_ours(bench: &Bench) {
    let not_json: [&[u8]; 5] =
        [b"\n", b"accounts\n", b"{\"accounts\":\n", b"\xff\xfe\n", b"{\"accounts\":{}}}\n"];
    for line in not_json {
        let error = bench.sealed("no JSON", |lines| lines.insert(2, line.to_vec())).await;
        let is_told = matches!(error, TransferError::Line { line: 3, .. });
        assert!(is_told, "{}: {error:?}", String::from_utf8_lossy(line));
    }
    for line in ["{}\n", "null\n", "7\n", "{\"settings\":{}}\n", "{\"accounts\":{},\"end\":{}}\n", "[]\n"] {
        let error = bench.sealed(line, |lines| lines.insert(2, line.as_bytes().to_vec())).await;
        let is_told = matches!(error, TransferError::Line { line: 3, .. });
        assert!(is_told, "{line}: {error:?}");
    }
    // Longer than any buffer of ours, and never with an end.
    for length in [16 * 1024, 1 << 20] {
        let error = bench.sealed("a huge line", |lines| lines.insert(2, vec![b' '; length])).await;
        let is_told = matches!(error, TransferError::Line { line: 3, fault: LineFault::TooLong });
        assert!(is_told, "{error:?}");
    }
    let deep = [b"{\"accounts\":".as_slice(), &[b'['; 10_000], b"\n"].concat();
    let error = bench.sealed("a deep line", |lines| lines.insert(2, deep)).await;
    assert!(matches!(error, TransferError::Line { line: 3, .. }), "{error:?}");
}

async fn leaves_nothing(kind: Kind) {
    let bench = Bench::new(kind).await;
    a_file_that_ends_early(&bench).await;
    lines_that_are_not_where_they_were(&bench).await;
    lines_that_say_something_else(&bench).await;
    rows_that_are_none_of_ours(&bench).await;
    lines_that_are_none_of_ours(&bench).await;
    // And what was not damaged still comes in.
    bench.target.import(&bench.file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_leaves_nothing_in_sqlite() {
    leaves_nothing(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_leaves_nothing_in_postgresql() {
    leaves_nothing(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_has_no_room_in_postgresql_is_refused() {
    let bench = Bench::new(Kind::Sqlite).await;
    let mut lines = lines(&bench.file);
    set(&mut lines[bench.first("verifications")], "version", u32::MAX.into());
    let file = with_end(&lines);
    bench.target.import(&file).await.unwrap();
    let target = Base::new(Kind::Postgres).await;
    let error = target.import(&file).await.unwrap_err();
    assert!(matches!(error, TransferError::Add { .. }), "{error:?}");
    assert_eq!(target.rows().await, RowCounts::default());
}
