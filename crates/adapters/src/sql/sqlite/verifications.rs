//! Verifications and the ledger of wrong checks.

pub(super) mod statements;

use async_trait::async_trait;
use domain::guess::{GUESS_WINDOW_DAYS, GuessClass};
use domain::id::{AccountId, VerificationId};
use domain::message::{AppHash, Origin};
use domain::ports::{
    Approval, Approved, Change, Inserted, Loaded, Page, PortError, Saved, Standing, VerificationFilter,
    VerificationStore,
};
use domain::time::{Day, Timestamp};
use domain::verification::{Subject, Verification};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Row as _, Sqlite};
use uuid::Uuid;

use self::statements::{
    ASK, BIND_PHONE, CHARGE, INSERT, LOAD, PING, SAVE, SETTLE, STANDING, SWEEP_LEDGER, SWEEP_VERIFICATIONS,
    TAKE_PHONE_AWAY,
};
use super::columns::{Columns, stored_millis};
use super::failure::Failure;
use super::{Database, SqliteStore, listing};
use crate::sql::rows::{self, RowFault};

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

#[async_trait]
impl VerificationStore for SqliteStore {
    async fn standing(&self, subject: &Subject, today: Day) -> Result<Standing, PortError> {
        self.0.standing(subject, today).await.map_err(Database::store_failed)
    }

    async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, PortError> {
        self.0.load(id, today).await.map_err(Database::store_failed)
    }

    async fn insert(&self, verification: &Verification) -> Result<Inserted, PortError> {
        self.0.insert(verification).await.map_err(Database::store_failed)
    }

    async fn save(&self, change: &Change<'_>) -> Result<Saved, PortError> {
        self.0.save(change).await.map_err(Database::store_failed)
    }

    async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, PortError> {
        self.0.approve(approval).await.map_err(Database::store_failed)
    }

    async fn list(
        &self,
        filter: &VerificationFilter,
        page: Page<VerificationId>,
    ) -> Result<Vec<Verification>, PortError> {
        listing::verifications(&self.0, filter, page).await.map_err(Database::store_failed)
    }

    async fn sweep(&self, before: Timestamp, ledger_before: Day, max: u32) -> Result<u64, PortError> {
        self.0.sweep(before, ledger_before, max).await.map_err(Database::store_failed)
    }

    async fn ping(&self) -> Result<(), PortError> {
        let answer = sqlx::query(PING).fetch_optional(&self.0.readers).await;
        answer.map(drop).map_err(Database::store_failed)
    }
}

impl Database {
    async fn standing(&self, subject: &Subject, today: Day) -> Result<Standing, Failure> {
        let query = bind_days(sqlx::query(STANDING), today);
        let query = bind_subject(query, &self.vault.seal(subject.phone), subject);
        let row = query.fetch_one(&self.readers).await?;
        let mut columns = Columns::of(&row, &self.vault);
        let guesses = columns.totals()?;
        let latest = if columns.is_null()? { None } else { Some(columns.verification()?) };
        Ok(Standing { latest, guesses })
    }

    async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, Failure> {
        let query = bind_days(sqlx::query(LOAD), today).bind(id.uuid());
        let Some(row) = query.fetch_optional(&self.readers).await? else { return Ok(None) };
        let mut columns = Columns::of(&row, &self.vault);
        let guesses = columns.totals()?;
        Ok(Some(Loaded { verification: columns.verification()?, guesses }))
    }

    async fn insert(&self, verification: &Verification) -> Result<Inserted, Failure> {
        let phone = self.vault.seal(verification.subject.phone);
        let mut turn = self.writer.turn().await?;
        // Mostly nothing is pending, and one statement does it.
        let inserted = bind_new(sqlx::query(INSERT), &phone, verification).execute(&mut *turn).await?;
        if inserted.rows_affected() == 1 {
            turn.settle();
            return Ok(Inserted::Stored);
        }
        let mut transaction = turn.begin().await?;
        let now = verification.created_at.as_millisecond();
        bind_subject(sqlx::query(SETTLE).bind(now).bind(now), &phone, &verification.subject)
            .execute(&mut *transaction)
            .await?;
        let inserted = bind_new(sqlx::query(INSERT), &phone, verification).execute(&mut *transaction).await?;
        if inserted.rows_affected() == 0 {
            return Ok(Inserted::LiveExists);
        }
        transaction.commit().await?;
        turn.settle();
        Ok(Inserted::Stored)
    }

