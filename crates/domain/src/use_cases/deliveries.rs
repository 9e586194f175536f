//! What became of the SMS, and how the gateways do: for those who administer an application.

use std::sync::Arc;
use std::time::Duration;

use super::applications::administered;
use super::credits::Uses;
use super::{Answer, Failure, Verifier, answer};
use crate::credential::Caller;
use crate::credit::{CreditReading, DaysLeft};
use crate::delivery::{DeliveryRecord, GatewayTally};
use crate::id::DeliveryId;
use crate::ports::{DeliveryFilter, GatewayCondition, GatewayFacts, Page, SmsGateway};
use crate::route::{Route, RouteName};
use crate::time::Timestamp;

/// How far back the answers of gateways are tallied.
pub const TALLY_WINDOW: Duration = Duration::from_hours(24);
/// Of how many deliveries at most, the youngest.
pub const TALLY_DELIVERIES_MAX: u16 = 1000;

/// A gateway, and how it has answered the application within [`TALLY_WINDOW`], of at most [`TALLY_DELIVERIES_MAX`]
/// deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayStatus {
    /// What it is.
    pub facts: GatewayFacts,
    /// How it is at the moment, in this process.
    pub condition: GatewayCondition,
    /// The application's routes that lead to it, in the order in which they are tried.
    pub routes: Vec<RouteName>,
    /// What was left there when it was last asked.
    pub credit: Option<CreditReading>,
    /// For how long that lasts, by what the SMS of all applications used of late; `None` where it cannot be told.
    pub days_left: Option<DaysLeft>,
    /// What it said, how often, and when last.
    pub tallies: Vec<GatewayTally>,
}

/// A page of the application's deliveries, youngest first.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn list(
    verifier: &Verifier,
    caller: &Caller,
    filter: &DeliveryFilter,
    page: Page<DeliveryId>,
) -> Result<Answer<Vec<DeliveryRecord>>, Failure> {
    let listed =
        async { Ok(verifier.ports.deliveries.list_deliveries(administered(caller)?, filter, page).await?) };
    answer(listed.await)
}

/// Every gateway, and how it has answered of late.
///
/// # Errors
/// [`Failure`] when a port fails.
pub async fn gateways(verifier: &Verifier, caller: &Caller) -> Result<Answer<Vec<GatewayStatus>>, Failure> {
    let tallied = async {
        let application = administered(caller)?;
        let since = verifier.now().checked_sub(TALLY_WINDOW).unwrap_or(Timestamp::UNIX_EPOCH);
        let store = &verifier.ports.deliveries;
        let tallies = store.tally_gateways(application, since, TALLY_DELIVERIES_MAX).await?;
        let credits = verifier.ports.credits.load_credits().await?;
        let gateways = &verifier.ports.gateways;
        let told = |gateway: &&GatewayFacts| credits.iter().any(|reading| reading.gateway == gateway.name);
        let uses =
            Uses::read(verifier, gateways.all().iter().map(|gateway| gateway.facts()).filter(told)).await?;
        let status = |gateway: &Arc<dyn SmsGateway>| {
            let facts = gateway.facts().clone();
            let own = |tally: &&GatewayTally| tally.gateway == facts.name;
            let credit = credits.iter().find(|reading| reading.gateway == facts.name).cloned();
            let leads = |route: &&Route| route.gateway == facts.name;
            GatewayStatus {
                condition: gateway.condition(),
                routes: gateways
                    .routes()
                    .of(application)
                    .filter(leads)
                    .map(|route| route.name.clone())
                    .collect(),
                days_left: credit.as_ref().and_then(|credit| uses.days_left(&facts, credit.balance)),
                credit,
                tallies: tallies.iter().filter(own).cloned().collect(),
                facts,
            }
        };
        Ok(gateways.all().iter().map(status).collect())
    };
    answer(tallied.await)
}
