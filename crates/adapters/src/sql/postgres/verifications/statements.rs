//! What is asked of the tables of verifications and of wrong checks. Owns the texts; the order of their parameters is
//! that of [`super`] and of [`crate::sql::arguments`].
//!
//! What belongs together is one statement: the parts of its `WITH` see the database as it was when it began, and hand
//! each other what they found. What has to be true behind a wait for a lock comes from the functions of the schema,
//! which look anew.

use crate::sql::arguments::new_verification_columns;
use crate::sql::columns::{proved_columns, verification_columns};

/// The wrong checks of a phone: on short codes within the window (behind the day `$1`), on short and on long codes
/// today (`$2`). What a clock that goes ahead has charged to tomorrow counts in the window: the budget errs on the
/// strict side.
macro_rules! totals_of {
    ($phone:literal) => {
        concat!(
            "(SELECT
                coalesce(sum(w.short_codes), 0) AS short_in_window,
                coalesce(sum(w.short_codes) FILTER (WHERE w.day = date 'epoch' + $2::integer), 0) AS short_today,
                coalesce(sum(w.long_codes) FILTER (WHERE w.day = date 'epoch' + $2::integer), 0) AS long_today
              FROM wrong_checks w WHERE w.phone = ",
            $phone,
            " AND w.day > date 'epoch' + $1::integer) AS t"
        )
    };
}

/// What no account is in the indexes.
macro_rules! nobody {
    () => {
        "'00000000-0000-0000-0000-000000000000'"
    };
}

/// That a row is about the subject of `$3` to `$6`. The words are those of the indexes, so that they serve.
macro_rules! of_subject {
    () => {
        concat!(
            "phone = $3 AND application = $4 AND purpose = $5
             AND coalesce(account_id, ",
            nobody!(),
            ") = coalesce($6, ",
            nobody!(),
            ")"
        )
    };
}

/// A pending verification is the youngest, whatever clock it was made by: none is inserted beside it.
/// What the account has proved is answered beside it, also when nothing was begun.
pub(in super::super) const STANDING: &str = concat!(
    "SELECT t.short_in_window, t.short_today, t.long_today, ",
    proved_columns!(),
    ", ",
    verification_columns!(),
    " FROM ",
    totals_of!("$3"),
    " LEFT JOIN LATERAL
        (SELECT * FROM verifications WHERE ",
    of_subject!(),
    " ORDER BY state = 'pending' DESC, created_at DESC, seq DESC LIMIT 1) AS v ON true
      LEFT JOIN accounts a ON a.id = $6"
);

pub(in super::super) const LOAD: &str = concat!(
    "SELECT t.short_in_window, t.short_today, t.long_today, ",
    verification_columns!(),
    " FROM verifications v
      CROSS JOIN LATERAL ",
    totals_of!("v.phone"),
    " LEFT JOIN accounts a ON a.id = v.account_id
      WHERE v.id = $3"
);

/// Settles what is pending although its life is over, as [`domain::verification::Command::Settle`] does, and stores the
/// new one unless another is live: whoever inserts at the same time is waited for. Answers whether it was stored.
pub(in super::super) const INSERT: &str = concat!(
    "WITH settled AS (
        UPDATE verifications SET state = 'expired', final_at = $19, version = version + 1
        WHERE ",
    of_subject!(),
    " AND state = 'pending' AND expires_at <= $19
        RETURNING id
     ), inserted AS (
        INSERT INTO verifications ",
    new_verification_columns!(),
    " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
            $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27
        -- Behind the settling.
        WHERE (SELECT count(*) FROM settled) >= 0
        ON CONFLICT (phone, application, purpose, (coalesce(account_id, ",
    nobody!(),
    "))) WHERE state = 'pending' DO NOTHING
        RETURNING id
     )
     SELECT EXISTS (SELECT 1 FROM inserted)"
);

/// Whether a verification is there, when its statement may have run twice.
pub(in super::super) const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM verifications WHERE id = $1)";

/// The verification `$1` in the version `$2`. When it is locked, whoever is changing it is waited for; when it has
/// another version by then, there is none.
macro_rules! held {
    ($lock:literal) => {
        concat!(
            "WITH held AS MATERIALIZED (
                SELECT v.id, v.phone, v.application FROM verifications v
                WHERE v.id = $1 AND v.version = $2 ",
            $lock,
            ")"
        )
    };
}

/// The same verification, if the budget has room for the guess: of the day `$3`, on a short code or not (`$4`), under the
/// ceiling of short ones (`$5`) and that of all (`$6`), which is [`domain::guess::Guess::fits`]. Without a guess there is
/// room. The phone stays locked, so that no comparison slips past another one.
macro_rules! room {
    () => {
        ", room AS MATERIALIZED (
            SELECT held.id, held.phone, held.application FROM held
            CROSS JOIN LATERAL wrong_checks_locked(held.phone, date 'epoch' + $3::integer) AS w
            WHERE $3 IS NULL OR ((NOT $4 OR w.short_codes < $5) AND w.short_codes::bigint + w.long_codes < $6)
         )"
    };
}

/// Charges the guess, if it is wrong (`$7`).
macro_rules! charged {
    ($from:literal) => {
        concat!(
            ", charged AS (
                INSERT INTO wrong_checks AS w (phone, day, short_codes, long_codes)
                SELECT phone, date 'epoch' + $3::integer, $4::integer, (NOT $4)::integer FROM ",
            $from,
            " WHERE $7
                ON CONFLICT (phone, day) DO UPDATE SET
                    short_codes = w.short_codes + excluded.short_codes,
                    long_codes = w.long_codes + excluded.long_codes
             )"
        )
    };
}

/// All that a step may change.
macro_rules! changes {
    () => {
        "UPDATE verifications AS v SET
            (version, state, final_at, nonce, pepper, code_length, expires_at,
             delivery_number, delivery_state, delivery_at, sent_at, resend_at, sends_used, checks_used,
             locale, app_hash, origin, sent_by)
            = ($8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)"
    };
}

macro_rules! saved {
    ($from:literal) => {
        concat!(", saved AS (", changes!(), " FROM ", $from, " AS f WHERE v.id = f.id)")
    };
}

/// A conflict is told as one, even when the budget is spent as well.
macro_rules! outcome {
    ($otherwise:literal) => {
        concat!(
            " SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM held) THEN 'conflict'
                WHEN NOT EXISTS (SELECT 1 FROM room) THEN 'spent' ELSE ",
            $otherwise,
            " END"
        )
    };
}

/// A change that comes from no guess. It is another version where no row changes.
pub(in super::super) const SAVE: &str = concat!(changes!(), " WHERE v.id = $1 AND v.version = $2");

/// An attempt and what it changes: all that a step may change, or nothing of the version that is there.
macro_rules! record_delivery {
    ($saved:expr, $attempt:expr, $from:expr) => {
        concat!(
            "WITH saved AS (",
            $saved,
            ") INSERT INTO deliveries (verification_id, application, id, number, gateway, answer, answered_at,
                took_ms, segments, message_id, credits_thousandths, attempt, route, template)
            SELECT saved.id, saved.application, ",
            $attempt,
            " FROM saved",
            $from
        )
    };
}

