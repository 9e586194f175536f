//! What others do meanwhile, and what becomes of a move that breaks off.

use std::time::Duration;

use adapters::sql::transfer::{Import, Moved, RowCounts, Table, TransferError, TransferRefusal};
use domain::account::{Account, Username};
use domain::application::ApplicationId;
use domain::id::AccountId;
use domain::testkit::SeededEntropy;
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader, duplex};

use super::furniture::begin;
use super::harness::{Base, Kind, Store, foreign, lines, postgres, vault};

/// Half of them do not fit into what an import reads before it writes.
const MANY: u64 = 14_000;

fn account(seed: u64) -> Account {
    Account {
        id: AccountId::new(begin(), &SeededEntropy::new(seed)).unwrap(),
        application: ApplicationId::default_application(),
        username: Username::parse(&format!("user-{seed}")).unwrap(),
        phone: None,
        created_at: begin(),
    }
}

/// An export of so many accounts with long names.
async fn file_of(accounts: u64) -> Vec<u8> {
    let base = Base::new(Kind::Sqlite).await;
    base.execute(&format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {accounts})
         INSERT INTO accounts (id, application, username, created_at)
         SELECT randomblob(16), 'default', replace(printf('%0140d', n), '0', '\u{1f600}'), 1768464000000 FROM n"
    ))
    .await;
    let file = base.export().await;
    assert!(accounts < MANY || file.len() > 9 * 1024 * 1024, "{} bytes are too few", file.len());
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_one_snapshot() {
    for kind in Kind::ALL {
        let base = Base::new(kind).await;
        let file = file_of(MANY).await;
        base.import(&file).await.unwrap();
        let (mut writer, mut reader) = duplex(1024);
        let exporting = async {
            let moved = base.export_into(&mut writer).await.unwrap();
            drop(writer);
            moved
        };
        let reading = async {
            let mut read = vec![0; 4096];
            // The export is under way, and waits for its reader.
            reader.read_exact(&mut read).await.unwrap();
            for seed in 0..10 {
                base.accounts.add(&account(seed)).await.unwrap();
            }
            reader.read_to_end(&mut read).await.unwrap();
            read
        };
        let (moved, read) = tokio::join!(exporting, reading);
        assert_eq!(moved.rows.accounts, MANY);
        assert_eq!(read, file, "{kind:?}");
        assert_eq!(base.rows().await.accounts, MANY + 10);
    }
}

