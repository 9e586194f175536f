//! What a check writes: the verification, the guess that it was, and the phone that it proves. All locks of a phone are
//! taken in the order of the phones.

use std::collections::HashMap;

use domain::account::VerifiedPhone;
use domain::guess::{Guess, GuessClass};
use domain::id::AccountId;
use domain::ports::{Approved, Saved};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::Access;
use super::super::failure::constraint;
use super::super::verifications::PHONE_IS_UNIQUE;
use super::super::verifications::statements::{APPROVE, SAVE_GUESS};
use super::table::Table;
use super::{Kind, OwnedChange, by_phone};
use crate::coalescer::Claims;
use crate::sql::arguments;
use crate::sql::arguments::Arguments as _;
use crate::sql::engine::{Told, Twice};
use crate::sql::failure::Failure;
use crate::sql::rows::RowFault;

/// [`domain::ports::VerificationStore::save`] of a change that comes from a guess.
pub(super) struct Guesses;

/// [`domain::ports::VerificationStore::approve`].
pub(super) struct Approvals;

/// What [`Approvals`] keeps.
pub(super) struct OwnedApproval {
    pub(super) change: OwnedChange,
    pub(super) account: AccountId,
    pub(super) phone: VerifiedPhone,
    pub(super) transfer: bool,
}

/// How often an approval is tried that met an account that got the phone without the lock: one that was added with it.
const APPROVALS_MAX: u32 = 3;

impl Kind for Guesses {
    type Job = OwnedChange;
    type Answer = Saved;

    const ONLY_ASKS: bool = false;

    fn claims(job: &OwnedChange) -> Claims {
        job.claims()
    }

    async fn ask(access: &Access, give_up_at: Instant, jobs: &[OwnedChange]) -> Result<Vec<Saved>, Failure> {
        let table = Table::of(by_phone(jobs, |change| change.next.subject.phone), changed);
        let query = table.bind_to(sqlx::query(SAVE_GUESS));
        let told = access.run_by(give_up_at, query, Twice::Different).await?;
        let outcomes = outcomes(&told.rows)?;
        let answer = |change: &OwnedChange| match outcomes.get(&change.next.id.uuid()) {
            None => Ok(Saved::Conflict),
            Some(&("stored", _)) => Ok(Saved::Stored),
            Some(&("spent", _)) => Ok(Saved::BudgetSpent),
            Some(_) => Err(RowFault("outcome").into()),
        };
        jobs.iter().map(answer).collect()
    }
}

impl Kind for Approvals {
    type Job = OwnedApproval;
    type Answer = Approved;

    const ONLY_ASKS: bool = false;

    fn claims(job: &OwnedApproval) -> Claims {
        job.change.claims()
    }

    async fn ask(
        access: &Access,
        give_up_at: Instant,
        jobs: &[OwnedApproval],
    ) -> Result<Vec<Approved>, Failure> {
        let told = approve(access, give_up_at, jobs).await?;
        let outcomes = outcomes(&told.rows)?;
        let answer = |job: &OwnedApproval| match outcomes.get(&job.change.next.id.uuid()) {
            None => Ok(Approved::Conflict),
            Some(&("bound", loser)) => {
                Ok(Approved::Stored { transferred_from: loser.map(AccountId::from_uuid) })
            }
            Some(&("taken", _)) => Ok(Approved::PhoneTaken),
            Some(&("spent", _)) => Ok(Approved::BudgetSpent),
            Some(&("no account", _)) => Err(RowFault("account of a verification").into()),
            Some(_) => Err(RowFault("outcome").into()),
        };
        jobs.iter().map(answer).collect()
    }
}

async fn approve(
    access: &Access,
    give_up_at: Instant,
    jobs: &[OwnedApproval],
) -> Result<Told<PgRow>, Failure> {
    // Of several, the one that is in the way is found when each goes by itself.
    let mut tries_left = if jobs.len() == 1 { APPROVALS_MAX } else { 1 };
    loop {
        tries_left -= 1;
        let table = Table::of(by_phone(jobs, |job| job.change.next.subject.phone), |row, job| {
            changed(row, &job.change)
                .uuid(job.account.uuid())
                .bytes(access.vault.seal(job.phone.phone).as_slice())
                .instant(job.phone.verified_at)
                .truth(job.transfer)
                .text(job.change.next.subject.purpose.as_str())
        });
        let query = table.bind_to(sqlx::query(APPROVE));
        match access.run_by(give_up_at, query, Twice::Different).await {
            Err(Failure::Database(error))
                if tries_left > 0 && constraint(&error) == Some(PHONE_IS_UNIQUE) => {}
            answer => return answer,
        }
    }
}

/// The version that a change was made from, the guess that it comes from, and what changes.
fn changed(row: Table, change: &OwnedChange) -> Table {
    let row = row.uuid(change.next.id.uuid()).whole(i64::from(change.expected));
    arguments::changed_verification(guess(row, change.guess), &change.next)
}

fn guess(row: Table, guess: Option<Guess>) -> Table {
    row.whole(guess.map(|guess| i64::from(guess.day.number())))
        .truth(guess.is_some_and(|guess| guess.class == GuessClass::Short))
        .whole(guess.map(|guess| i64::from(guess.short_ceiling)))
        .whole(guess.map(|guess| i64::from(guess.ceiling)))
        .truth(guess.is_some_and(|guess| guess.wrong))
}

/// What became of each verification that was there in the version that was expected, and whose phone it was before.
fn outcomes(rows: &[PgRow]) -> Result<HashMap<Uuid, (&str, Option<Uuid>)>, Failure> {
    let row = |row| {
        let row: &PgRow = row;
        Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?)))
    };
    Ok(rows.iter().map(row).collect::<Result<_, sqlx::Error>>()?)
}
