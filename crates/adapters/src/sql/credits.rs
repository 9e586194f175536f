//! What is left at gateways, in any database.

use domain::application::ApplicationId;
use domain::credit::CreditReading;
use domain::ports::CreditKept;

use super::columns::Columns;
use super::engine::Engine;
use super::failure::Failure;

/// A database that keeps what is left at gateways; see the port for what the method means. A change is told in its
/// transaction, which databases do each in its own way.
pub(super) trait CreditEngine: Engine {
    /// [`domain::ports::CreditStore::keep_credit`].
    fn keep_credit(
        &self,
        reading: &CreditReading,
        tell: &[ApplicationId],
    ) -> impl Future<Output = Result<CreditKept, Failure>> + Send;
}

/// Keeps what is left (`$2`) at the gateway `$1` at `$3`, unless there is a later reading; `$4` is `$3` where it is low, and
/// nothing otherwise. Answers whether it has just become low.
macro_rules! keep_credit {
    () => {
        "INSERT INTO gateway_credits AS kept (gateway, thousandths, at, low_since) VALUES ($1, $2, $3, $4)
         ON CONFLICT (gateway) DO UPDATE SET thousandths = excluded.thousandths, at = excluded.at,
            low_since = CASE WHEN excluded.low_since IS NOT NULL THEN coalesce(kept.low_since, excluded.low_since) END
         WHERE kept.at < excluded.at
         RETURNING CASE WHEN low_since = at THEN 1 ELSE 0 END AS became_low"
    };
}

pub(super) use keep_credit;

pub(super) const LOAD: &str =
    "SELECT gateway, thousandths, at, low_since FROM gateway_credits ORDER BY gateway";

pub(super) async fn load<E: Engine>(engine: &E) -> Result<Vec<CreditReading>, Failure> {
    let rows = engine.ask(E::query(LOAD)).await?;
    rows.iter().map(|row| Columns::of(row, engine.vault()).credit_reading()).collect()
}
