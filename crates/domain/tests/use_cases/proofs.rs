//! Proofs: what an approval proves, and for how long.

use std::sync::Arc;
use std::time::Duration;

use domain::policy::Policy;
use domain::proof::{PhoneClaim, ProofClaims, ProofPhone, phone_hash};
use domain::testkit::{PlainProofs, World, phone, start_request};
use domain::use_cases::proofs::prove;
use domain::use_cases::{Answer, CheckTarget, Started, Verifier, check, start};
use domain::verification::{Command, Purpose, State, Verification, step};

const PHONE: &str = "9841234567";

/// A verification of ram's that is live.
async fn begun(world: &World) -> Verification {
    let caller = world.user("ram").await;
    match start(&world.verifier, &caller, start_request(phone(PHONE))).await.unwrap() {
        Answer::Done(Started::New(begun)) => begun,
        other @ (Answer::Done(Started::Resent(_)) | Answer::Refused(_)) => panic!("{other:?}"),
    }
}

/// The same, approved.
async fn approved(world: &World) -> Verification {
    let begun = begun(world).await;
    let caller = world.user("ram").await;
    let code = world.right_code();
    match check(&world.verifier, &caller, &CheckTarget::Id(begun.id), &code).await.unwrap() {
        Answer::Done(proved) => proved.verification,
        Answer::Refused(refused) => panic!("{refused:?}"),
    }
}

fn signing(world: &World) -> Verifier {
    let mut verifier = world.verifier.clone();
    verifier.ports.proofs = Some(Arc::new(PlainProofs::default()));
    verifier
}

#[tokio::test]
async fn a_proof_claims_what_was_approved() {
    let world = World::new();
    world.pass(Duration::from_millis(1_999));
    let verification = approved(&world).await;
    let now = verification.state.final_at().unwrap();
    let claims = ProofClaims::of(&verification, ProofPhone::Hash, now).unwrap();
    assert_eq!(claims.audience, verification.subject.application);
    assert_eq!((claims.subject, claims.id), (verification.username.clone(), verification.id));
    // Whole seconds, rounded down, as in every JWT.
    assert_eq!((claims.issued_at, claims.expires_at), (1_768_464_001, 1_768_464_601));
    assert_eq!(claims.purpose, Purpose::Contact);
    assert_eq!(claims.phone, PhoneClaim::Hash(phone_hash(verification.id, phone(PHONE))));
    let claims = ProofClaims::of(&verification, ProofPhone::Number, now).unwrap();
    assert_eq!(claims.phone, PhoneClaim::Number(phone(PHONE)));
}

#[tokio::test]
async fn a_proof_is_the_same_until_it_is_over_and_then_there_is_none() {
    let world = World::new();
    let verification = approved(&world).await;
    let verifier = signing(&world);
    let first = prove(&verifier, &verification).unwrap();
    world.pass(Duration::from_millis(599_999));
    assert_eq!(prove(&verifier, &verification), Some(first));
    world.pass(Duration::from_millis(1));
    assert_eq!(prove(&verifier, &verification), None);
}

#[tokio::test]
async fn only_an_approval_is_proved() {
    let world = World::new();
    let verification = begun(&world).await;
    let verifier = signing(&world);
    assert_eq!(prove(&verifier, &verification), None);
    let now = verification.created_at;
    for command in [Command::Cancel, Command::Lock] {
        let over = step(&verification, command, now).next;
        assert_eq!(prove(&verifier, &over), None, "{:?}", over.state);
    }
    let expired = Verification { state: State::Expired { at: now }, ..verification };
    assert_eq!(prove(&verifier, &expired), None);
}

#[tokio::test]
async fn without_a_signer_or_an_application_nothing_is_proved() {
    let world = World::builder().application("shop", "Shop", Policy::default()).build();
    let mut verification = approved(&world).await;
    assert_eq!(prove(&world.verifier, &verification), None);
    verification.subject.application = domain::application::ApplicationId::parse("gone").unwrap();
    assert_eq!(prove(&signing(&world), &verification), None);
}
