//! What is left at gateways: asked now and then, kept, and told before it is nothing.

use super::{Failure, Verifier};
use crate::credit::{CreditBalance, CreditReading, CreditUse, DaysLeft};
use crate::ports::{CreditKept, GatewayFacts, SmsGateway};
use crate::statistic::{StatisticBy, StatisticRow};
use crate::time::{Day, Timestamp};

/// What a look at a gateway has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditLook {
    /// What is left.
    pub reading: CreditReading,
    /// What came of it.
    pub kept: CreditKept,
    /// For how long it lasts; `None` where that cannot be told, or nobody wants to know.
    pub days_left: Option<DaysLeft>,
}

/// Asks a gateway what is left and keeps it; a reading that is the first to be low is told to every application. `None`
/// where the gateway told nothing.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn look(verifier: &Verifier, gateway: &dyn SmsGateway) -> Result<Option<CreditLook>, Failure> {
    let Some(balance) = gateway.credit().await else { return Ok(None) };
    let facts = gateway.facts();
    let days_left = Uses::read(verifier, [facts]).await?.days_left(facts, balance);
    let low = balance < facts.credit_low || lasts_too_short(verifier, facts, days_left).await?;
    let reading = CreditReading { gateway: facts.name.clone(), balance, at: verifier.now(), low };
    let tell: Vec<_> = verifier.applications.ids().cloned().collect();
    let kept = verifier.ports.credits.keep_credit(&reading, &tell).await?;
    Ok(Some(CreditLook { reading, kept, days_left }))
}

/// Whether that is low. Where it is about what the operator wants, it is what it was: one that goes up and down is not told
/// again and again.
async fn lasts_too_short(
    verifier: &Verifier,
    facts: &GatewayFacts,
    days_left: Option<DaysLeft>,
) -> Result<bool, Failure> {
    let Some(days_left) = days_left else { return Ok(false) };
    if !days_left.hovers_above(facts.credit_low_days) {
        return Ok(days_left.is_below(facts.credit_low_days));
    }
    let before = verifier.ports.credits.load_credits().await?;
    Ok(before.iter().any(|before| before.gateway == facts.name && before.low))
}

/// What gateways used of late.
pub(super) struct Uses {
    now: Timestamp,
    rows: Vec<StatisticRow>,
}

impl Uses {
    /// One query for all of them; none where nobody wants to know it of any of these.
    pub(super) async fn read<'a>(
        verifier: &Verifier,
        gateways: impl IntoIterator<Item = &'a GatewayFacts>,
    ) -> Result<Self, Failure> {
        let now = verifier.now();
        let wanted = gateways.into_iter().any(|facts| facts.credit_low_days > 0);
        let rows = if wanted {
            let (from, by) = (CreditUse::since(now), StatisticBy::Gateway);
            verifier.ports.statistics.read_statistics(None, from, Day::of(now), by).await?
        } else {
            Vec::new()
        };
        Ok(Self { now, rows })
    }

    /// For how long so much lasts at a gateway.
    pub(super) fn days_left(&self, facts: &GatewayFacts, balance: CreditBalance) -> Option<DaysLeft> {
        let wanted = facts.credit_low_days > 0;
        let row = self.rows.iter().find(|row| wanted && *row.name == *facts.name)?;
        Some(CreditUse::of(&row.amounts, row.since, self.now)?.days_left(balance))
    }
}
