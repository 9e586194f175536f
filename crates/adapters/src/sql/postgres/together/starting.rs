//! What a start writes: the verification before its SMS is handed over, and what came of that behind it.

use std::collections::HashSet;

use domain::delivery::DeliveryRecord;
use domain::ports::{Inserted, Saved};
use domain::verification::Verification;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use tokio::time::Instant;
use uuid::Uuid;

use super::super::Access;
use super::super::verifications::settle_and_insert;
use super::super::verifications::statements::{INSERTS, RECORD_DELIVERY};
use super::table::Table;
use super::{Kind, OwnedChange, by_phone, claim_of};
use crate::coalescer::Claims;
use crate::sql::arguments;
use crate::sql::arguments::Arguments as _;
use crate::sql::engine::Twice;
use crate::sql::failure::Failure;

/// [`domain::ports::VerificationStore::insert`].
pub(super) struct Inserts;

/// [`domain::ports::DeliveryStore::record_delivery`] of one attempt that changes the verification, as it mostly does.
pub(super) struct Deliveries;

/// What [`Deliveries`] keeps.
pub(super) struct Delivered {
    pub(super) change: OwnedChange,
    pub(super) attempt: DeliveryRecord,
}

impl Kind for Inserts {
    type Job = Verification;
    type Answer = Inserted;

    const ONLY_ASKS: bool = false;

    /// Of one phone, one goes behind the other, so that the same subject is not twice in a statement.
    fn claims(new: &Verification) -> Claims {
        [Some(claim_of(new.subject.phone)), None]
    }

    /// Those that are not stored, because another is live or only seems so, go by themselves: each is looked at anew then.
    async fn ask(
        access: &Access,
        give_up_at: Instant,
        jobs: &[Verification],
    ) -> Result<Vec<Inserted>, Failure> {
        let table = Table::of(by_phone(jobs, |new| new.subject.phone), |row, new| {
            arguments::new_verification(row, &access.vault.seal(new.subject.phone), new)
        });
        let query = table.bind_to(sqlx::query(INSERTS));
        let told = access.run_by(give_up_at, query, Twice::Harmless).await?;
        let stored = ids(&told.rows)?;
        let mut answers = Vec::with_capacity(jobs.len());
        for new in jobs {
            answers.push(if stored.contains(&new.id.uuid()) {
                Inserted::Stored
            } else {
                settle_and_insert(access, give_up_at, new).await?
            });
        }
        Ok(answers)
    }
}

impl Kind for Deliveries {
    type Job = Delivered;
    type Answer = Saved;

    const ONLY_ASKS: bool = false;

    fn claims(job: &Delivered) -> Claims {
        job.change.claims()
    }

    async fn ask(access: &Access, give_up_at: Instant, jobs: &[Delivered]) -> Result<Vec<Saved>, Failure> {
        let ordered = by_phone(jobs, |job| job.change.next.subject.phone);
        let table = Table::of(ordered, |row, Delivered { change, attempt }| {
            let row = row.uuid(change.next.id.uuid()).whole(i64::from(change.expected));
            arguments::delivery_record(arguments::changed_verification(row, &change.next), attempt)
        });
        let query = table.bind_to(sqlx::query(RECORD_DELIVERY));
        let told = access.run_by(give_up_at, query, Twice::Different).await?;
        let saved = ids(&told.rows)?;
        let answer = |job: &Delivered| {
            let is_saved = saved.contains(&job.change.next.id.uuid());
            if is_saved { Saved::Stored } else { Saved::Conflict }
        };
        Ok(jobs.iter().map(answer).collect())
    }
}

/// The ids that an answer is made of.
fn ids(rows: &[PgRow]) -> Result<HashSet<Uuid>, Failure> {
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, sqlx::Error>>()?)
}