    async fn save(&self, change: &Change<'_>) -> Result<Saved, Failure> {
        let mut turn = self.writer.turn().await?;
        if change.guess.is_none() {
            let written = write(change, &mut turn).await?;
            turn.settle();
            return Ok(written.map_or(Saved::Conflict, |_| Saved::Stored));
        }
        let mut transaction = turn.begin().await?;
        let saved = self.write_and_count(change, &mut transaction).await?;
        if saved == Saved::Stored {
            transaction.commit().await?;
            turn.settle();
        }
        Ok(saved)
    }

    async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        match self.write_and_count(&approval.change, &mut transaction).await? {
            Saved::Stored => {}
            Saved::Conflict => return Ok(Approved::Conflict),
            Saved::BudgetSpent => return Ok(Approved::BudgetSpent),
        }
        let phone = self.vault.seal(approval.phone.phone);
        let transferred_from =
            if approval.transfer { take_phone_away(approval, &phone, &mut transaction).await? } else { None };
        if !bind_phone(approval, &phone, &mut transaction).await? {
            return Ok(Approved::PhoneTaken);
        }
        transaction.commit().await?;
        turn.settle();
        Ok(Approved::Stored { transferred_from })
    }

    /// Stores a change and counts the comparison it comes from. What was written must not be kept unless this answers
    /// [`Saved::Stored`].
    async fn write_and_count(
        &self,
        change: &Change<'_>,
        transaction: &mut SqliteConnection,
    ) -> Result<Saved, Failure> {
        let Some((short_today, long_today)) = write(change, transaction).await? else {
            return Ok(Saved::Conflict);
        };
        let Some(guess) = change.guess else { return Ok(Saved::Stored) };
        if !guess.fits(short_today, long_today) {
            return Ok(Saved::BudgetSpent);
        }
        if guess.wrong {
            let (short, long) = match guess.class {
                GuessClass::Short => (1, 0),
                GuessClass::Long => (0, 1),
            };
            sqlx::query(CHARGE)
                .bind(self.vault.seal(change.next.subject.phone).to_vec())
                .bind(guess.day.number())
                .bind(short)
                .bind(long)
                .execute(transaction)
                .await?;
        }
        Ok(Saved::Stored)
    }

    async fn sweep(&self, before: Timestamp, ledger_before: Day, max: u32) -> Result<u64, Failure> {
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        let swept = sqlx::query(SWEEP_VERIFICATIONS)
            .bind(before.as_millisecond())
            .bind(max)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(SWEEP_LEDGER).bind(ledger_before.number()).execute(&mut *transaction).await?;
        transaction.commit().await?;
        turn.settle();
        Ok(swept.rows_affected())
    }
}

/// Stores the verification over the version that it was made from, and answers the wrong checks of the guess's day;
/// `None` when that version is not the stored one.
async fn write(
    change: &Change<'_>,
    connection: &mut SqliteConnection,
) -> Result<Option<(u32, u32)>, Failure> {
    let next = change.next;
    let statement = if next.version == change.expected { ASK } else { SAVE };
    let mut query = sqlx::query(statement)
        .bind(next.id.uuid())
        .bind(change.expected)
        .bind(change.guess.map(|guess| guess.day.number()));
    if next.version != change.expected {
        query = bind_next(query, next);
    }
    // All rows are asked for, though there is one at most: only then is a commit that fails heard of.
    let rows = query.fetch_all(connection).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((row.try_get(0)?, row.try_get(1)?)))
}

