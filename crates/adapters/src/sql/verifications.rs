//! What is read of verifications and of the ledger of wrong checks, in any database. How it is asked for, and how they
//! change, is each database's own affair.

use domain::ports::{Loaded, Standing};

use super::columns::{Cells, Columns};
use super::failure::Failure;

/// The wrong checks, what the account has proved or nothing, and the verification or nothing.
pub(super) fn standing<Row: Cells>(mut columns: Columns<'_, Row>) -> Result<Standing, Failure> {
    // The columns are read in the order in which they are written here.
    Ok(Standing {
        guesses: columns.totals()?,
        proved: columns.proved()?,
        latest: columns.optional_verification()?,
    })
}

/// The wrong checks and the verification.
pub(super) fn loaded<Row: Cells>(mut columns: Columns<'_, Row>) -> Result<Loaded, Failure> {
    Ok(Loaded { guesses: columns.totals()?, verification: columns.verification()? })
}
