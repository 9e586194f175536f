//! The tables and their rows. Owns which columns are moved, under which names and in which order: a table is told
//! once, and its struct, its statements and the ways in and out of each database follow from it.

use serde::{Deserialize, Serialize};

use super::cells::{Bytes, Cell, Id, Instant};
use crate::phone_vault::SEALED_BYTES;
use crate::sql::arguments::Arguments;
use crate::sql::columns::Cells;
use crate::sql::failure::Failure;

/// A phone as it is stored.
type Sealed = Bytes<SEALED_BYTES>;

/// A table that is moved. Their order is that of the file: what a row refers to stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// The users of applications.
    Accounts,
    /// Keys and user tokens.
    Credentials,
    /// Verifications.
    Verifications,
    /// The ledger of wrong checks.
    WrongChecks,
    /// What the gateways said of each SMS.
    Deliveries,
    /// Events.
    Events,
    /// The events that were not handed out yet.
    EventOutbox,
    /// The deliveries of events to webhooks.
    WebhookDeliveries,
    /// What came of each attempt to deliver one.
    WebhookAttempts,
    /// Blocks and allow-lists.
    Blocks,
    /// What happened, added up by day.
    Statistics,
}

impl Table {
    /// Every table, in the order of the file.
    pub const ALL: [Self; 11] = [
        Self::Accounts,
        Self::Credentials,
        Self::Verifications,
        Self::WrongChecks,
        Self::Deliveries,
        Self::Events,
        Self::EventOutbox,
        Self::WebhookDeliveries,
        Self::WebhookAttempts,
        Self::Blocks,
        Self::Statistics,
    ];

    /// Its name in the file and in the databases.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Credentials => "credentials",
            Self::Verifications => "verifications",
            Self::WrongChecks => "wrong_checks",
            Self::Deliveries => "deliveries",
            Self::Events => "events",
            Self::EventOutbox => "event_outbox",
            Self::WebhookDeliveries => "webhook_deliveries",
            Self::WebhookAttempts => "webhook_attempts",
            Self::Blocks => "blocks",
            Self::Statistics => "statistics",
        }
    }

    /// The names of the columns that are moved, with commas between.
    pub(in crate::sql) const fn columns(self) -> &'static str {
        match self {
            Self::Accounts => AccountRecord::COLUMNS,
            Self::Credentials => CredentialRecord::COLUMNS,
            Self::Verifications => VerificationRecord::COLUMNS,
            Self::WrongChecks => WrongChecksRecord::COLUMNS,
            Self::Deliveries => DeliveryRowRecord::COLUMNS,
            Self::Events => EventRecord::COLUMNS,
            Self::EventOutbox => EventOutboxRecord::COLUMNS,
            Self::WebhookDeliveries => WebhookDeliveryRecord::COLUMNS,
            Self::WebhookAttempts => WebhookAttemptRecord::COLUMNS,
            Self::Blocks => BlockRecord::COLUMNS,
            Self::Statistics => StatisticRecord::COLUMNS,
        }
    }
}

/// A row of one of our tables, on its way into a database.
pub(in crate::sql) enum Row {
    Account(Box<AccountRecord>),
    Credential(Box<CredentialRecord>),
    Verification(Box<VerificationRecord>),
    WrongChecks(Box<WrongChecksRecord>),
    Delivery(Box<DeliveryRowRecord>),
    Event(Box<EventRecord>),
    EventOutbox(Box<EventOutboxRecord>),
    WebhookDelivery(Box<WebhookDeliveryRecord>),
    WebhookAttempt(Box<WebhookAttemptRecord>),
    Block(Box<BlockRecord>),
    Statistic(Box<StatisticRecord>),
}

impl Row {
    /// Whose row it is.
    pub(in crate::sql) const fn table(&self) -> Table {
        match self {
            Self::Account(_) => Table::Accounts,
            Self::Credential(_) => Table::Credentials,
            Self::Verification(_) => Table::Verifications,
            Self::WrongChecks(_) => Table::WrongChecks,
            Self::Delivery(_) => Table::Deliveries,
            Self::Event(_) => Table::Events,
            Self::EventOutbox(_) => Table::EventOutbox,
            Self::WebhookDelivery(_) => Table::WebhookDeliveries,
            Self::WebhookAttempt(_) => Table::WebhookAttempts,
            Self::Block(_) => Table::Blocks,
            Self::Statistic(_) => Table::Statistics,
        }
    }

    /// Binds its values, in the order of [`Table::columns`].
    pub(in crate::sql) fn bind<Q: Arguments>(&self, query: Q) -> Q {
        match self {
            Self::Account(row) => row.bind(query),
            Self::Credential(row) => row.bind(query),
            Self::Verification(row) => row.bind(query),
            Self::WrongChecks(row) => row.bind(query),
            Self::Delivery(row) => row.bind(query),
            Self::Event(row) => row.bind(query),
            Self::EventOutbox(row) => row.bind(query),
            Self::WebhookDelivery(row) => row.bind(query),
            Self::WebhookAttempt(row) => row.bind(query),
            Self::Block(row) => row.bind(query),
            Self::Statistic(row) => row.bind(query),
        }
    }
}

/// A kind of row, on its way out of a database.
pub(in crate::sql) trait Record: Serialize + Sized {
    /// Whose rows they are.
    const TABLE: Table;
    /// The names of the columns, with commas between.
    const COLUMNS: &'static str;

