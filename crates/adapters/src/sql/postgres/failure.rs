//! What PostgreSQL's errors mean (its manual, appendix A, "PostgreSQL Error Codes"), and what of them may be told: a
//! server says which values an error is about, and those may be names, or seals of phones.

use std::borrow::Cow;
use std::io;

use sqlx::error::{BoxDynError, DatabaseError, ErrorKind};
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// What an error says about the statement and its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The statement was refused, and changed nothing. The connection is good.
    Refused,
    /// The statement got into another one's way, and changed nothing. Behind that one it may go well.
    InTheWay,
    /// The connection is of no use any more, but the statement has certainly changed nothing.
    LostBefore,
    /// The connection is of no use any more, and the statement may have changed what it was to change.
    Lost,
}

/// What the error of a statement says. `answered` is whether a part of its answer had come.
pub(super) fn verdict(error: &sqlx::Error, answered: bool) -> Verdict {
    match error {
        sqlx::Error::Database(error) => {
            let fatal = error.try_downcast_ref::<PgDatabaseError>().is_some_and(is_fatal);
            match error.code().as_deref() {
                Some(SERIALIZATION_FAILURE | DEADLOCK_DETECTED) if !fatal => Verdict::InTheWay,
                // It talks to a server that was a primary once.
                Some(READ_ONLY) => Verdict::LostBefore,
                // Whoever has finished a statement answers it before he goes: without any answer it was not finished.
                _ if fatal => if answered { Verdict::Lost } else { Verdict::LostBefore },
                _ => Verdict::Refused,
            }
        }
        // Its last byte is what carries a statement out, and that was not taken.
        sqlx::Error::Io(error) if error.kind() == io::ErrorKind::BrokenPipe => Verdict::LostBefore,
        sqlx::Error::Encode(_) => Verdict::Refused,
        _ => Verdict::Lost,
    }
}

fn is_fatal(error: &PgDatabaseError) -> bool {
    matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
}

const READ_ONLY: &str = "25006";
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK_DETECTED: &str = "40P01";

/// Classes of errors that come again, however often it is tried: what is not supported, values, constraints, names and
/// rights, corruption, and what functions raise.
const CLASSES_OF_NONSENSE: [&str; 12] =
    ["0A", "21", "22", "23", "26", "2F", "38", "39", "3F", "42", "P0", "XX"];

/// Whether trying again is of no use. What is left may pass: connections (08), resources (53), limits (54), somebody
/// else's locks (55), an operator (57), the disk (58).
pub(super) fn makes_no_sense(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code.get(..2).is_some_and(|class| CLASSES_OF_NONSENSE.contains(&class)))
}

/// Whether a host that refused a connection may take one a little later.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| MAY_PASS.iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
}

/// Connections, resources (too many clients), and an operator (it starts, or stops).
const MAY_PASS: [&str; 3] = ["08", "53", "57"];

/// The name of the constraint that an error is about.
pub(super) fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// The error without what the server says about values. The rest of what it says is in words of its own.
pub(super) fn without_values(error: sqlx::Error) -> sqlx::Error {
    match error {
        sqlx::Error::Database(error) => sqlx::Error::Database(Box::new(ServerError {
            code: error.code().unwrap_or_default().into_owned(),
            message: error.message().to_owned(),
            table: error.table().map(str::to_owned),
            constraint: error.constraint().map(str::to_owned),
        })),
        other => other,
    }
}

/// What a server says about a failure, without `DETAIL`, `HINT` and `CONTEXT`.
#[derive(Debug, thiserror::Error)]
#[error("{message} (SQLSTATE {code})")]
struct ServerError {
    code: String,
    message: String,
    table: Option<String>,
    constraint: Option<String>,
}

impl DatabaseError for ServerError {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.code))
    }

    fn table(&self) -> Option<&str> {
        self.table.as_deref()
    }

    fn constraint(&self) -> Option<&str> {
        self.constraint.as_deref()
    }

    fn kind(&self) -> ErrorKind {
        match self.code.as_str() {
            "23502" => ErrorKind::NotNullViolation,
            "23503" => ErrorKind::ForeignKeyViolation,
            "23505" => ErrorKind::UniqueViolation,
            "23514" => ErrorKind::CheckViolation,
            _ => ErrorKind::Other,
        }
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> BoxDynError {
        self
    }
}
