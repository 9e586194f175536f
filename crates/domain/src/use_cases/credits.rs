//! What is left at gateways: asked now and then, kept, and told before it is nothing.

use super::{Failure, Verifier};
use crate::credit::CreditReading;
use crate::ports::{CreditKept, SmsGateway};

/// Asks a gateway what is left and keeps it; a reading that is the first to be low is told to every application.
/// Answers what came of it; `None` where the gateway told nothing.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn look(
    verifier: &Verifier,
    gateway: &dyn SmsGateway,
) -> Result<Option<(CreditReading, CreditKept)>, Failure> {
    let Some(balance) = gateway.credit().await else { return Ok(None) };
    let facts = gateway.facts();
    let low = balance < facts.credit_low;
    let reading = CreditReading { gateway: facts.name.clone(), balance, at: verifier.now(), low };
    let tell: Vec<_> = verifier.applications.ids().cloned().collect();
    let kept = verifier.ports.credits.keep_credit(&reading, &tell).await?;
    Ok(Some((reading, kept)))
}
