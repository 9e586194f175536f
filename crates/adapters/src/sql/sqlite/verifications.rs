//! Verifications and the ledger of wrong checks.

use async_trait::async_trait;
use domain::guess::{GUESS_WINDOW_DAYS, Guess, GuessClass};
use domain::id::{AccountId, VerificationId};
use domain::ports::{
    Approval, Approved, Change, Inserted, Loaded, Page, PortError, Saved, Standing,
    VerificationFilter, VerificationStore,
};
use domain::time::{Day, Timestamp};
use domain::verification::{Subject, Verification};
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Row as _, Sqlite};
use uuid::Uuid;

use super::columns::{Columns, stored_millis, verification_columns};
use super::{Database, SqliteStore, listing};
use crate::sql::failure::Failure;
use crate::sql::rows::{self, RowFault};

type Query = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

/// The wrong checks of a phone: on short codes within the window, on short and on long codes today. What a clock that
/// goes ahead has charged to tomorrow counts in the window: the budget errs on the strict side.
macro_rules! totals {
    (phone: $phone:literal, window_after: $after:literal, today: $today:literal) => {
        concat!(
            "(SELECT coalesce(sum(w.short_codes), 0) FROM wrong_checks w WHERE w.phone = ", $phone,
            " AND w.day > ", $after, "), \
             coalesce((SELECT w.short_codes FROM wrong_checks w WHERE w.phone = ", $phone, " AND w.day = ", $today, "), 0), \
             coalesce((SELECT w.long_codes FROM wrong_checks w WHERE w.phone = ", $phone, " AND w.day = ", $today, "), 0)"
        )
    };
}

/// That a row is about the subject of `$phone`, `$application`, `$purpose`, `$account`. The words are those of the
/// indexes, so that they serve.
macro_rules! of_subject {
    ($phone:literal, $application:literal, $purpose:literal, $account:literal) => {
        concat!(
            "phone = ", $phone, " AND application = ", $application, " AND purpose = ", $purpose,
            " AND ifnull(account_id, x'') = ifnull(", $account, ", x'')"
        )
    };
}

/// A pending one is always the youngest, whatever clock it was made by: none is inserted beside it.
pub(super) const STANDING: &str = concat!(
    "SELECT ", totals!(phone: "$1", window_after: "$5", today: "$6"), ", ", verification_columns!(),
    " FROM (SELECT 1) AS always LEFT JOIN verifications v ON v.seq = coalesce(
        (SELECT seq FROM verifications WHERE ", of_subject!("$1", "$2", "$3", "$4"), " AND state = 'pending'),
        (SELECT seq FROM verifications WHERE ", of_subject!("$1", "$2", "$3", "$4"), "
            ORDER BY created_at DESC, seq DESC LIMIT 1))
     LEFT JOIN accounts a ON a.id = v.account_id"
);

pub(super) const LOAD: &str = concat!(
    "SELECT ", totals!(phone: "v.phone", window_after: "$2", today: "$3"), ", ", verification_columns!(),
    " FROM verifications v LEFT JOIN accounts a ON a.id = v.account_id WHERE v.id = $1"
);

/// Does nothing beside a pending verification of the subject.
pub(super) const INSERT: &str = concat!(
    "INSERT INTO verifications (id, version, application, account_id, phone, purpose, state, final_at, \
        nonce, pepper, code_length, expires_at, locale, app_hash, origin, \
        delivery_number, delivery_state, delivery_at, created_at, sent_at, resend_at, \
        sends_used, checks_used, lifetime_ms, renew_below_ms, checks_max, cooldowns_ms)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, $25, $26, $27
     WHERE NOT EXISTS (SELECT 1 FROM verifications WHERE ", of_subject!("$5", "$3", "$6", "$4"), " AND state = 'pending')"
);

/// What [`domain::verification::Command::Settle`] makes of a pending verification whose life is over.
pub(super) const SETTLE: &str = concat!(
    "UPDATE verifications SET state = 'expired', final_at = $5, version = version + 1
     WHERE ", of_subject!("$1", "$2", "$3", "$4"), " AND state = 'pending' AND expires_at <= $5"
);

