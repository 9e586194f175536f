//! Calls that have an idempotency key: begun once, answered as often as they are made.

use std::time::Duration;

use super::{Failure, Verifier};
use crate::credential::Caller;
use crate::idempotency::{Attempt, Begun, Fingerprint, IdempotencyKey, KeyPlace, Owner, StoredAnswer};
use crate::time::after;

/// A call that has a key.
#[derive(Debug)]
pub struct KeyedCall<'a> {
    /// Who calls.
    pub caller: &'a Caller,
    /// The HTTP method.
    pub method: &'a str,
    /// The path, without query.
    pub path: &'a str,
    /// The key.
    pub key: &'a IdempotencyKey,
    /// The body in its canonical form: equal for bodies that mean the same.
    pub canonical_body: &'a [u8],
}

/// How long a call with a key may run, and how long its answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTerms {
    /// After this, whoever works on it is taken for dead.
    pub lease: Duration,
    /// After this the key is forgotten.
    pub kept: Duration,
}

/// What its owner needs to end a call.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    place: KeyPlace,
    owner: Owner,
}

/// Begins a call. Where this answers [`Begun::New`], the call is to be made, and ended with [`end`].
///
/// # Errors
/// [`Failure`] when a port fails; then it must not be made.
pub async fn begin(
    verifier: &Verifier,
    call: &KeyedCall<'_>,
    terms: KeyTerms,
) -> Result<(Ticket, Begun), Failure> {
    let now = verifier.now();
    let secret = verifier.phone_key.as_ref();
    let attempt = Attempt {
        place: KeyPlace::of(secret, call.caller, call.method, call.path, call.key),
        fingerprint: Fingerprint::of(secret, call.canonical_body),
        owner: Owner::new(verifier.ports.entropy.as_ref())?,
        lease_until: after(now, terms.lease),
        expires_at: after(now, terms.kept),
    };
    let begun = verifier.ports.idempotency.begin(&attempt, now).await?;
    Ok((Ticket { place: attempt.place, owner: attempt.owner }, begun))
}

/// Ends a call: keeps its answer, or without one frees the key.
///
/// # Errors
/// [`Failure`] when the store does not answer. The key then counts as running until its lease is over.
pub async fn end(verifier: &Verifier, ticket: Ticket, answer: Option<&StoredAnswer>) -> Result<(), Failure> {
    let store = &verifier.ports.idempotency;
    match answer {
        Some(answer) => store.finish(&ticket.place, &ticket.owner, answer).await?,
        None => store.release(&ticket.place, &ticket.owner).await?,
    }
    Ok(())
}
