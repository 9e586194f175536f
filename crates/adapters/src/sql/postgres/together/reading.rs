//! What is looked up: a row for each question that has an answer, behind the number of the question.

use domain::id::VerificationId;
use domain::ports::{Loaded, Standing};
use domain::time::Day;
use domain::verification::Subject;
use sqlx::postgres::PgRow;
use tokio::time::Instant;

use super::super::Access;
use super::super::verifications::statements::{LOADS, STANDINGS};
use super::Kind;
use super::table::Table;
use crate::coalescer::Claims;
use crate::phone_vault::PhoneVault;
use crate::sql::arguments;
use crate::sql::arguments::Arguments as _;
use crate::sql::columns::Columns;
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;
use crate::sql::verifications::{loaded, standing};

/// [`domain::ports::VerificationStore::standing`].
pub(super) struct Standings;

/// [`domain::ports::VerificationStore::load`].
pub(super) struct Loads;

impl Kind for Standings {
    type Job = (Subject, Day);
    type Answer = Standing;

    const ONLY_ASKS: bool = true;

    fn claims(_: &Self::Job) -> Claims {
        [None; 2]
    }

    async fn ask(access: &Access, give_up_at: Instant, jobs: &[Self::Job]) -> Result<Vec<Standing>, Failure> {
        let table = Table::of(jobs, |row, (subject, today)| {
            arguments::subject(arguments::days(row, *today), &access.vault.seal(subject.phone), subject)
        });
        let query = table.bind_to(sqlx::query(STANDINGS));
        let told = access.run_by(give_up_at, query, Twice::Harmless).await?;
        let answers = numbered(&told.rows, &access.vault, jobs.len(), standing)?;
        answers.into_iter().map(|answer| Ok(answer.ok_or(RowFault("standing"))?)).collect()
    }
}

impl Kind for Loads {
    type Job = (VerificationId, Day);
    type Answer = Option<Loaded>;

    const ONLY_ASKS: bool = true;

    fn claims(_: &Self::Job) -> Claims {
        [None; 2]
    }

    async fn ask(
        access: &Access,
        give_up_at: Instant,
        jobs: &[Self::Job],
    ) -> Result<Vec<Option<Loaded>>, Failure> {
        let table = Table::of(jobs, |row, (id, today)| arguments::days(row, *today).uuid(id.uuid()));
        let query = table.bind_to(sqlx::query(LOADS));
        let told = access.run_by(give_up_at, query, Twice::Harmless).await?;
        numbered(&told.rows, &access.vault, jobs.len(), loaded)
    }
}

/// The answers at the places of their questions, which their first column tells, beginning with 1.
fn numbered<T>(
    rows: &[PgRow],
    vault: &PhoneVault,
    questions: usize,
    read: impl for<'a> Fn(Columns<'a, PgRow>) -> Result<T, Failure>,
) -> Result<Vec<Option<T>>, Failure> {
    let mut answers: Vec<Option<T>> = (0..questions).map(|_| None).collect();
    for row in rows {
        let mut columns = Columns::of(row, vault);
        let number: usize = columns.whole("number")?;
        let place = number.checked_sub(1).and_then(|place| answers.get_mut(place));
        *place.ok_or(RowFault("number"))? = Some(read(columns)?);
    }
    Ok(answers)
}
