//! SQLite as the ports need it: what is read goes to the readers, what is written waits for its turn at the writer.

use domain::account::VerifiedPhone;
use domain::application::ApplicationId;
use domain::delivery::DeliveryRecord;
use domain::id::{AccountId, VerificationId};
use domain::ports::{
    Approval, Approved, Change, Dependency, Inserted, Loaded, Page, PhoneMoved, PhoneSet, PortError, Saved,
    Standing, VerificationFilter,
};
use domain::time::{Day, Timestamp};
use domain::verification::{Subject, Verification};
use futures_util::TryStreamExt as _;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Either, Executor as _, Row as _, Sqlite};
use uuid::Uuid;

use super::failure::makes_no_sense;
use super::verifications::statements::{PING, SWEEP_KEYS};
use super::{Database, accounts, listing, statistics, verifications};
use crate::phone_vault::PhoneVault;
use crate::sql::arguments::Arguments;
use crate::sql::columns::Cells;
use crate::sql::engine::{Engine, Told, Twice};
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

impl Engine for Database {
    type Query = Query;
    type Row = SqliteRow;

    const SWEEP_KEYS: &'static str = SWEEP_KEYS;

    fn query(statement: &'static str) -> Query {
        sqlx::query(statement)
    }

    fn vault(&self) -> &PhoneVault {
        &self.vault
    }

    fn failed(failure: Failure) -> PortError {
        failure.of(Dependency::Store, makes_no_sense)
    }

    async fn ask(&self, query: Query) -> Result<Vec<SqliteRow>, Failure> {
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// A file is never lost in the middle of a call, so that nothing runs twice.
    async fn tell(&self, query: Query, _: Twice) -> Result<Told<SqliteRow>, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut told = Told { rows: Vec::new(), changed: 0 };
        // All of the answer is asked for: only then is a commit that fails heard of.
        let mut answer = turn.fetch_many(query);
        while let Some(part) = answer.try_next().await? {
            match part {
                Either::Left(done) => told.changed += done.rows_affected(),
                Either::Right(row) => told.rows.push(row),
            }
        }
        drop(answer);
        turn.settle();
        Ok(told)
    }

    async fn standing(&self, subject: &Subject, today: Day) -> Result<Standing, Failure> {
        verifications::standing(self, subject, today).await
    }

    async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, Failure> {
        verifications::load(self, id, today).await
    }

    async fn insert(&self, new: &Verification) -> Result<Inserted, Failure> {
        verifications::insert(self, new).await
    }

    async fn save(&self, change: &Change<'_>) -> Result<Saved, Failure> {
        verifications::save(self, change).await
    }

    async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, Failure> {
        verifications::approve(self, approval).await
    }

    async fn record_delivery(
        &self,
        change: &Change<'_>,
        attempts: &[DeliveryRecord],
    ) -> Result<Saved, Failure> {
        verifications::record_delivery(self, change, attempts).await
    }

    async fn unlink_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        now: Timestamp,
    ) -> Result<Option<PhoneMoved>, Failure> {
        accounts::unlink_phone(self, application, id, now).await
    }

    async fn set_phone(
        &self,
        application: &ApplicationId,
        id: AccountId,
        phone: VerifiedPhone,
        now: Timestamp,
    ) -> Result<PhoneSet, Failure> {
        accounts::set_phone(self, application, id, phone, now).await
    }

    async fn list(
        &self,
        filter: &VerificationFilter,
        page: Page<VerificationId>,
    ) -> Result<Vec<Verification>, Failure> {
        listing::verifications(self, filter, page).await
    }

    async fn sweep(&self, before: Timestamp, ledger_before: Day, max: u32) -> Result<u64, Failure> {
        verifications::sweep(self, before, ledger_before, max).await
    }

    async fn add_statistics(
        &self,
        writer: Uuid,
        number: u32,
        day: Day,
        rows: [&str; 2],
    ) -> Result<(), Failure> {
        statistics::add(self, writer, number, day, rows).await
    }

    async fn ping(&self) -> Result<(), Failure> {
        self.ask(sqlx::query(PING)).await.map(drop)
    }
}

/// Ids are blobs, instants milliseconds, truths numbers.
impl Arguments for Query {
    fn text<'a>(self, text: impl Into<Option<&'a str>>) -> Self {
        self.bind(text.into())
    }

    fn uuid(self, uuid: impl Into<Option<Uuid>>) -> Self {
        self.bind(uuid.into())
    }

    fn bytes<'a>(self, bytes: impl Into<Option<&'a [u8]>>) -> Self {
        self.bind(bytes.into())
    }

    fn whole(self, number: impl Into<Option<i64>>) -> Self {
        self.bind(number.into())
    }

    fn truth(self, truth: bool) -> Self {
        self.bind(truth)
    }

    fn instant(self, instant: impl Into<Option<Timestamp>>) -> Self {
        self.bind(instant.into().map(Timestamp::as_millisecond))
    }
}

impl Cells for SqliteRow {
    fn text(&self, column: usize) -> Result<Option<&str>, Failure> {
        Ok(self.try_get(column)?)
    }

    fn uuid(&self, column: usize) -> Result<Option<Uuid>, Failure> {
        Ok(self.try_get(column)?)
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, Failure> {
        Ok(self.try_get(column)?)
    }

    fn whole(&self, column: usize) -> Result<Option<i64>, Failure> {
        Ok(self.try_get(column)?)
    }

    fn instant(&self, column: usize) -> Result<Option<Timestamp>, Failure> {
        let millis = self.whole(column)?;
        Ok(millis.map(Timestamp::from_millisecond).transpose().map_err(|_| RowFault("instant"))?)
    }
}
