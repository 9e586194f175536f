//! What the ports need from a SQL database, so that what all of them do alike is written once. Owns no text and no
//! connection.

use std::fmt;

use domain::account::VerifiedPhone;
use domain::application::ApplicationId;
use domain::delivery::DeliveryRecord;
use domain::id::{AccountId, VerificationId};
use domain::ports::{
    Approval, Approved, Change, Inserted, Loaded, Page, PhoneMoved, PhoneSet, PortError, Saved, Standing,
    VerificationFilter,
};
use domain::time::{Day, Timestamp};
use domain::verification::{Subject, Verification};
use uuid::Uuid;

use super::arguments::Arguments;
use super::columns::Cells;
use super::failure::Failure;
use crate::phone_vault::PhoneVault;

/// A database that runs statements, each by itself and whole. Its changes are asked for by its own methods where they
/// take more than one statement in one of the databases; see the ports for what they mean.
pub(super) trait Engine: fmt::Debug + Send + Sync + 'static {
    /// A statement with its arguments.
    type Query: Arguments + Send;
    /// A row of an answer.
    type Row: Cells + Send + Sync;

    /// The statement of [`super::idempotency::sweep`]: what is over at `$1`, the oldest `$2` of it.
    const SWEEP_KEYS: &'static str;

    /// The statement, without its arguments.
    fn query(statement: &'static str) -> Self::Query;

    /// What seals the phones in here.
    fn vault(&self) -> &PhoneVault;

    /// A failure as the ports tell it.
    fn failed(failure: Failure) -> PortError;

    /// Runs a statement that changes nothing.
    fn ask(&self, query: Self::Query) -> impl Future<Output = Result<Vec<Self::Row>, Failure>> + Send;

    /// Runs a statement that changes something. When this answers, a crash does not lose it.
    fn tell(
        &self,
        query: Self::Query,
        twice: Twice,
    ) -> impl Future<Output = Result<Told<Self::Row>, Failure>> + Send;

    /// [`domain::ports::VerificationStore::standing`].
    fn standing(
        &self,
        subject: &Subject,
        today: Day,
    ) -> impl Future<Output = Result<Standing, Failure>> + Send;

    /// [`domain::ports::VerificationStore::load`].
    fn load(
        &self,
        id: VerificationId,
        today: Day,
    ) -> impl Future<Output = Result<Option<Loaded>, Failure>> + Send;

    /// [`domain::ports::VerificationStore::insert`].
    fn insert(&self, new: &Verification) -> impl Future<Output = Result<Inserted, Failure>> + Send;

    /// [`domain::ports::VerificationStore::save`].
    fn save(&self, change: &Change<'_>) -> impl Future<Output = Result<Saved, Failure>> + Send;

    /// [`domain::ports::VerificationStore::approve`].
    fn approve(&self, approval: &Approval<'_>) -> impl Future<Output = Result<Approved, Failure>> + Send;

    /// [`domain::ports::DeliveryStore::record_delivery`].
    fn record_delivery(
        &self,
        change: &Change<'_>,
        attempts: &[DeliveryRecord],
    ) -> impl Future<Output = Result<Saved, Failure>> + Send;

    /// [`domain::ports::AccountStore::unlink_phone`].
    fn unlink_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<PhoneMoved>, Failure>> + Send;

    /// [`domain::ports::AccountStore::set_phone`].
    fn set_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        phone: VerifiedPhone,
        now: Timestamp,
    ) -> impl Future<Output = Result<PhoneSet, Failure>> + Send;

    /// [`domain::ports::VerificationStore::list`].
    fn list(
        &self,
        filter: &VerificationFilter,
        page: Page<VerificationId>,
    ) -> impl Future<Output = Result<Vec<Verification>, Failure>> + Send;

    /// [`domain::ports::VerificationStore::sweep`].
    fn sweep(
        &self,
        before: Timestamp,
        ledger_before: Day,
        max: u32,
    ) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// [`domain::ports::StatisticStore::add_statistics`]: the writer, the number of its batch, the day of the youngest row,
    /// and the rows of statistics and of cohorts ([`super::statistics`], [`super::cohorts`]).
    fn add_statistics(
        &self,
        writer: Uuid,
        number: u32,
        day: Day,
        rows: [&str; 2],
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// [`domain::ports::VerificationStore::ping`].
    fn ping(&self) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// What it means when a statement runs that has run before, though nobody heard its answer. It tells a database that can
/// be lost in the middle of a call what to do about that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Twice {
    /// It answers what the first time would have been answered, and changes nothing more.
    Harmless,
    /// It answers something else.
    Different,
}

/// What a change answers.
#[derive(Debug)]
pub(super) struct Told<Row> {
    /// The rows that it returns.
    pub(super) rows: Vec<Row>,
    /// How many rows it changed.
    pub(super) changed: u64,
}
