//! What goes wrong between a port and a database, before it is known which port it was.

use domain::ports::{Dependency, PortError};

use crate::sql::rows::RowFault;

/// Why a statement brought nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The database, or the way there.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// What it holds.
    #[error(transparent)]
    Row(#[from] RowFault),
}

impl Failure {
    /// The failure as a port tells it.
    pub(super) fn of(self, dependency: Dependency) -> PortError {
        match self {
            Self::Row(fault) => PortError::inconsistent(dependency, fault),
            Self::Database(error) if makes_no_sense(&error) => PortError::inconsistent(dependency, error),
            Self::Database(error) => PortError::unavailable(dependency, error),
        }
    }
}

/// Whether trying again is of no use: a value that cannot be read, a broken constraint, a missing table, a corrupt
/// file. Everything else (locks, waits, disks, memory, workers) may pass.
fn makes_no_sense(error: &sqlx::Error) -> bool {
    if let sqlx::Error::Database(error) = error {
        return sqlite_code(error.as_ref()).is_some_and(|code| CODES_OF_NONSENSE.contains(&code));
    }
    matches!(
        error,
        sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_)
            | sqlx::Error::RowNotFound
            | sqlx::Error::TypeNotFound { .. }
    )
}

/// `SQLITE_ERROR`, `SQLITE_CORRUPT`, `SQLITE_SCHEMA`, `SQLITE_CONSTRAINT`, `SQLITE_MISMATCH`, `SQLITE_NOTADB`
/// (sqlite.org, "Result and Error Codes").
const CODES_OF_NONSENSE: [i32; 6] = [1, 11, 17, 19, 20, 26];

/// `SQLITE_BUSY`: somebody else holds the lock.
pub(super) const SQLITE_BUSY: i32 = 5;

/// The primary result code of SQLite, without what extends it.
pub(super) fn sqlite_code(error: &dyn sqlx::error::DatabaseError) -> Option<i32> {
    error.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}
