//! What is asked of the tables of verifications and of wrong checks. Owns the texts; the order of their parameters is
//! that of [`super`].

use crate::sql::arguments::new_verification_columns;
use crate::sql::columns::{proved_columns, verification_columns};

/// The wrong checks of a phone: on short codes within the window (behind the day `$1`), on short and on long codes
/// today (`$2`). What a clock that goes ahead has charged to tomorrow counts in the window: the budget errs on the
/// strict side.
macro_rules! totals_of {
    ($phone:literal) => {
        concat!(
            "(SELECT coalesce(sum(short_codes), 0) FROM wrong_checks w WHERE w.phone = ",
            $phone,
            " AND w.day > $1), ",
            "coalesce((SELECT short_codes FROM wrong_checks w WHERE w.phone = ",
            $phone,
            " AND w.day = $2), 0), ",
            "coalesce((SELECT long_codes FROM wrong_checks w WHERE w.phone = ",
            $phone,
            " AND w.day = $2), 0)"
        )
    };
}

/// That a row is about the subject of `$3` to `$6`. The words are those of the indexes, so that they serve.
macro_rules! of_subject {
    () => {
        "phone = $3 AND application = $4 AND purpose = $5 AND ifnull(account_id, x'') = ifnull($6, x'')"
    };
}

/// A pending verification is the youngest, whatever clock it was made by: none is inserted beside it.
/// What the account has proved is answered beside it, also when nothing was begun.
pub(in super::super) const STANDING: &str = concat!(
    "SELECT ",
    totals_of!("$3"),
    ", ",
    proved_columns!(),
    ", ",
    verification_columns!(),
    " FROM (SELECT 1) AS always
      LEFT JOIN verifications v ON v.seq = coalesce(
        (SELECT seq FROM verifications WHERE ",
    of_subject!(),
    " AND state = 'pending'),
        (SELECT seq FROM verifications WHERE ",
    of_subject!(),
    " ORDER BY created_at DESC, seq DESC LIMIT 1))
      LEFT JOIN accounts a ON a.id = $6"
);

pub(in super::super) const LOAD: &str = concat!(
    "SELECT ",
    totals_of!("v.phone"),
    ", ",
    verification_columns!(),
    " FROM verifications v LEFT JOIN accounts a ON a.id = v.account_id WHERE v.id = $3"
);

/// Does nothing beside a pending verification of the subject.
pub(in super::super) const INSERT: &str = concat!(
    "INSERT INTO verifications ",
    new_verification_columns!(),
    " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
         $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27
     WHERE NOT EXISTS (SELECT 1 FROM verifications WHERE ",
    of_subject!(),
    " AND state = 'pending')"
);

/// What [`domain::verification::Command::Settle`] makes of a pending verification whose life is over at `$2`.
pub(in super::super) const SETTLE: &str = concat!(
    "UPDATE verifications SET state = 'expired', final_at = $1, version = version + 1
     WHERE ",
    of_subject!(),
    " AND state = 'pending' AND expires_at <= $2"
);

/// The wrong checks of a verification's phone on the day `$3`: on short codes and on long ones.
macro_rules! of_the_day {
    () => {
        "coalesce((SELECT short_codes FROM wrong_checks w WHERE w.phone = verifications.phone AND w.day = $3), 0), \
         coalesce((SELECT long_codes FROM wrong_checks w WHERE w.phone = verifications.phone AND w.day = $3), 0)"
    };
}

/// All that a step may change. Answers the wrong checks of the day, unless it is another version.
pub(in super::super) const SAVE: &str = concat!(
    "UPDATE verifications SET
        version = $4, state = $5, final_at = $6, nonce = $7, pepper = $8, code_length = $9, expires_at = $10,
        delivery_number = $11, delivery_state = $12, delivery_at = $13,
        sent_at = $14, resend_at = $15, sends_used = $16, checks_used = $17,
        locale = $18, app_hash = $19, origin = $20, sent_by = $21
     WHERE id = $1 AND version = $2 RETURNING ",
    of_the_day!()
);

/// The same question where nothing changes.
pub(in super::super) const ASK: &str =
    concat!("SELECT ", of_the_day!(), " FROM verifications WHERE id = $1 AND version = $2");

/// A delivery of the verification `$1`.
pub(in super::super) const KEEP_DELIVERY: &str = "
    INSERT INTO deliveries (verification_id, application, id, number, gateway, answer, answered_at,
        took_ms, segments, message_id, credits_thousandths, attempt, route, template)
    SELECT id, application, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 FROM verifications WHERE id = $1";

pub(in super::super) const CHARGE: &str = "
    INSERT INTO wrong_checks (phone, day, short_codes, long_codes) VALUES ($1, $2, $3, $4)
    ON CONFLICT (phone, day) DO UPDATE
        SET short_codes = short_codes + excluded.short_codes, long_codes = long_codes + excluded.long_codes";

pub(in super::super) const TAKE_PHONE_AWAY: &str = "
    UPDATE accounts SET phone = NULL, phone_verified_at = NULL
    WHERE application = $1 AND phone = $2 AND id <> $3 RETURNING id";

pub(in super::super) const BIND_PHONE: &str =
    "UPDATE accounts SET phone = $3, phone_verified_at = $4 WHERE id = $1 AND application = $2";

pub(in super::super) const SWEEP_VERIFICATIONS: &str = "
    DELETE FROM verifications WHERE seq IN
        (SELECT seq FROM verifications WHERE final_at < $1 ORDER BY final_at LIMIT $2)";

/// A phone has one row a day at most, and only where somebody mistyped: what a day leaves is few.
pub(in super::super) const SWEEP_LEDGER: &str = "DELETE FROM wrong_checks WHERE day < $1";

pub(in super::super) const SWEEP_KEYS: &str = "
    DELETE FROM idempotency_keys WHERE place IN
        (SELECT place FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";

/// Finds nothing, but needs a database that was migrated.
pub(in super::super) const PING: &str = "SELECT 1 FROM verifications WHERE seq = 0";