/// Feeds half of the file, lets something happen while the import waits for the rest, and feeds the rest.
async fn interrupted(
    base: &Base,
    file: &[u8],
    meanwhile: impl AsyncFnOnce(),
) -> Result<Moved, TransferError> {
    let (mut feeder, fed) = duplex(1024);
    let (half, rest) = file.split_at(file.len() / 2);
    let feeding = async {
        feeder.write_all(half).await.unwrap();
        meanwhile().await;
        // Whoever has given up reads no more.
        let _ = feeder.write_all(rest).await;
        drop(feeder);
    };
    let importing = async {
        let mut fed = BufReader::new(fed);
        base.import_from(&mut fed, &mut |_| {}).await
    };
    let ((), imported) = tokio::join!(feeding, importing);
    imported
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_a_part_of_an_import() {
    let file = file_of(MANY).await;
    for kind in Kind::ALL {
        let base = Base::new(kind).await;
        let moved = interrupted(&base, &file, async || {
            assert_eq!(base.rows().await, RowCounts::default());
        });
        assert_eq!(moved.await.unwrap().rows.accounts, MANY);
        assert_eq!(base.rows().await.accounts, MANY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_before_a_fault_goes_again() {
    let file = file_of(MANY).await;
    for kind in Kind::ALL {
        let base = Base::new(kind).await;
        let truncated = base.import(&file[..file.len() - 1]).await;
        assert!(matches!(truncated, Err(TransferError::Truncated { .. })), "{truncated:?}");
        assert_eq!(base.rows().await, RowCounts::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_a_database_swallows_are_missed() {
    let file = file_of(2).await;
    for kind in Kind::ALL {
        let base = Base::new(kind).await;
        let statements: &[&str] = match kind {
            Kind::Sqlite => &["CREATE TRIGGER swallow BEFORE INSERT ON accounts WHEN NEW.username LIKE '%1'
                BEGIN SELECT RAISE(IGNORE); END"],
            Kind::Postgres => &[
                "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "CREATE TRIGGER swallow BEFORE INSERT ON accounts FOR EACH ROW
                 WHEN (NEW.username LIKE '%1') EXECUTE FUNCTION swallow()",
            ],
        };
        for statement in statements {
            base.execute(statement).await;
        }
        let swallowed = base.import(&file).await;
        assert!(
            matches!(swallowed, Err(TransferError::Stored { table: Table::Accounts, told: 2, stored: 1 })),
            "{swallowed:?}"
        );
        assert_eq!(base.rows().await, RowCounts::default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_meanwhile_waits() {
    let file = file_of(MANY).await;
    for kind in Kind::ALL {
        let base = Base::new(kind).await;
        let adding = {
            let accounts = base.accounts.clone();
            async move { accounts.add(&account(1)).await }
        };
        let mut adding = Box::pin(adding);
        let moved = interrupted(&base, &file, async || {
            let waits = tokio::time::timeout(Duration::from_millis(200), &mut adding).await;
            assert!(waits.is_err(), "{kind:?}: it was written beside an import");
        });
        assert_eq!(moved.await.unwrap().rows.accounts, MANY);
        adding.await.unwrap();
        assert_eq!(base.rows().await.accounts, MANY + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_somebody_writes_to_is_refused() {
    let file = file_of(1).await;
    let patience = Duration::from_millis(100);
    let base = Base::with_patience(Kind::Sqlite, 7, patience).await;
    let Store::Sqlite(_, directory) = &base.store else { panic!("it is SQLite") };
    let mut other = foreign(directory).await;
    let writing = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let refused = base.import(&file).await;
    assert!(matches!(refused, Err(TransferError::Refused(TransferRefusal::Busy))), "{refused:?}");
    writing.rollback().await.unwrap();
    base.import(&file).await.unwrap();

    let base = Base::new(Kind::Postgres).await;
    let Store::Postgres(_, database) = &base.store else { panic!("it is PostgreSQL") };
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    let mut writing = other.begin().await.unwrap();
    sqlx::query("DELETE FROM wrong_checks").execute(&mut *writing).await.unwrap();
    let refused = base.import(&file).await;
    assert!(matches!(refused, Err(TransferError::Refused(TransferRefusal::Busy))), "{refused:?}");
    writing.rollback().await.unwrap();
    base.import(&file).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_hangs_up_ends_an_export() {
    let file = file_of(MANY).await;
    for kind in Kind::ALL {
        let base = Base::new(kind).await;
        base.import(&file).await.unwrap();
        let (mut writer, mut reader) = duplex(1024);
        let hanging_up = async {
            let mut read = [0; 4096];
            reader.read_exact(&mut read).await.unwrap();
            drop(reader);
        };
        let (exported, ()) = tokio::join!(base.export_into(&mut writer), hanging_up);
        assert!(matches!(exported, Err(TransferError::Write(_))), "{exported:?}");
        // And the database goes on.
        base.accounts.add(&account(1)).await.unwrap();
        assert_eq!(base.rows().await.accounts, MANY + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_the_middle_has_nothing() {
    let file = file_of(MANY).await;
    let server = servers::own::Postgres::start().await;
    let store = postgres(server.url(), 7, Duration::from_secs(20)).await;
    let (mut feeder, fed) = duplex(1024);
    let (half, rest) = file.split_at(file.len() / 2);
    let feeding = async {
        feeder.write_all(half).await.unwrap();
        server.kill();
        let _ = feeder.write_all(rest).await;
        drop(feeder);
    };
    let importing = async {
        let mut fed = BufReader::new(fed);
        let import = Import::open(&mut fed, &vault(7)).await.unwrap();
        store.import(import, &mut |_| {}).await
    };
    let ((), imported) = tokio::join!(feeding, importing);
    let is_told = matches!(imported, Err(TransferError::Add { .. } | TransferError::Database(_)));
    assert!(is_told, "{imported:?}");
    server.restart().await;
    let import = Import::open(file.as_slice(), &vault(7)).await.unwrap();
    let moved = store.import(import, &mut |_| {}).await.unwrap();
    assert_eq!((moved.rows.accounts, lines(&file).len() as u64), (MANY, MANY + 2));
}
