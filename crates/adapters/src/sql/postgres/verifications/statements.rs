//! What is asked of the tables of verifications and of wrong checks. Owns the texts; the order of their parameters is
//! that of [`super`] and of [`crate::sql::arguments`].
//!
//! What belongs together is one statement: the parts of its `WITH` see the database as it was when it began, and hand
//! each other what they found. What has to be true behind a wait for a lock comes from the functions of the schema,
//! which look anew.

use crate::sql::arguments::new_verification_columns;
use crate::sql::columns::{proved_columns, verification_columns};

/// The wrong checks of a phone: on short codes within the window (behind `j.before`), on short and on long codes
/// today. What a clock that goes ahead has charged to tomorrow counts in the window: the budget errs on the
/// strict side.
macro_rules! totals_of {
    ($phone:literal) => {
        concat!(
            "(SELECT
                coalesce(sum(w.short_codes), 0) AS short_in_window,
                coalesce(sum(w.short_codes) FILTER (WHERE w.day = date 'epoch' + j.today::integer), 0) AS short_today,
                coalesce(sum(w.long_codes) FILTER (WHERE w.day = date 'epoch' + j.today::integer), 0) AS long_today
              FROM wrong_checks w WHERE w.phone = ",
            $phone,
            " AND w.day > date 'epoch' + j.before::integer) AS t"
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
/// What the account has proved is answered beside it, also when nothing was begun. Every look-up is by the index that is
/// meant, which `LIMIT` sees to: no plan joins whole tables, however many are asked for.
pub(in super::super) const STANDINGS: &str = concat!(
    "SELECT j.number, t.short_in_window, t.short_today, t.long_today, ",
    proved_columns!(),
    ", ",
    verification_columns!(),
    " FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::text[], $5::text[], $6::uuid[]) WITH ORDINALITY
        AS j(before, today, phone, application, purpose, account_id, number)
      CROSS JOIN LATERAL ",
    totals_of!("j.phone"),
    " LEFT JOIN LATERAL
        (SELECT * FROM verifications o WHERE o.phone = j.phone AND o.application = j.application
            AND o.purpose = j.purpose AND coalesce(o.account_id, ",
    nobody!(),
    ") = coalesce(j.account_id, ",
    nobody!(),
    ") ORDER BY o.state = 'pending' DESC, o.created_at DESC, o.seq DESC LIMIT 1) AS v ON true
      LEFT JOIN LATERAL (SELECT * FROM accounts o WHERE o.id = j.account_id LIMIT 1) AS a ON true"
);

pub(in super::super) const LOADS: &str = concat!(
    "SELECT j.number, t.short_in_window, t.short_today, t.long_today, ",
    verification_columns!(),
    " FROM unnest($1::bigint[], $2::bigint[], $3::uuid[]) WITH ORDINALITY AS j(before, today, id, number)
      CROSS JOIN LATERAL (SELECT * FROM verifications o WHERE o.id = j.id LIMIT 1) AS v
      CROSS JOIN LATERAL ",
    totals_of!("v.phone"),
    " LEFT JOIN LATERAL (SELECT * FROM accounts o WHERE o.id = v.account_id LIMIT 1) AS a ON true"
);

/// Stores new ones, unless another of the subject is pending: whoever inserts at the same time is waited for. Answers the ids
/// of those that are stored.
pub(in super::super) const INSERTS: &str = concat!(
    "INSERT INTO verifications ",
    new_verification_columns!(),
    " SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[], $5::text[], $6::uuid[], $7::text[],
        $8::timestamptz[], $9::bytea[], $10::bytea[], $11::bigint[], $12::timestamptz[], $13::text[], $14::text[],
        $15::text[], $16::bigint[], $17::text[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[],
        $21::timestamptz[], $22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::text[])
     ON CONFLICT (phone, application, purpose, (coalesce(account_id, ",
    nobody!(),
    "))) WHERE state = 'pending' DO NOTHING
     RETURNING id"
);

/// Settles what is pending although its life is over, as [`domain::verification::Command::Settle`] does, and stores the
/// new one unless another is live: whoever inserts at the same time is waited for. Answers whether it was stored.
pub(in super::super) const SETTLE_AND_INSERT: &str = concat!(
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

/// Charges the guesses that are wrong.
macro_rules! charged {
    ($from:literal) => {
        concat!(
            ", charged AS (
                INSERT INTO wrong_checks AS w (phone, day, short_codes, long_codes)
                SELECT phone, date 'epoch' + day::integer, short::integer, (NOT short)::integer FROM ",
            $from,
            " WHERE wrong
                ON CONFLICT (phone, day) DO UPDATE SET
                    short_codes = w.short_codes + excluded.short_codes,
                    long_codes = w.long_codes + excluded.long_codes
             )"
        )
    };
}

/// All that a step may change.
macro_rules! changing {
    ($of:literal) => {
        concat!(
            $of,
            "version, ",
            $of,
            "state, ",
            $of,
            "final_at, ",
            $of,
            "nonce, ",
            $of,
            "pepper, ",
            $of,
            "code_length, ",
            $of,
            "expires_at, ",
            $of,
            "delivery_number, ",
            $of,
            "delivery_state, ",
            $of,
            "delivery_at, ",
            $of,
            "sent_at, ",
            $of,
            "resend_at, ",
            $of,
            "sends_used, ",
            $of,
            "checks_used, ",
            $of,
            "locale, ",
            $of,
            "app_hash, ",
            $of,
            "origin, ",
            $of,
            "sent_by"
        )
    };
}

/// The verification `$1` in the version `$2`, if the budget has room for the guess: of the day `$3`, on a short code or not
/// (`$4`), under the ceiling of short ones (`$5`) and that of all (`$6`), which is [`domain::guess::Guess::fits`]. Whoever is
/// changing it is waited for; when it has another version by then, there is none. The phone stays locked, so that no
/// comparison slips past another one.
///
/// Nothing changes but the budget, which a guess is charged to if it is wrong (`$7`).
pub(in super::super) const ASK: &str = concat!(
    "WITH held AS MATERIALIZED (
        SELECT v.id, v.phone FROM verifications v WHERE v.id = $1 AND v.version = $2 FOR SHARE
     ), room AS MATERIALIZED (
        SELECT held.phone, $3::integer AS day, $4 AS short, $7 AS wrong FROM held
        CROSS JOIN LATERAL wrong_checks_locked(held.phone, date 'epoch' + $3::integer) AS w
        WHERE (NOT $4 OR w.short_codes < $5) AND w.short_codes::bigint + w.long_codes < $6
     )",
    charged!("room"),
    " SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM held) THEN 'conflict'
        WHEN NOT EXISTS (SELECT 1 FROM room) THEN 'spent' ELSE 'stored' END"
);

/// The same of many, which change: those that are there in the version that is expected, locked in their order, and
/// those of them that the budget has room for. Without a guess there is room.
macro_rules! held_and_room {
    ($more:literal, $names:literal) => {
        concat!(
            "WITH held AS MATERIALIZED (
                SELECT j.*, v.phone, v.application FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::boolean[],
                    $5::bigint[], $6::bigint[], $7::boolean[], $8::bigint[], $9::text[], $10::timestamptz[],
                    $11::bytea[], $12::bytea[], $13::bigint[], $14::timestamptz[], $15::bigint[], $16::text[],
                    $17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::bigint[], $21::bigint[],
                    $22::text[], $23::text[], $24::text[], $25::text[]",
            $more,
            ") AS j(id, expected, day, short, short_ceiling, ceiling, wrong, ",
            changing!(""),
            $names,
            ")
                CROSS JOIN LATERAL
                    (SELECT o.phone, o.application FROM verifications o
                     WHERE o.id = j.id AND o.version = j.expected FOR UPDATE) AS v
             ), room AS MATERIALIZED (
                SELECT held.* FROM held
                CROSS JOIN LATERAL wrong_checks_locked(held.phone, date 'epoch' + held.day::integer) AS w
                WHERE held.day IS NULL
                    OR ((NOT held.short OR w.short_codes < held.short_ceiling)
                        AND w.short_codes::bigint + w.long_codes < held.ceiling)
             )"
        )
    };
}

/// Changes those.
macro_rules! saved {
    ($from:literal) => {
        concat!(
            ", saved AS (UPDATE verifications AS v SET (",
            changing!(""),
            ") = (",
            changing!("f."),
            ") FROM ",
            $from,
            " AS f WHERE v.id = f.id)"
        )
    };
}

/// The same of one, by its arguments.
macro_rules! changes {
    () => {
        concat!(
            "UPDATE verifications AS v SET (",
            changing!(""),
            ") = ($8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)"
        )
    };
}

/// A change that comes from no guess. It is another version where no row changes.
pub(in super::super) const SAVE: &str = concat!(changes!(), " WHERE v.id = $1 AND v.version = $2");

/// Changes with the one attempt that each comes from, which is what mostly happens. Answers the ids of those that were there
/// in the version that was expected.
pub(in super::super) const RECORD_DELIVERY: &str = concat!(
    "WITH saved AS (
        UPDATE verifications AS v SET (",
    changing!(""),
    ") = (",
    changing!("j."),
    ") FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::bytea[], $7::bytea[],
            $8::bigint[], $9::timestamptz[], $10::bigint[], $11::text[], $12::timestamptz[], $13::timestamptz[],
            $14::timestamptz[], $15::bigint[], $16::bigint[], $17::text[], $18::text[], $19::text[], $20::text[],
            $21::uuid[], $22::bigint[], $23::text[], $24::text[], $25::timestamptz[], $26::bigint[], $27::bigint[],
            $28::text[], $29::bigint[], $30::bigint[], $31::text[], $32::bigint[])
            AS j(id, expected, ",
    changing!(""),
    ", delivery_id, number, gateway, answer, answered_at, took_ms, segments, message_id, credits_thousandths,
            attempt, route, template)
        WHERE v.id = j.id AND v.version = j.expected
        RETURNING v.id, v.application, j.delivery_id, j.number, j.gateway, j.answer, j.answered_at, j.took_ms,
            j.segments, j.message_id, j.credits_thousandths, j.attempt, j.route, j.template
     )
     INSERT INTO deliveries (verification_id, application, id, number, gateway, answer, answered_at, took_ms, segments,
        message_id, credits_thousandths, attempt, route, template)
     SELECT * FROM saved
     RETURNING verification_id"
);

/// The attempts of one verification, by routes one behind the other, and what they change: all that a step may, or nothing
/// of the version that is there.
macro_rules! record_deliveries {
    ($saved:expr, $($array:literal)*) => {
        concat!(
            "WITH saved AS (",
            $saved,
            ") INSERT INTO deliveries (verification_id, application, id, number, gateway, answer, answered_at,
                took_ms, segments, message_id, credits_thousandths, attempt, route, template)
            SELECT saved.id, saved.application, d.* FROM saved CROSS JOIN unnest(",
            $($array,)*
            ") AS d"
        )
    };
}

pub(in super::super) const RECORD_DELIVERIES: &str = record_deliveries!(
    concat!(changes!(), " WHERE v.id = $1 AND v.version = $2 RETURNING v.id, v.application"),
    "$26::uuid[], $27::bigint[], $28::text[], $29::text[], $30::timestamptz[], $31::bigint[], "
    "$32::bigint[], $33::text[], $34::bigint[], $35::bigint[], $36::text[], $37::bigint[]"
);

pub(in super::super) const KEEP_DELIVERIES: &str = record_deliveries!(
    "SELECT v.id, v.application FROM verifications v WHERE v.id = $1 AND v.version = $2",
    "$8::uuid[], $9::bigint[], $10::text[], $11::text[], $12::timestamptz[], $13::bigint[], "
    "$14::bigint[], $15::text[], $16::bigint[], $17::bigint[], $18::text[], $19::bigint[]"
);

/// Changes that come from guesses. Of one that is `stored` everything is, of one for which the budget is `spent` nothing;
/// one that is not answered was there in another version. A conflict is told as one, even when the budget is spent as well.
pub(in super::super) const SAVE_GUESS: &str = concat!(
    held_and_room!("", ""),
    charged!("room"),
    saved!("room"),
    " SELECT id, 'stored', NULL::uuid FROM room
      UNION ALL SELECT id, 'spent', NULL FROM held WHERE id NOT IN (SELECT id FROM room)"
);

/// Behind the room in the budget comes the phone, which is bound: `$26` is the account, `$27` the phone, `$28` when it was
/// proved, `$29` whether another account loses it and `$30` what the proof is for.
pub(in super::super) const APPROVE: &str = concat!(
    held_and_room!(
        ", $26::uuid[], $27::bytea[], $28::timestamptz[], $29::boolean[], $30::text[]",
        ", account_id, proved, verified_at, transfer, purpose"
    ),
    ", bound AS MATERIALIZED (
        SELECT room.*, b.outcome, b.loser FROM room
        CROSS JOIN LATERAL bind_phone(room.account_id, room.application, room.proved, room.verified_at, room.transfer,
            room.id, room.purpose) AS b
     ), done AS MATERIALIZED (
        SELECT * FROM bound WHERE outcome = 'bound'
     )",
    charged!("done"),
    saved!("done"),
    " SELECT id, outcome, loser FROM bound
      UNION ALL SELECT id, 'spent', NULL FROM held WHERE id NOT IN (SELECT id FROM room)"
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