/// The verification with what changes.
macro_rules! changed {
    () => {
        concat!(changes!(), " WHERE v.id = $1 AND v.version = $2 RETURNING v.id, v.application")
    };
}

/// The verification as it is.
macro_rules! unchanged {
    () => {
        "SELECT v.id, v.application FROM verifications v WHERE v.id = $1 AND v.version = $2"
    };
}

/// The attempts from one to the next, each a row of arrays that begin with this parameter.
macro_rules! each_of {
    ($($array:literal)*) => {
        concat!(" CROSS JOIN unnest(", $($array,)* ") AS d")
    };
}

/// One attempt, which there mostly is.
pub(in super::super) const RECORD_DELIVERY: &str =
    record_delivery!(changed!(), "$26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37", "");

pub(in super::super) const KEEP_DELIVERY: &str =
    record_delivery!(unchanged!(), "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19", "");

/// Several, by routes one behind the other.
pub(in super::super) const RECORD_DELIVERIES: &str = record_delivery!(
    changed!(),
    "d.*",
    each_of!("$26::uuid[], $27::bigint[], $28::text[], $29::text[], $30::timestamptz[], $31::bigint[], "
        "$32::bigint[], $33::text[], $34::bigint[], $35::bigint[], $36::text[], $37::bigint[]")
);

pub(in super::super) const KEEP_DELIVERIES: &str = record_delivery!(
    unchanged!(),
    "d.*",
    each_of!("$8::uuid[], $9::bigint[], $10::text[], $11::text[], $12::timestamptz[], $13::bigint[], "
        "$14::bigint[], $15::text[], $16::bigint[], $17::bigint[], $18::text[], $19::bigint[]")
);

pub(in super::super) const SAVE_GUESS: &str =
    concat!(held!("FOR UPDATE"), room!(), charged!("room"), saved!("room"), outcome!("'stored'"));

/// The same question where nothing changes. Of the guesses about one version one counts: who is changing it is waited for,
/// and then it is another version.
pub(in super::super) const ASK: &str =
    concat!(held!("FOR SHARE"), room!(), charged!("room"), outcome!("'stored'"));

/// Behind the room in the budget comes the phone: `$26` is the account, `$27` the phone, `$28` when it was proved,
/// `$29` whether another account loses it and `$30` what the proof is for.
pub(in super::super) const APPROVE: &str = concat!(
    held!("FOR UPDATE"),
    room!(),
    ", bound AS MATERIALIZED (
        SELECT room.id, room.phone, b.outcome, b.loser FROM room
        CROSS JOIN LATERAL bind_phone($26, room.application, $27, $28, $29, room.id, $30) AS b
     ), done AS MATERIALIZED (
        SELECT id, phone FROM bound WHERE outcome = 'bound'
     )",
    charged!("done"),
    saved!("done"),
    outcome!("(SELECT outcome FROM bound)"),
    ", (SELECT loser FROM bound)"
);

/// What somebody else is deleting, or changing, is left to him.
pub(in super::super) const SWEEP: &str = "
    WITH old AS MATERIALIZED (
        SELECT id FROM verifications WHERE final_at < $1 ORDER BY final_at LIMIT $2 FOR UPDATE SKIP LOCKED
     ), swept AS (
        DELETE FROM verifications AS v USING old WHERE v.id = old.id RETURNING v.id
     ), ledger AS (
        -- A phone has one row a day at most, and only where somebody mistyped: what a day leaves is few.
        DELETE FROM wrong_checks WHERE day < date 'epoch' + $3::integer
     )
     SELECT count(*) FROM swept";

/// Two that sweep at once take different keys.
pub(in super::super) const SWEEP_KEYS: &str = "
    WITH old AS MATERIALIZED (
        SELECT place FROM idempotency_keys WHERE expires_at <= $1
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
     )
     DELETE FROM idempotency_keys AS k USING old WHERE k.place = old.place";

/// Whether the server takes changes. Finds nothing, but needs a database that was migrated.
pub(in super::super) const PING: &str = concat!(
    "SELECT current_setting('transaction_read_only') = 'off'
        AND NOT EXISTS (SELECT 1 FROM verifications WHERE id = ",
    nobody!(),
    ")"
);

pub(in super::super) const TIME: &str = "SELECT date_trunc('milliseconds', clock_timestamp())";
