//! Keys, user tokens and accounts.

use std::time::Duration;

use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{Caller, CredentialKind, Scope};
use domain::id::AccountId;
use domain::ports::{Clock as _, CredentialFilter, Dependency, Identity, Page};
use domain::refusal::Refusal;
use domain::testkit::{World, phone};
use domain::time::after;
use domain::use_cases::{Failure, accounts, authenticate, credentials};
use domain::verification::Purpose;

use crate::answers::{check, done, new, prove, refusal, start, start_for};

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

/// A token of the sign-in of this application, which ends in five minutes.
fn signed_in(world: &World, application: &str, name: &str) -> String {
    let application = ApplicationId::parse(application).unwrap();
    let token = format!("a.token-of-{name}-at-{application}.b");
    let identity = Identity { application, username: Username::parse(name).unwrap() };
    world.identities.know(&token, identity, after(world.clock.now(), Duration::from_mins(5)));
    token
}

#[tokio::test]
async fn a_token_of_the_applications_own_sign_in_speaks_for_its_account() {
    let world = World::new();
    let token = signed_in(&world, "default", "ram");
    let ram = caller(&world, &token).await.unwrap();
    assert_eq!(world.store.accounts().len(), 1, "the account is made on first use");
    assert_eq!(Some(&ram), caller(&world, &token).await.as_ref());
    assert_eq!(ram, world.user("ram").await, "it acts as a user token does");
    assert_eq!(world.store.accounts().len(), 1);

    prove(&world, &ram, phone("9841234567")).await;
    let login = new(start_for(&world, &ram, phone("9841234567"), Purpose::Login).await);
    assert!(done(check(&world.verifier, &ram, &login, &world.right_code()).await).now);
    assert_eq!(refusal(start(&world, &ram, phone("9841234567")).await), Refusal::AlreadyVerified);

    world.pass(Duration::from_mins(5));
    assert_eq!(caller(&world, &token).await, None, "it ends");
}

#[tokio::test]
async fn a_token_of_a_sign_in_for_an_application_that_is_gone_opens_nothing() {
    let world = World::new();
    assert_eq!(caller(&world, &signed_in(&world, "gone", "ram")).await, None);
    assert_eq!(caller(&world, "never.heard.of").await, None);
    assert_eq!(world.store.accounts(), [], "no account is made of it");
}

#[tokio::test]
async fn an_issuer_whose_keys_are_not_to_be_had_stops_its_own_tokens_only() {
    let world = World::new();
    let token = signed_in(&world, "default", "ram");
    let (_, key) = issued(&world, CredentialKind::Key(Scope::Verify), None).await;
    world.identities.set_down(true);
    let failure = authenticate(&world.verifier, &token).await.unwrap_err();
    assert!(matches!(failure, Failure::Port(error) if error.dependency == Dependency::Issuer));
    assert!(caller(&world, &key).await.is_some());
    world.identities.set_down(false);
    world.store.fail_next("add", 1);
    assert!(authenticate(&world.verifier, &token).await.is_err());
    assert!(caller(&world, &token).await.is_some());
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