/// Takes the phone from another account that holds it, and answers which.
async fn take_phone_away(
    approval: &Approval<'_>,
    phone: &[u8],
    transaction: &mut SqliteConnection,
) -> Result<Option<AccountId>, Failure> {
    let loser: Option<Uuid> = sqlx::query_scalar(TAKE_PHONE_AWAY)
        .bind(approval.change.next.subject.application.as_str())
        .bind(phone)
        .bind(approval.account.uuid())
        .fetch_optional(transaction)
        .await?;
    Ok(loser.map(AccountId::from_uuid))
}

/// Binds the phone to the account; `false` when another account holds it.
async fn bind_phone(
    approval: &Approval<'_>,
    phone: &[u8],
    transaction: &mut SqliteConnection,
) -> Result<bool, Failure> {
    let bound = sqlx::query(BIND_PHONE)
        .bind(approval.account.uuid())
        .bind(approval.change.next.subject.application.as_str())
        .bind(phone)
        .bind(approval.phone.verified_at.as_millisecond())
        .execute(transaction)
        .await;
    match bound {
        Ok(done) if done.rows_affected() == 1 => Ok(true),
        Ok(_) => Err(RowFault("account of a verification").into()),
        // Only the phone is unique among what is written.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn bind_next(query: Query, next: &Verification) -> Query {
    query
        .bind(next.version)
        .bind(next.state.as_str())
        .bind(next.state.final_at().map(Timestamp::as_millisecond))
        .bind(next.generation.nonce.bytes().to_vec())
        .bind(next.generation.pepper.bytes().to_vec())
        .bind(next.generation.length.digits())
        .bind(next.generation.expires_at.as_millisecond())
        .bind(next.delivery.number)
        .bind(next.delivery.state.as_str())
        .bind(next.delivery.at.as_millisecond())
        .bind(next.sent_at.as_millisecond())
        .bind(next.resend_at.as_millisecond())
        .bind(next.sends_used)
        .bind(next.checks_used)
        .bind(next.message.locale.as_str())
        .bind(next.message.app_hash.as_ref().map(AppHash::as_str))
        .bind(next.message.origin.as_ref().map(Origin::as_str))
}

fn bind_subject(query: Query, phone: &[u8], subject: &Subject) -> Query {
    query
        .bind(phone.to_vec())
        .bind(subject.application.as_str())
        .bind(subject.purpose.as_str())
        .bind(subject.account.map(AccountId::uuid))
}

/// The last day before the window, and today.
fn bind_days(query: Query, today: Day) -> Query {
    query.bind(today.minus(GUESS_WINDOW_DAYS).number()).bind(today.number())
}

fn bind_new(query: Query, phone: &[u8], new: &Verification) -> Query {
    bind_subject(query.bind(new.id.uuid()).bind(new.version), phone, &new.subject)
        .bind(new.state.as_str())
        .bind(new.state.final_at().map(Timestamp::as_millisecond))
        .bind(new.generation.nonce.bytes().to_vec())
        .bind(new.generation.pepper.bytes().to_vec())
        .bind(new.generation.length.digits())
        .bind(new.generation.expires_at.as_millisecond())
        .bind(new.message.locale.as_str())
        .bind(new.message.app_hash.as_ref().map(AppHash::as_str))
        .bind(new.message.origin.as_ref().map(Origin::as_str))
        .bind(new.delivery.number)
        .bind(new.delivery.state.as_str())
        .bind(new.delivery.at.as_millisecond())
        .bind(new.created_at.as_millisecond())
        .bind(new.sent_at.as_millisecond())
        .bind(new.resend_at.as_millisecond())
        .bind(new.sends_used)
        .bind(new.checks_used)
        .bind(stored_millis(new.budget.lifetime))
        .bind(stored_millis(new.budget.renew_below))
        .bind(new.budget.checks_max)
        .bind(rows::cooldowns_text(&new.budget.cooldowns))
}
