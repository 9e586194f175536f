//! Use cases called as the tests need them.

use domain::code::SubmittedCode;
use domain::credential::Caller;
use domain::phone::Phone;
use domain::refusal::{Refusal, Refused};
use domain::testkit::{World, start_request};
use domain::use_cases::{self, Answer, CheckTarget, Failure, Proved, StartRequest, Started, Verifier};
use domain::verification::{Purpose, Verification};

/// What was done; nothing else may have happened.
#[track_caller]
pub(crate) fn done<T>(answer: Result<Answer<T>, Failure>) -> T {
    match answer {
        Ok(Answer::Done(done)) => done,
        Ok(Answer::Refused(refused)) => panic!("refused: {:?}", refused.refusal),
        Err(failure) => panic!("failed: {failure:?}"),
    }
}

/// Why it was not done.
#[track_caller]
pub(crate) fn refused<T>(answer: Result<Answer<T>, Failure>) -> Refused {
    match answer {
        Ok(Answer::Done(_)) => panic!("done, though it had to be refused"),
        Ok(Answer::Refused(refused)) => refused,
        Err(failure) => panic!("failed: {failure:?}"),
    }
}

/// Why it was not done.
#[track_caller]
pub(crate) fn refusal<T>(answer: Result<Answer<T>, Failure>) -> Refusal {
    refused(answer).refusal
}

#[track_caller]
pub(crate) fn failure<T>(answer: Result<T, Failure>) -> Failure {
    match answer {
        Ok(_) => panic!("answered, though it had to fail"),
        Err(failure) => failure,
    }
}

pub(crate) async fn start(world: &World, caller: &Caller, phone: Phone) -> Result<Answer<Started>, Failure> {
    use_cases::start(&world.verifier, caller, start_request(phone)).await
}

pub(crate) async fn start_for(
    world: &World,
    caller: &Caller,
    phone: Phone,
    purpose: Purpose,
) -> Result<Answer<Started>, Failure> {
    use_cases::start(&world.verifier, caller, StartRequest { purpose, ..start_request(phone) }).await
}

/// A new verification, with its code sent.
pub(crate) async fn begun(world: &World, caller: &Caller, phone: Phone) -> Verification {
    new(start(world, caller, phone).await)
}

#[track_caller]
pub(crate) fn new(answer: Result<Answer<Started>, Failure>) -> Verification {
    match done(answer) {
        Started::New(verification) => verification,
        Started::Resent(_) => panic!("resent, though a new one had to begin"),
    }
}

#[track_caller]
pub(crate) fn resent(answer: Result<Answer<Started>, Failure>) -> Verification {
    match done(answer) {
        Started::New(_) => panic!("a new one began, though the live one had to be sent again"),
        Started::Resent(verification) => verification,
    }
}

pub(crate) async fn check(
    verifier: &Verifier,
    caller: &Caller,
    verification: &Verification,
    code: &SubmittedCode,
) -> Result<Answer<Proved>, Failure> {
    use_cases::check(verifier, caller, &CheckTarget::Id(verification.id), code).await
}

/// Proves the phone for the caller.
pub(crate) async fn prove(world: &World, caller: &Caller, phone: Phone) -> Verification {
    let begun = begun(world, caller, phone).await;
    let proved = done(check(&world.verifier, caller, &begun, &world.right_code()).await);
    assert!(proved.now);
    proved.verification
}

/// The only verification that is stored.
#[track_caller]
pub(crate) fn only(world: &World) -> Verification {
    let mut all = world.store.verifications();
    assert_eq!(all.len(), 1, "exactly one verification is stored");
    all.remove(0)
}
