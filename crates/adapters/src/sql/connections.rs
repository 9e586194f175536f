//! How many connections of a store are in use. Owns no connection.

/// A kind of connections to a database, and how they are at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// What they do: `primary` (PostgreSQL), `readers` or `writer` (SQLite).
    pub pool: &'static str,
    /// Those that somebody uses or opens.
    pub used: u32,
    /// Those that are open and that nobody uses.
    pub idle: u32,
    /// The most there may be.
    pub max: u32,
}
