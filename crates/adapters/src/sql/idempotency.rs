//! Answers to calls that have an idempotency key, in any database.

use domain::idempotency::{Attempt, Begun, KeyPlace, Owner, StoredAnswer};
use domain::time::Timestamp;

use super::arguments::Arguments as _;
use super::columns::Cells as _;
use super::engine::{Engine, Twice};
use super::failure::Failure;
use super::rows::RowFault;
use super::statements::{BEGIN_KEY, FINISH_KEY, RELEASE_KEY};

/// The statement answers the row as it is from then on. It says whose it is: asked twice, it says the same.
pub(super) async fn begin<E: Engine>(
    engine: &E,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<Begun, Failure> {
    let query = E::query(BEGIN_KEY)
        .bytes(attempt.place.bytes().as_slice())
        .bytes(attempt.fingerprint.bytes().as_slice())
        .bytes(attempt.owner.bytes().as_slice())
        .instant(attempt.lease_until)
        .instant(attempt.expires_at)
        .instant(now);
    let told = engine.tell(query, Twice::Harmless).await?;
    let row = told.rows.first().ok_or(RowFault("idempotency key"))?;
    let (fingerprint, owner, answer) = (row.bytes(0)?, row.bytes(1)?, row.bytes(2)?);
    if fingerprint != Some(attempt.fingerprint.bytes().as_slice()) {
        return Ok(Begun::OtherPayload);
    }
    if let Some(sealed) = answer {
        let opened = engine.vault().answers().open(&attempt.place, sealed);
        return Ok(Begun::Done(opened.map_err(|_| RowFault("answer"))?));
    }
    Ok(if owner == Some(attempt.owner.bytes().as_slice()) { Begun::New } else { Begun::Running })
}

pub(super) async fn finish<E: Engine>(
    engine: &E,
    place: &KeyPlace,
    owner: &Owner,
    answer: &StoredAnswer,
) -> Result<(), Failure> {
    let sealed = engine.vault().answers().seal(place, answer).map_err(|_| RowFault("answer"))?;
    let query = E::query(FINISH_KEY)
        .bytes(place.bytes().as_slice())
        .bytes(owner.bytes().as_slice())
        .bytes(sealed.as_slice());
    engine.tell(query, Twice::Harmless).await.map(drop)
}

pub(super) async fn release<E: Engine>(engine: &E, place: &KeyPlace, owner: &Owner) -> Result<(), Failure> {
    let query = E::query(RELEASE_KEY).bytes(place.bytes().as_slice()).bytes(owner.bytes().as_slice());
    engine.tell(query, Twice::Harmless).await.map(drop)
}

pub(super) async fn sweep<E: Engine>(engine: &E, now: Timestamp, max: u32) -> Result<u64, Failure> {
    let query = E::query(E::SWEEP_KEYS).instant(now).whole(i64::from(max));
    Ok(engine.tell(query, Twice::Harmless).await?.changed)
}
