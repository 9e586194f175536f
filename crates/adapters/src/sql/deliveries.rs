//! Deliveries, in any database.

use domain::application::ApplicationId;
use domain::delivery::{DeliveryRecord, GatewayTally};
use domain::id::{DeliveryId, VerificationId};
use domain::ports::{DeliveryFilter, Page};
use domain::time::Timestamp;
use uuid::Uuid;

use super::arguments::Arguments as _;
use super::columns::Columns;
use super::engine::Engine;
use super::failure::Failure;
use super::statements::{LIST_DELIVERIES, LIST_DELIVERIES_OF_VERIFICATION, TALLY_GATEWAYS};

pub(super) async fn list<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    filter: &DeliveryFilter,
    page: Page<DeliveryId>,
) -> Result<Vec<DeliveryRecord>, Failure> {
    let statement =
        if filter.verification.is_some() { LIST_DELIVERIES_OF_VERIFICATION } else { LIST_DELIVERIES };
    let mut query = E::query(statement)
        .text(application.as_str())
        // No id is as great: an open page begins at the end.
        .uuid(page.before.map_or(Uuid::max(), DeliveryId::uuid))
        .whole(i64::from(page.limit));
    if let Some(verification) = filter.verification {
        query = query.uuid(VerificationId::uuid(verification));
    }
    let rows = engine.ask(query).await?;
    rows.iter().map(|row| Columns::of(row, engine.vault()).delivery_record()).collect()
}

pub(super) async fn tally<E: Engine>(
    engine: &E,
    application: &ApplicationId,
    since: Timestamp,
    at_most: u16,
) -> Result<Vec<GatewayTally>, Failure> {
    let query = E::query(TALLY_GATEWAYS).text(application.as_str()).instant(since).whole(i64::from(at_most));
    let rows = engine.ask(query).await?;
    rows.iter().map(|row| Columns::of(row, engine.vault()).gateway_tally()).collect()
}
