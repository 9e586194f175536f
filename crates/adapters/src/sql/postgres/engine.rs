//! PostgreSQL as the ports need it: one statement, one round trip, one transaction. Owns how long a statement is waited
//! for, and when it may run again.

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
use jiff_sqlx::ToSqlx as _;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Either, Execute as _, Executor as _, Postgres, Row as _, SqlStr};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::failure::{Verdict, makes_no_sense, verdict, without_values};
use super::verifications::statements::{PING, SWEEP_KEYS};
use super::{Access, Database, accounts, listing, statistics, verifications};
use crate::phone_vault::PhoneVault;
use crate::sql::arguments::Arguments;
use crate::sql::columns::Cells;
use crate::sql::engine::{Engine, Told, Twice};
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

pub(super) type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// How often a statement runs at the most.
const TRIES_MAX: u32 = 4;

/// The server was silent, or still at it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the statement was not answered in time")]
struct NoAnswer;

/// The server takes no changes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the server is no primary")]
struct ReadOnly;

impl Access {
    /// Runs a statement. Behind a time-out, and behind a lost connection where `twice` forbids another try, it is not
    /// known whether a change has happened.
    pub(super) async fn run(&self, query: Query<'_>, twice: Twice) -> Result<Told<PgRow>, Failure> {
        self.run_by(self.deadline(), query, twice).await
    }

    /// When a call that begins now gives up.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.acquire_timeout + self.statement_timeout
    }

    /// Runs one of several statements of a call, which gives up at `give_up_at`.
    pub(super) async fn run_by(
        &self,
        give_up_at: Instant,
        mut query: Query<'_>,
        twice: Twice,
    ) -> Result<Told<PgRow>, Failure> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?.unwrap_or_default();
        let statement = query.sql();
        for tries_left in (0..TRIES_MAX).rev() {
            let lease = self.pool.lease(give_up_at.min(Instant::now() + self.acquire_timeout)).await;
            let mut lease = lease.map_err(|error| Failure::Unreachable(error.into()))?;
            let answer_by = give_up_at.min(Instant::now() + self.statement_timeout);
            let mut told = Told { rows: Vec::new(), changed: 0 };
            let answer = answer(&mut lease.connection, statement.clone(), arguments.clone(), &mut told);
            let error = match timeout_at(answer_by, answer).await {
                Ok(Ok(())) => {
                    lease.give_back();
                    return Ok(told);
                }
                Ok(Err(error)) => error,
                Err(_) => {
                    // The lease ends here, and the connection with it: the answer may still be on its way.
                    self.pool.forget_idle();
                    return Err(Failure::Unreachable(NoAnswer.into()));
                }
            };
            let verdict = verdict(&error, told.changed > 0 || !told.rows.is_empty());
            let error = without_values(error);
            let again = match verdict {
                Verdict::Refused => false,
                Verdict::InTheWay | Verdict::LostBefore => true,
                Verdict::Lost => twice == Twice::Harmless,
            };
            match verdict {
                Verdict::Refused | Verdict::InTheWay => lease.give_back(),
                Verdict::LostBefore | Verdict::Lost => {
                    drop(lease);
                    self.pool.forget_idle();
                    tracing::warn!(%error, again, "a connection to the database was lost");
                }
            }
            if !again || tries_left == 0 {
                return Err(error.into());
            }
        }
        Err(Failure::Unreachable(NoAnswer.into()))
    }
}

/// Collects the whole answer: only its end says that the change is kept.
async fn answer(
    connection: &mut PgConnection,
    statement: SqlStr,
    arguments: PgArguments,
    told: &mut Told<PgRow>,
) -> Result<(), sqlx::Error> {
    let mut answer = connection.fetch_many(sqlx::query_with(statement, arguments));
    while let Some(part) = answer.try_next().await? {
        match part {
            Either::Left(done) => told.changed += done.rows_affected(),
            Either::Right(row) => told.rows.push(row),
        }
    }
    Ok(())
}

impl Engine for Database {
    type Query = Query<'static>;
    type Row = PgRow;

    const SWEEP_KEYS: &'static str = SWEEP_KEYS;

    fn query(statement: &'static str) -> Query<'static> {
        sqlx::query(statement)
    }

    fn vault(&self) -> &PhoneVault {
        &self.vault
    }

    fn failed(failure: Failure) -> PortError {
        failure.of(Dependency::Store, makes_no_sense)
    }

    async fn ask(&self, query: Query<'static>) -> Result<Vec<PgRow>, Failure> {
        Ok(self.run(query, Twice::Harmless).await?.rows)
    }

    async fn tell(&self, query: Query<'static>, twice: Twice) -> Result<Told<PgRow>, Failure> {
        self.run(query, twice).await
    }

    async fn standing(&self, subject: &Subject, today: Day) -> Result<Standing, Failure> {
        self.together.standing(subject, today).await
    }

    async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, Failure> {
        self.together.load(id, today).await
    }

    async fn insert(&self, new: &Verification) -> Result<Inserted, Failure> {
        self.together.insert(new).await
    }

    async fn save(&self, change: &Change<'_>) -> Result<Saved, Failure> {
        verifications::save(self, change).await
    }

    async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, Failure> {
        self.together.approve(approval).await
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
        let rows = self.ask(sqlx::query(PING)).await?;
        let writable = rows.first().ok_or(RowFault("answer"))?.try_get(0)?;
        if writable {
            return Ok(());
        }
        self.pool.forget_idle();
        Err(Failure::Unreachable(ReadOnly.into()))
    }
}

/// Every kind has a type of its own.
impl Arguments for Query<'_> {
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
        self.bind(instant.into().map(Timestamp::to_sqlx))
    }
}

impl Cells for PgRow {
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
        // A smallint and an integer are read as well, which the checked way refuses.
        Ok(self.try_get_unchecked(column)?)
    }

    fn instant(&self, column: usize) -> Result<Option<Timestamp>, Failure> {
        let instant: Option<jiff_sqlx::Timestamp> = self.try_get(column)?;
        Ok(instant.map(jiff_sqlx::Timestamp::to_jiff))
    }
}
