//! What was answered is kept: over a restart, and in what a crash leaves of the files.

use adapters::sql::SqliteStore;
use domain::account::VerifiedPhone;
use domain::credential::{Credential, CredentialKind, CredentialSecret, SecretHash};
use domain::guess::GuessTotals;
use domain::id::{AccountId, CredentialId};
use domain::ports::{
    AccountStore, Approved, Change, Counters, CredentialStore, Saved, Taken, VerificationStore,
};
use domain::testkit::SeededEntropy;
use domain::verification::State;

use super::harness::{
    Place, account, approve, begin, guess, inserted, mistyped, phone, seconds, subject, take, today,
};

/// One of everything, and what it is known by.
struct Written {
    account: AccountId,
    token: SecretHash,
}

async fn write(store: &SqliteStore) -> Written {
    let ram = account(store, "ram", 1).await;
    let verification = inserted(store, Some(&ram), 1).await;
    let next = mistyped(&verification);
    let change = Change { next: &next, expected: 0, guess: Some(guess(today(), true)) };
    assert_eq!(store.save(&change).await.unwrap(), Saved::Stored);
    assert_eq!(approve(store, &next, &ram).await, Approved::Stored { transferred_from: None });

    let entropy = SeededEntropy::new(2);
    let token = Credential {
        id: CredentialId::new(begin(), &entropy).unwrap(),
        application: ram.application.clone(),
        kind: CredentialKind::UserToken(ram.id),
        name: None,
        created_at: begin(),
        expires_at: None,
        revoked_at: None,
    };
    let secret = CredentialSecret::new(token.kind, &entropy).unwrap();
    store.issue(&token, &secret.hash()).await.unwrap();
    assert!(matches!(store.counters().take(&[take(1, 1, 1)], begin()).await.unwrap(), Taken::All(_)));
    Written { account: ram.id, token: secret.hash() }
}

async fn is_there(store: &SqliteStore, written: &Written) {
    let holder = store.holder(&written.token).await.unwrap().unwrap();
    let ram = store.load_account(written.account).await.unwrap().unwrap();
    assert_eq!(holder.account, Some(ram.identity()));
    assert_eq!(ram.phone, Some(VerifiedPhone { phone: phone(), verified_at: seconds(60) }));

    let standing = store.standing(&subject(Some(&ram)), today()).await.unwrap();
    assert_eq!(standing.proved, ram.phone);
    let latest = standing.latest.unwrap();
    assert_eq!(latest.state, State::Approved { at: seconds(60) });
    assert_eq!((latest.version, latest.checks_used), (2, 2));
    assert_eq!(standing.guesses, GuessTotals { short_in_window: 1, short_today: 1, long_today: 0 });

    let again = store.counters().take(&[take(1, 1, 2)], seconds(1)).await.unwrap();
    assert!(matches!(again, Taken::Refused { .. }), "a counter must outlive a restart");
}

#[tokio::test]
async fn everything_outlives_a_restart() {
    let place = Place::new();
    let store = place.open().await;
    let written = write(&store).await;
    drop(store);
    is_there(&place.open().await, &written).await;
}

#[tokio::test]
async fn everything_outlives_an_orderly_end() {
    let place = Place::new();
    let store = place.open().await;
    let written = write(&store).await;
    store.close().await;
    assert!(!place.path().with_extension("db-wal").exists(), "an orderly end leaves one file");
    is_there(&place.open().await, &written).await;
}

#[tokio::test]
async fn what_a_crash_leaves_has_all_that_was_answered() {
    let place = Place::new();
    let store = place.open().await;
    let written = write(&store).await;
    // The files as they are while the store is open, which is how a crash leaves them.
    let after_crash = Place::new();
    for extension in ["db", "db-wal"] {
        let (from, to) =
            (place.path().with_extension(extension), after_crash.path().with_extension(extension));
        std::fs::copy(from, to).unwrap();
    }
    is_there(&after_crash.open().await, &written).await;
}

#[tokio::test]
async fn behind_an_end_every_call_is_answered_with_unavailable() {
    let place = Place::new();
    let store = place.open().await;
    let ram = account(&store, "ram", 1).await;
    store.close().await;
    let kinds = [
        store.load_account(ram.id).await.unwrap_err().kind,
        store.add(&ram).await.unwrap_err().kind,
        store.ping().await.unwrap_err().kind,
        store.counters().ping().await.unwrap_err().kind,
    ];
    assert_eq!(kinds, [domain::ports::PortErrorKind::Unavailable; 4]);
}
