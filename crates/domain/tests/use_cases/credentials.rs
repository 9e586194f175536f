//! Keys, user tokens and accounts.

use std::time::Duration;

use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{Caller, CredentialKind, Scope};
use domain::id::AccountId;
use domain::ports::{CredentialFilter, Page};
use domain::testkit::World;
use domain::use_cases::{accounts, authenticate, credentials};

fn here() -> ApplicationId {
    ApplicationId::default_application()
}

async fn issued(
    world: &World,
    kind: CredentialKind,
    life: Option<Duration>,
) -> (domain::credential::Credential, String) {
    let (credential, secret) = credentials::issue(&world.verifier, &here(), kind, life).await.unwrap();
    (credential, secret.reveal().to_owned())
}

async fn caller(world: &World, secret: &str) -> Option<Caller> {
    authenticate(&world.verifier, secret).await.unwrap()
}

fn account_of(caller: &Caller) -> AccountId {
    match caller {
        Caller::User(account) => account.id,
        Caller::Application(_) | Caller::Admin(_) => panic!("a user was asked for"),
    }
}

#[tokio::test]
async fn a_secret_tells_who_calls() {
    let world = World::new();
    let ram = world.user("ram").await;
    let (_, token) = issued(&world, CredentialKind::UserToken(account_of(&ram)), None).await;
    let (_, key) = issued(&world, CredentialKind::Key(Scope::Verify), None).await;
    let (_, admin) = issued(&world, CredentialKind::Key(Scope::Admin), None).await;
    assert_eq!(caller(&world, &token).await, Some(ram));
    assert_eq!(caller(&world, &key).await, Some(world.application()));
    assert_eq!(caller(&world, &admin).await, Some(world.admin()));
    assert!(token.starts_with("svu_") && key.starts_with("svk_") && admin.starts_with("sva_"));
}

#[tokio::test]
async fn what_was_never_issued_opens_nothing() {
    let world = World::new();
    let (_, key) = issued(&world, CredentialKind::Key(Scope::Verify), None).await;
    let upper = key.to_uppercase();
    let other = key.replace("svk_", "sva_");
    for secret in ["", "svk_", "x", &key[1..], &upper, &other, &format!("{key} ")] {
        assert_eq!(caller(&world, secret).await, None);
    }
}

#[tokio::test]
async fn a_credential_ends_with_its_life() {
    let world = World::new();
    let (_, key) = issued(&world, CredentialKind::Key(Scope::Verify), Some(Duration::from_hours(1))).await;
    world.pass(Duration::from_millis(3_599_999));
    assert!(caller(&world, &key).await.is_some());
    world.pass(Duration::from_millis(1));
    assert_eq!(caller(&world, &key).await, None);
}

#[tokio::test]
async fn a_revoked_credential_opens_nothing_at_once() {
    let world = World::new();
    let (credential, key) = issued(&world, CredentialKind::Key(Scope::Verify), None).await;
    let elsewhere = ApplicationId::parse("shop").unwrap();
    let revoke = async |application: &ApplicationId, which| {
        credentials::revoke(&world.verifier, application, which, credential.id).await.unwrap()
    };
    assert_eq!(revoke(&elsewhere, CredentialFilter::Keys).await, None);
    assert_eq!(revoke(&here(), CredentialFilter::UserTokens(None)).await, None);
    assert!(caller(&world, &key).await.is_some());
    let revoked = revoke(&here(), CredentialFilter::Keys).await;
    assert_eq!(caller(&world, &key).await, None);
    world.pass(Duration::from_secs(1));
    assert_eq!(revoke(&here(), CredentialFilter::Keys).await, revoked, "the first instant stays");
}

#[tokio::test]
async fn an_account_is_added_once() {
    let world = World::new();
    let name = Username::parse("ram").unwrap();
    let (first, made) = accounts::add(&world.verifier, &here(), name.clone()).await.unwrap();
    assert!(made);
    assert_eq!(accounts::add(&world.verifier, &here(), name.clone()).await.unwrap(), (first.clone(), false));
    assert_eq!(accounts::find(&world.verifier, &here(), &name).await.unwrap(), Some(first.clone()));
    let page = Page { before: None, limit: 10 };
    assert_eq!(accounts::list(&world.verifier, &here(), page).await.unwrap(), [first]);
    let gone = ApplicationId::parse("gone").unwrap();
    assert!(accounts::add(&world.verifier, &gone, name).await.is_err());
}