    /// Reads a row that has these columns.
    fn of<R: Cells>(row: &R) -> Result<Self, Failure>;

    /// Binds the values of these columns.
    fn bind<Q: Arguments>(&self, query: Q) -> Q;
}

/// Tells a table: its struct and its columns. Those that came in a later version of the form are told behind the others
/// with `since`: an older file does not have them, and they are empty then.
macro_rules! record {
    ($record:ident, $table:ident, { $first:ident: $first_type:ty $(, $column:ident: $type:ty)* $(,)? } $(since { $($later:ident: $later_type:ty),* $(,)? })?) => {
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(in crate::sql) struct $record {
            #[serde(deserialize_with = "present")]
            $first: $first_type,
            $(#[serde(deserialize_with = "present")] $column: $type,)*
            $($(#[serde(default)] $later: $later_type,)*)?
        }

        impl Record for $record {
            const TABLE: Table = Table::$table;
            const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($column))* $($(, ", ", stringify!($later))*)?);

            fn of<R: Cells>(row: &R) -> Result<Self, Failure> {
                // The fields are read in the order in which they are written here.
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self {
                    $first: Cell::of(row, next(), stringify!($first))?,
                    $($column: Cell::of(row, next(), stringify!($column))?,)*
                    $($($later: Cell::of(row, next(), stringify!($later))?,)*)?
                })
            }

            fn bind<Q: Arguments>(&self, query: Q) -> Q {
                let query = self.$first.bind(query);
                $(let query = self.$column.bind(query);)*
                $($(let query = self.$later.bind(query);)*)?
                query
            }
        }
    };
}

/// Reads a member that must be there, even where it may be null.
fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}

record!(AccountRecord, Accounts, {
    id: Id,
    application: String,
    username: String,
    phone: Option<Sealed>,
    phone_verified_at: Option<Instant>,
    created_at: Instant,
});

record!(CredentialRecord, Credentials, {
    id: Id,
    application: String,
    kind: String,
    account_id: Option<Id>,
    secret_hash: Bytes<32>,
    created_at: Instant,
    expires_at: Option<Instant>,
    revoked_at: Option<Instant>,
} since {
    name: Option<String>,
});

// `seq` is not moved, but its order is: it tells which of two verifications of a millisecond is the younger.
record!(VerificationRecord, Verifications, {
    id: Id,
    version: u32,
    application: String,
    account_id: Option<Id>,
    phone: Sealed,
    purpose: String,
    state: String,
    final_at: Option<Instant>,
    nonce: Bytes<16>,
    pepper: Bytes<8>,
    code_length: u32,
    expires_at: Instant,
    locale: String,
    app_hash: Option<String>,
    origin: Option<String>,
    delivery_number: u32,
    delivery_state: String,
    delivery_at: Instant,
    created_at: Instant,
    sent_at: Instant,
    resend_at: Instant,
    sends_used: u32,
    checks_used: u32,
    lifetime_ms: i64,
    renew_below_ms: i64,
    checks_max: u32,
    cooldowns_ms: String,
} since {
    sent_by: Option<String>,
});

record!(WrongChecksRecord, WrongChecks, {
    phone: Sealed,
    day: i64,
    short_codes: u32,
    long_codes: u32,
});

record!(DeliveryRowRecord, Deliveries, {
    id: Id,
    verification_id: Id,
    application: String,
    number: u32,
    gateway: String,
    answer: String,
    answered_at: Instant,
    took_ms: i64,
    segments: u32,
    message_id: Option<String>,
    credits_thousandths: Option<u32>,
} since {
    attempt: Option<u32>,
    route: Option<String>,
    template: Option<u32>,
});

// `place` is not moved, but its order is.
record!(EventRecord, Events, {
    id: Id,
    application: String,
    kind: String,
    at: Instant,
    verification_id: Option<Id>,
    purpose: Option<String>,
    account_id: Option<Id>,
    phone: Option<Sealed>,
    reason: Option<String>,
} since {
    block_id: Option<Id>,
    prefix: Option<i64>,
    gateway: Option<String>,
    thousandths: Option<i64>,
});

// `place` is not moved, but its order is.
record!(EventOutboxRecord, EventOutbox, { event_id: Id });

record!(WebhookDeliveryRecord, WebhookDeliveries, {
    id: Id,
    event_id: Id,
    application: String,
    verification_id: Option<Id>,
    webhook: String,
    status: String,
    attempts: u32,
    created_at: Instant,
    next_at: Option<Instant>,
});

record!(WebhookAttemptRecord, WebhookAttempts, {
    delivery_id: Id,
    number: u32,
    at: Instant,
    took_ms: i64,
    outcome: String,
    http_status: Option<u32>,
    fault: Option<String>,
});

record!(BlockRecord, Blocks, {
    id: Id,
    application: String,
    action: String,
    phone: Option<Sealed>,
    prefix: Option<i64>,
    account_id: Option<Id>,
    reason: Option<String>,
    created_at: Instant,
    expires_at: Option<Instant>,
});

// The processes that add stay behind: those that come have numbers of their own.
record!(StatisticRecord, Statistics, {
    day: i64,
    application: String,
    operator: String,
    purpose: String,
    gateway: String,
    measure: String,
    amount: i64,
});
