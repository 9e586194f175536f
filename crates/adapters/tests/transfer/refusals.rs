//! What is not to be done is refused, with a sentence that says what to do, before anything is changed.

use adapters::sql::transfer::{Import, Table, TransferError, TransferRefusal};
use domain::time::Day;

use super::furniture::{begin, furnish};
use super::harness::{Base, Kind, lines, vault};

#[track_caller]
fn refusal<T: std::fmt::Debug>(answer: Result<T, TransferError>) -> TransferRefusal {
    match answer {
        Err(TransferError::Refused(refusal)) => refusal,
        other => panic!("it was not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_has_rows_is_not_filled() {
    for kind in Kind::ALL {
        let source = Base::new(kind).await;
        furnish(&source).await;
        let (file, moved) = source.exported().await;
        let before = source.rows().await;
        assert_eq!(refusal(source.import(&file).await), TransferRefusal::NotEmpty { table: Table::Accounts });
        assert_eq!(source.rows().await, before);

        // Each table alone stands in the way, and so does an import that was done.
        let target = Base::new(kind).await;
        target.import(&file).await.unwrap();
        assert_eq!(refusal(target.import(&file).await), TransferRefusal::NotEmpty { table: Table::Accounts });
        assert_eq!(target.rows().await, moved.rows);
        let of_ledger = Base::new(kind).await;
        of_ledger.import(&file).await.unwrap();
        of_ledger.keep_only("wrong_checks").await;
        assert_eq!(
            refusal(of_ledger.import(&file).await),
            TransferRefusal::NotEmpty { table: Table::WrongChecks }
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_under_another_key_are_refused() {
    for kind in Kind::ALL {
        let source = Base::new(kind).await;
        furnish(&source).await;
        let target = Base::with_key(kind, 8).await;
        assert_eq!(refusal(target.import(&source.export().await).await), TransferRefusal::PhoneKey);
        assert_eq!(target.rows().await.total(), 0);
    }
}

async fn opened(file: &[u8]) -> Result<Import<&[u8]>, TransferError> {
    Import::open(file, &vault(7)).await
}

#[tokio::test]
async fn what_is_no_export_is_refused() {
    let (file, _) = Base::new(Kind::Sqlite).await.exported().await;
    assert!(opened(&file).await.is_ok());
    let lines = lines(&file);
    let begins: [&[u8]; 10] = [
        b"",
        b"\n",
        b"{}\n",
        b"SQLite format 3\0",
        b"{\"format\":\"something else\",\"version\":1,\"release\":\"1\"}\n",
        b"{\"format\":\"sparrow-verify-export\",\"version\":0,\"release\":\"1\"}\n",
        &vec![0xff; 100_000],
        &lines[0][..lines[0].len() - 1],
        &lines[1],
        &vec![b' '; 100_000],
    ];
    for begin in begins {
        assert_eq!(refusal(opened(begin).await), TransferRefusal::NoExport);
    }
}

#[tokio::test]
async fn a_newer_form_is_refused_whatever_else_it_has() {
    for version in [5, u32::MAX] {
        let header = format!(
            "{{\"format\":\"sparrow-verify-export\",\"version\":{version},\"release\":\"9\",\"x\":[]}}\n"
        );
        assert_eq!(refusal(opened(header.as_bytes()).await), TransferRefusal::Newer { version });
    }
    let this = b"{\"format\":\"sparrow-verify-export\",\"version\":4,\"release\":\"9\",\"x\":[]}\n";
    assert!(matches!(opened(this).await, Err(TransferError::Line { line: 1, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_imports_at_once_one_is_done() {
    for kind in Kind::ALL {
        let source = Base::new(kind).await;
        let furniture = furnish(&source).await;
        let (file, moved) = source.exported().await;
        let target = Base::new(kind).await;
        let (one, other) = tokio::join!(target.import(&file), target.import(&file));
        let (done, refused) = if one.is_ok() { (one, other) } else { (other, one) };
        assert_eq!(done.unwrap(), moved);
        let refused = refusal(refused);
        let is_told = matches!(refused, TransferRefusal::NotEmpty { .. } | TransferRefusal::Busy);
        assert!(is_told, "{refused:?}");
        let today = Day::of(begin());
        assert!(target.verifications.load(furniture.pending.id, today).await.unwrap().is_some());
        assert_eq!(target.rows().await, moved.rows);
    }
}
