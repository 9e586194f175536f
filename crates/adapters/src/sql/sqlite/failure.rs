//! What SQLite's result codes mean (sqlite.org, "Result and Error Codes").

use sqlx::error::DatabaseError;

/// `SQLITE_ERROR`, `SQLITE_CORRUPT`, `SQLITE_SCHEMA`, `SQLITE_CONSTRAINT`, `SQLITE_MISMATCH`, `SQLITE_NOTADB`.
const CODES_OF_NONSENSE: [i32; 6] = [1, 11, 17, 19, 20, 26];

/// `SQLITE_BUSY`: somebody else holds the lock.
pub(super) const SQLITE_BUSY: i32 = 5;

/// Whether trying again is of no use: a broken constraint, a missing table, a corrupt file.
pub(super) fn makes_no_sense(error: &dyn DatabaseError) -> bool {
    sqlite_code(error).is_some_and(|code| CODES_OF_NONSENSE.contains(&code))
}

/// The primary result code of SQLite, without what extends it.
pub(super) fn sqlite_code(error: &dyn DatabaseError) -> Option<i32> {
    error.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}