/// All that a step may change.
pub(super) const SAVE: &str = "UPDATE verifications SET version = $3, state = $4, final_at = $5, \
        nonce = $6, pepper = $7, code_length = $8, expires_at = $9, \
        delivery_number = $10, delivery_state = $11, delivery_at = $12, \
        sent_at = $13, resend_at = $14, sends_used = $15, checks_used = $16
     WHERE id = $1 AND version = $2";

pub(super) const IS_AT_VERSION: &str = "SELECT 1 FROM verifications WHERE id = $1 AND version = $2";

pub(super) const WRONG_CHECKS: &str = "SELECT short_codes, long_codes FROM wrong_checks WHERE phone = $1 AND day = $2";

/// Answers the counts with this one.
pub(super) const CHARGE: &str = "INSERT INTO wrong_checks (phone, day, short_codes, long_codes) VALUES ($1, $2, $3, $4)
     ON CONFLICT (phone, day) DO UPDATE
        SET short_codes = short_codes + excluded.short_codes, long_codes = long_codes + excluded.long_codes
     RETURNING short_codes, long_codes";

pub(super) const TAKE_PHONE_AWAY: &str = "UPDATE accounts SET phone = NULL, phone_verified_at = NULL
     WHERE application = $1 AND phone = $2 AND id <> $3 RETURNING id";

pub(super) const BIND_PHONE: &str =
    "UPDATE accounts SET phone = $3, phone_verified_at = $4 WHERE id = $1 AND application = $2";

