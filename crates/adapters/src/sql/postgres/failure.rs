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
    if let sqlx::Error::Encode(_) = error {
        return Verdict::Refused;
    }
    if let sqlx::Error::Io(error) = error {
        // Its last byte is what carries a statement out, and where the wire takes nothing that one was not taken.
        let refused_by_wire = error.kind() == io::ErrorKind::BrokenPipe;
        return if refused_by_wire { Verdict::LostBefore } else { Verdict::Lost };
    }
    let sqlx::Error::Database(error) = error else { return Verdict::Lost };
    let fatal = error.try_downcast_ref::<PgDatabaseError>().is_some_and(is_fatal);
    match error.code().as_deref() {
        // It talks to a server that was a primary once.
        Some(READ_ONLY) => Verdict::LostBefore,
        // A server that has finished a statement answers it before it takes its leave: without any answer it has not.
        // What stands in between, such as a pooler, takes leave with other codes, and may not know.
        Some(code) if fatal && !answered && code.starts_with(LEAVE) => Verdict::LostBefore,
        _ if fatal => Verdict::Lost,
        Some(SERIALIZATION_FAILURE | DEADLOCK_DETECTED) => Verdict::InTheWay,
        _ => Verdict::Refused,
    }
}

fn is_fatal(error: &PgDatabaseError) -> bool {
    matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic)
}

const READ_ONLY: &str = "25006";
/// `admin_shutdown`, `crash_shutdown`, `database_dropped`, `idle_session_timeout`.
const LEAVE: &str = "57P";
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
    if let sqlx::Error::Database(error) = error {
        return error.code().is_some_and(|code| MAY_PASS.iter().any(|class| code.starts_with(class)));
    }
    let sqlx::Error::Io(error) = error else { return false };
    // A certificate that is not trusted comes as invalid data.
    !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::PermissionDenied)
}

/// Connections, resources (too many clients), and an operator (it starts, or stops).
const MAY_PASS: [&str; 3] = ["08", "53", "57"];

/// The name of the constraint that an error is about.
pub(super) fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error()?.constraint()
}

/// The error without what the server says about values. The rest of what it says is in words of its own.
pub(super) fn without_values(error: sqlx::Error) -> sqlx::Error {
    let sqlx::Error::Database(error) = error else { return error };
    sqlx::Error::Database(Box::new(ServerError {
        code: error.code().unwrap_or_default().into_owned(),
        message: error.message().to_owned(),
        table: error.table().map(str::to_owned),
        constraint: error.constraint().map(str::to_owned),
    }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_that_breaks_leaves_a_statement_unknown_unless_it_took_nothing() {
        let lost = |kind: io::ErrorKind, answered| verdict(&sqlx::Error::Io(kind.into()), answered);
        assert_eq!(lost(io::ErrorKind::BrokenPipe, false), Verdict::LostBefore);
        assert_eq!(lost(io::ErrorKind::UnexpectedEof, false), Verdict::Lost);
        assert_eq!(lost(io::ErrorKind::ConnectionReset, true), Verdict::Lost);
        assert_eq!(verdict(&sqlx::Error::Protocol(String::new()), false), Verdict::Lost);
        assert_eq!(verdict(&sqlx::Error::Encode("too large".into()), false), Verdict::Refused);
    }

    fn said(code: &str) -> ServerError {
        let (message, table, constraint) = ("told".to_owned(), None, None);
        ServerError { code: code.to_owned(), message, table, constraint }
    }

    #[test]
    fn a_host_that_is_not_trusted_is_not_asked_again() {
        let io = |kind: io::ErrorKind| may_pass(&sqlx::Error::Io(kind.into()));
        assert!(io(io::ErrorKind::ConnectionRefused) && io(io::ErrorKind::UnexpectedEof));
        assert!(!io(io::ErrorKind::InvalidData) && !io(io::ErrorKind::PermissionDenied));
        assert!(!may_pass(&sqlx::Error::Tls("no".into())));
    }

    #[test]
    fn a_class_tells_whether_trying_again_is_of_use() {
        for code in ["22003", "23505", "23503", "42P01", "42501", "XX001", "0A000", "P0001"] {
            assert!(makes_no_sense(&said(code)), "{code}");
        }
        for code in ["08006", "25006", "40001", "53100", "53300", "55P03", "57014", "57P01", "57P03", "58030"]
        {
            assert!(!makes_no_sense(&said(code)), "{code}");
        }
    }

    #[test]
    fn a_statement_that_was_in_the_way_runs_again_and_one_on_a_standby_elsewhere() {
        let of = |code| verdict(&sqlx::Error::Database(Box::new(said(code))), false);
        assert_eq!(of("40001"), Verdict::InTheWay);
        assert_eq!(of("40P01"), Verdict::InTheWay);
        assert_eq!(of("25006"), Verdict::LostBefore);
        assert_eq!(of("23505"), Verdict::Refused);
        assert_eq!(of("57014"), Verdict::Refused);
    }
}
