//! What goes wrong between a port and a database, before it is known which port it was.

use std::error::Error;
use std::sync::Arc;

use domain::ports::{Dependency, PortError};
use sqlx::error::DatabaseError;

use super::SqlError;
use super::rows::RowFault;
use crate::coalescer::NotDone;

/// Why a statement brought nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// What it holds.
    #[error(transparent)]
    Row(#[from] RowFault),
    /// The way there.
    #[error(transparent)]
    Unreachable(Box<dyn Error + Send + Sync>),
    /// What many calls went to the database for together.
    #[error(transparent)]
    Shared(Arc<Failure>),
}

impl Failure {
    /// The failure as a port tells it. Which errors of the database itself make no sense, whoever tries again, only its
    /// adapter knows.
    pub(super) fn of(self, dependency: Dependency, nonsense: fn(&dyn DatabaseError) -> bool) -> PortError {
        match self {
            Self::Row(fault) => PortError::inconsistent(dependency, fault),
            Self::Database(error) if makes_no_sense(&error, nonsense) => {
                PortError::inconsistent(dependency, error)
            }
            Self::Database(error) => PortError::unavailable(dependency, error),
            Self::Unreachable(error) => PortError::unavailable(dependency, error),
            Self::Shared(failure) if failure.is_of_no_use_again(nonsense) => {
                PortError::inconsistent(dependency, failure)
            }
            Self::Shared(failure) => PortError::unavailable(dependency, failure),
        }
    }

    /// Whether the database has refused the statement, and is certain that nothing of it has happened: because of its
    /// values (SQLSTATE 21, 22, 23), of another statement (40, 55), or of what a function says about it (P0).
    pub(super) fn is_refusal(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        let code = error.code().unwrap_or_default();
        code.get(..2).is_some_and(|class| ["21", "22", "23", "40", "55", "P0"].contains(&class))
    }

    /// Whether trying again is of no use.
    fn is_of_no_use_again(&self, nonsense: fn(&dyn DatabaseError) -> bool) -> bool {
        match self {
            Self::Row(_) => true,
            Self::Database(error) => makes_no_sense(error, nonsense),
            Self::Unreachable(_) => false,
            Self::Shared(failure) => failure.is_of_no_use_again(nonsense),
        }
    }
}

impl From<NotDone> for Failure {
    fn from(why: NotDone) -> Self {
        Self::Unreachable(why.into())
    }
}

impl From<Failure> for SqlError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Database(error) => Self::Database(error),
            Failure::Row(fault) => Self::Database(sqlx::Error::Decode(fault.into())),
            Failure::Unreachable(error) => Self::Unreachable(error),
            Failure::Shared(failure) => Self::Unreachable(failure.into()),
        }
    }
}

/// Whether trying again is of no use: a value that cannot be read, a broken constraint, a missing table. Everything
/// else (locks, waits, disks, memory, connections) may pass.
fn makes_no_sense(error: &sqlx::Error, nonsense: fn(&dyn DatabaseError) -> bool) -> bool {
    if let sqlx::Error::Database(error) = error {
        return nonsense(error.as_ref());
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
