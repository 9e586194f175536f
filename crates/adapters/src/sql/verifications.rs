//! What is read of verifications and of the ledger of wrong checks, in any database. How they change is each database's
//! own affair.

use domain::id::VerificationId;
use domain::ports::{Loaded, Standing};
use domain::time::Day;
use domain::verification::Subject;

use super::arguments::{self, Arguments as _};
use super::columns::Columns;
use super::engine::Engine;
use super::failure::Failure;
use super::rows::RowFault;

/// The statement answers one row, whatever there is: the wrong checks, what the account has proved or nothing, and the
/// verification or nothing.
pub(super) async fn standing<E: Engine>(
    engine: &E,
    subject: &Subject,
    today: Day,
) -> Result<Standing, Failure> {
    let query = arguments::days(E::query(E::STANDING), today);
    let rows = engine.ask(arguments::subject(query, &engine.vault().seal(subject.phone), subject)).await?;
    let mut columns = Columns::of(rows.first().ok_or(RowFault("standing"))?, engine.vault());
    // The columns are read in the order in which they are written here.
    Ok(Standing {
        guesses: columns.totals()?,
        proved: columns.proved()?,
        latest: columns.optional_verification()?,
    })
}

/// The statement answers the wrong checks and the verification, or no row.
pub(super) async fn load<E: Engine>(
    engine: &E,
    id: VerificationId,
    today: Day,
) -> Result<Option<Loaded>, Failure> {
    let rows = engine.ask(arguments::days(E::query(E::LOAD), today).uuid(id.uuid())).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut columns = Columns::of(row, engine.vault());
    Ok(Some(Loaded { guesses: columns.totals()?, verification: columns.verification()? }))
}
