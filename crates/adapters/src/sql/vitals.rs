//! How a database is, for operators.

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::ports::{Backlog, PortError, VitalStore};

use super::arguments::Arguments as _;
use super::columns::Cells as _;
use super::engine::Engine;
use super::events::count;
use super::failure::Failure;
use super::rows::RowFault;
use super::store::Store;

const SCHEMA_VERSION: &str = "SELECT max(version) FROM _sqlx_migrations";

/// Bounded by `$2`, and the oldest by the order of the ids, which begin with an instant.
pub(super) const BACKLOG: &str = "
    SELECT (SELECT count(*) FROM (SELECT place FROM event_outbox WHERE place > 0 ORDER BY place LIMIT $2) AS waiting),
        (SELECT e.at FROM events e WHERE e.id =
            (SELECT event_id FROM event_outbox WHERE place > 0 ORDER BY place LIMIT 1)),
        (SELECT count(*) FROM (SELECT id FROM webhook_deliveries WHERE application = $1 AND status = 'pending'
            ORDER BY id LIMIT $2) AS waiting),
        (SELECT created_at FROM webhook_deliveries WHERE application = $1 AND status = 'pending' ORDER BY id LIMIT 1)";

#[async_trait]
impl<Database: Engine> VitalStore for Store<Database> {
    async fn schema_version(&self) -> Result<u64, PortError> {
        schema_version(&*self.0).await.map_err(Database::failed)
    }

    async fn backlog(&self, application: &ApplicationId, max: u32) -> Result<Backlog, PortError> {
        backlog(&*self.0, application, max).await.map_err(Database::failed)
    }
}

async fn schema_version<E: Engine>(engine: &E) -> Result<u64, Failure> {
    let rows = engine.ask(E::query(SCHEMA_VERSION)).await?;
    let version = rows.first().ok_or(RowFault("answer"))?.whole(0)?;
    Ok(count(version.ok_or(RowFault("version"))?)?)
}

async fn backlog<E: Engine>(engine: &E, application: &ApplicationId, max: u32) -> Result<Backlog, Failure> {
    let query = E::query(BACKLOG).text(application.as_str()).whole(i64::from(max));
    let rows = engine.ask(query).await?;
    let row = rows.first().ok_or(RowFault("answer"))?;
    let counted =
        |column| -> Result<u64, Failure> { Ok(count(row.whole(column)?.ok_or(RowFault("count"))?)?) };
    Ok(Backlog {
        events: counted(0)?,
        oldest_event_at: row.instant(1)?,
        deliveries: counted(2)?,
        oldest_delivery_at: row.instant(3)?,
    })
}
