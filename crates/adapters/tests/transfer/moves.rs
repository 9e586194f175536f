//! Everything comes over.

use adapters::sql::transfer::RowCounts;
use domain::ports::Loaded;
use domain::time::Day;

use super::furniture::{begin, furnish, told};
use super::harness::{Base, Kind, lines, sha256};
use serde_json::Value;

async fn moves(from: Kind, to: Kind) {
    let source = Base::new(from).await;
    let furniture = furnish(&source).await;
    let (file, exported) = source.exported().await;
    let counts = RowCounts {
        accounts: 6,
        credentials: 4,
        verifications: 34,
        wrong_checks: 3,
        deliveries: 2,
        events: 8,
        event_outbox: 3,
        webhook_deliveries: 4,
        webhook_attempts: 7,
        blocks: 3,
        statistics: 2,
    };
    assert_eq!(exported.rows, counts);
    assert_eq!(exported.bytes, file.len() as u64);
    assert_eq!(exported.sha256, sha256(&file));

    let target = Base::new(to).await;
    assert_eq!(target.import(&file).await.unwrap(), exported);
    let again = target.export().await;
    assert_eq!(String::from_utf8(again), String::from_utf8(file), "{from:?} to {to:?}");

    let holder = target.credentials.holder(&furniture.token).await.unwrap().unwrap();
    assert_eq!(holder.account, Some(furniture.ram.identity()));
    let ram = target.accounts.load_account(furniture.ram.id).await.unwrap();
    assert_eq!(ram.as_ref(), Some(&furniture.ram));
    let today = Day::of(begin());
    let there = target.verifications.load(furniture.pending.id, today).await.unwrap();
    let here = source.verifications.load(furniture.pending.id, today).await.unwrap();
    let Some(Loaded { verification, guesses }) = there else { panic!("it is not there") };
    assert_eq!(Some(Loaded { verification: verification.clone(), guesses }), here);
    assert_eq!(verification, furniture.pending);
    let standing = target.verifications.standing(&furniture.younger.subject, today).await.unwrap();
    assert_eq!(standing.latest, Some(furniture.younger), "the order within a millisecond is kept");
    let (events, deliveries) = told(&target, &furniture.ram.application).await;
    assert_eq!((events, deliveries), (furniture.events, furniture.deliveries));
    assert_eq!(target.webhooks.hand_out(&[], begin(), 100).await.unwrap(), 3, "and no event is made anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_over_from_sqlite_to_sqlite() {
    moves(Kind::Sqlite, Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_over_from_sqlite_to_postgresql() {
    moves(Kind::Sqlite, Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_over_from_postgresql_to_sqlite() {
    moves(Kind::Postgres, Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_comes_over_from_postgresql_to_postgresql() {
    moves(Kind::Postgres, Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_moved_too() {
    for kind in Kind::ALL {
        let (file, moved) = Base::new(kind).await.exported().await;
        assert_eq!(lines(&file).len(), 2);
        let target = Base::new(kind).await;
        assert_eq!(target.import(&file).await.unwrap(), moved);
        assert_eq!(target.rows().await, RowCounts::default());
    }
}

/// The file as the release wrote it that had no names of credentials, no deliveries and no events.
fn of_version_1(file: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Value> =
        lines(file).iter().map(|line| serde_json::from_slice(line).unwrap()).collect();
    let later =
        |name: &String| ["deliver", "event", "webhook", "block"].iter().any(|what| name.starts_with(what));
    lines.retain(|line| !line.as_object().unwrap().keys().any(later));
    lines[0]["version"] = 1.into();
    for line in &mut lines {
        if let Some(credential) = line.get_mut("credentials") {
            credential.as_object_mut().unwrap().remove("name").unwrap();
        }
    }
    let mut end = lines.pop().unwrap();
    end["end"]["rows"].as_object_mut().unwrap().retain(|name, _| !later(name));
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect::<Vec<_>>().concat();
    end["end"]["sha256"] = sha256(text.as_bytes()).into();
    text += &end.to_string();
    text.push('\n');
    text.into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_the_release_before_comes_over_without_what_it_did_not_have() {
    for kind in Kind::ALL {
        let source = Base::new(kind).await;
        let furniture = furnish(&source).await;
        let (file, exported) = source.exported().await;
        let old = of_version_1(&file);
        let target = Base::new(kind).await;
        let rows = target.import(&old).await.unwrap().rows;
        assert_eq!((rows.verifications, rows.events), (exported.rows.verifications, 0));
        let holder = target.credentials.holder(&furniture.token).await.unwrap().unwrap();
        assert_eq!((holder.account, holder.credential.name), (Some(furniture.ram.identity()), None));
        assert_eq!(of_version_1(&target.export().await), old);
    }
}
