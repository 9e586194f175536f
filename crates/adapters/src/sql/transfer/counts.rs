//! How many rows of each table are moved: told at the end of a file, and counted again on the way in.

use serde::{Deserialize, Serialize};

use super::records::Table;

/// How many rows of each table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowCounts {
    /// Accounts.
    pub accounts: u64,
    /// Keys and user tokens.
    pub credentials: u64,
    /// Verifications.
    pub verifications: u64,
    /// Rows of the ledger: a phone on a day.
    pub wrong_checks: u64,
    /// Deliveries of SMS.
    #[serde(default)]
    pub deliveries: u64,
    /// Events.
    #[serde(default)]
    pub events: u64,
    /// Events that were not handed out yet.
    #[serde(default)]
    pub event_outbox: u64,
    /// Deliveries of events.
    #[serde(default)]
    pub webhook_deliveries: u64,
    /// Attempts to deliver.
    #[serde(default)]
    pub webhook_attempts: u64,
    /// Blocks and allow-lists; files of the first version have none.
    #[serde(default)]
    pub blocks: u64,
    /// Rows of statistics.
    #[serde(default)]
    pub statistics: u64,
}

impl RowCounts {
    /// The rows of this table.
    #[must_use]
    pub const fn of(&self, table: Table) -> u64 {
        match table {
            Table::Accounts => self.accounts,
            Table::Credentials => self.credentials,
            Table::Verifications => self.verifications,
            Table::WrongChecks => self.wrong_checks,
            Table::Deliveries => self.deliveries,
            Table::Events => self.events,
            Table::EventOutbox => self.event_outbox,
            Table::WebhookDeliveries => self.webhook_deliveries,
            Table::WebhookAttempts => self.webhook_attempts,
            Table::Blocks => self.blocks,
            Table::Statistics => self.statistics,
        }
    }

    /// The rows of all tables.
    #[must_use]
    pub fn total(&self) -> u64 {
        Table::ALL.into_iter().map(|table| self.of(table)).sum()
    }

    pub(super) const fn add_one(&mut self, table: Table) {
        let count = match table {
            Table::Accounts => &mut self.accounts,
            Table::Credentials => &mut self.credentials,
            Table::Verifications => &mut self.verifications,
            Table::WrongChecks => &mut self.wrong_checks,
            Table::Deliveries => &mut self.deliveries,
            Table::Events => &mut self.events,
            Table::EventOutbox => &mut self.event_outbox,
            Table::WebhookDeliveries => &mut self.webhook_deliveries,
            Table::WebhookAttempts => &mut self.webhook_attempts,
            Table::Blocks => &mut self.blocks,
            Table::Statistics => &mut self.statistics,
        };
        *count += 1;
    }
}