pub(super) const SWEEP_VERIFICATIONS: &str = "DELETE FROM verifications WHERE seq IN
     (SELECT seq FROM verifications WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";

/// A phone has at most one row a day, and only where somebody mistyped: what a day leaves is few.
pub(super) const SWEEP_LEDGER: &str = "DELETE FROM wrong_checks WHERE day < $1";

/// Finds nothing, but needs a database that was migrated.
pub(super) const PING: &str = "SELECT 1 FROM verifications WHERE seq = 0";

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
        let query = bind_subject(sqlx::query(STANDING), &self.vault.seal(subject.phone), subject);
        let row = bind_days(query, today).fetch_one(&self.readers).await?;
        let mut columns = Columns::of(&row, &self.vault);
        let guesses = columns.totals()?;
        let latest = if columns.is_null()? { None } else { Some(columns.verification()?) };
        Ok(Standing { latest, guesses })
    }

    async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, Failure> {
        let query = bind_days(sqlx::query(LOAD).bind(id.uuid()), today);
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
        bind_subject(sqlx::query(SETTLE), &phone, &verification.subject)
            .bind(verification.created_at.as_millisecond())
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
        let Some(guess) = change.guess else {
            let stored = write(change, &mut turn).await?;
            turn.settle();
            return Ok(if stored { Saved::Stored } else { Saved::Conflict });
        };
        let mut transaction = turn.begin().await?;
        if !write(change, &mut transaction).await? {
            return Ok(Saved::Conflict);
        }
        if !self.count(change.next, guess, &mut transaction).await? {
            return Ok(Saved::BudgetSpent);
        }
        transaction.commit().await?;
        turn.settle();
        Ok(Saved::Stored)
    }

    async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, Failure> {
        let change = &approval.change;
        let mut turn = self.writer.turn().await?;
        let mut transaction = turn.begin().await?;
        if !write(change, &mut transaction).await? {
            return Ok(Approved::Conflict);
        }
        if let Some(guess) = change.guess
            && !self.count(change.next, guess, &mut transaction).await?
        {
            return Ok(Approved::BudgetSpent);
        }
        let transferred_from =
            if approval.transfer { self.take_phone_away(approval, &mut transaction).await? } else { None };
        if !self.bind_phone(approval, &mut transaction).await? {
            return Ok(Approved::PhoneTaken);
        }
        transaction.commit().await?;
        turn.settle();
        Ok(Approved::Stored { transferred_from })
    }

    /// Counts a comparison; `false` when the budget has no room for it, and then the transaction must not be kept.
    async fn count(
        &self,
        verification: &Verification,
        guess: Guess,
        transaction: &mut SqliteConnection,
    ) -> Result<bool, Failure> {
        let (short, long) = match (guess.wrong, guess.class) {
            (false, _) => (0, 0),
            (true, GuessClass::Short) => (1, 0),
            (true, GuessClass::Long) => (0, 1),
        };
        let statement = if guess.wrong {
            sqlx::query(CHARGE)
        } else {
            sqlx::query(WRONG_CHECKS)
        };
        let phone = self.vault.seal(verification.subject.phone);
        let mut query = statement.bind(phone.to_vec()).bind(guess.day.number());
        if guess.wrong {
            query = query.bind(short).bind(long);
        }
        let (short_today, long_today) = match query.fetch_optional(transaction).await? {
            Some(row) => (row.try_get::<u32, _>(0)? - short, row.try_get::<u32, _>(1)? - long),
            None => (0, 0),
        };
        Ok(guess.fits(short_today, long_today))
    }

    /// Takes the phone from another account that holds it, and answers which.
    async fn take_phone_away(
        &self,
        approval: &Approval<'_>,
        transaction: &mut SqliteConnection,
    ) -> Result<Option<AccountId>, Failure> {
        let row = sqlx::query(TAKE_PHONE_AWAY)
            .bind(approval.change.next.subject.application.as_str())
            .bind(self.vault.seal(approval.phone.phone).to_vec())
            .bind(approval.account.uuid())
            .fetch_optional(transaction)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?.map(AccountId::from_uuid))
    }

    /// Binds the phone to the account; `false` when another account holds it.
    async fn bind_phone(
        &self,
        approval: &Approval<'_>,
        transaction: &mut SqliteConnection,
    ) -> Result<bool, Failure> {
        let bound = sqlx::query(BIND_PHONE)
            .bind(approval.account.uuid())
            .bind(approval.change.next.subject.application.as_str())
            .bind(self.vault.seal(approval.phone.phone).to_vec())
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

/// Stores the verification over the version that it was made from; `false` when that is not the stored one.
async fn write(change: &Change<'_>, connection: &mut SqliteConnection) -> Result<bool, Failure> {
    let next = change.next;
    if next.version == change.expected {
        let found = sqlx::query(IS_AT_VERSION).bind(next.id.uuid()).bind(change.expected);
        return Ok(found.fetch_optional(connection).await?.is_some());
    }
    let stored = sqlx::query(SAVE)
        .bind(next.id.uuid())
        .bind(change.expected)
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
        .execute(connection)
        .await?;
    Ok(stored.rows_affected() == 1)
}

fn bind_subject(query: Query, phone: &[u8], subject: &Subject) -> Query {
    query
        .bind(phone.to_vec())
        .bind(subject.application.as_str())
        .bind(subject.purpose.as_str())
        .bind(account_uuid(subject))
}

/// The last day before the window, and today.
fn bind_days(query: Query, today: Day) -> Query {
    query.bind(today.minus(GUESS_WINDOW_DAYS).number()).bind(today.number())
}

fn bind_new(query: Query, phone: &[u8], new: &Verification) -> Query {
    query
        .bind(new.id.uuid())
        .bind(new.version)
        .bind(new.subject.application.as_str())
        .bind(account_uuid(&new.subject))
        .bind(phone.to_vec())
        .bind(new.subject.purpose.as_str())
        .bind(new.state.as_str())
        .bind(new.state.final_at().map(Timestamp::as_millisecond))
        .bind(new.generation.nonce.bytes().to_vec())
        .bind(new.generation.pepper.bytes().to_vec())
        .bind(new.generation.length.digits())
        .bind(new.generation.expires_at.as_millisecond())
        .bind(new.message.locale.as_str())
        .bind(new.message.app_hash.as_ref().map(domain::message::AppHash::as_str))
        .bind(new.message.origin.as_ref().map(domain::message::Origin::as_str))
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

fn account_uuid(subject: &Subject) -> Option<Uuid> {
    subject.account.map(AccountId::uuid)
}
