//! What every database is asked in the same words. The order of the parameters is that of [`super::arguments`].

use super::columns::{
    account_columns, block_columns, credential_columns, delivery_columns, identity_columns, known_block,
};

pub(super) const ADD_ACCOUNT: &str =
    "INSERT INTO accounts (id, application, username, phone, phone_verified_at, created_at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (application, username) DO NOTHING";

pub(super) const FIND_ACCOUNT: &str =
    concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.application = $1 AND a.username = $2");

pub(super) const LOAD_ACCOUNT: &str =
    concat!("SELECT ", account_columns!(), " FROM accounts a WHERE a.id = $1");

pub(super) const LIST_ACCOUNTS: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts a WHERE a.application = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3"
);

pub(super) const ISSUE: &str = "INSERT INTO credentials
        (id, application, kind, account_id, secret_hash, created_at, expires_at, revoked_at, name)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(super) const HOLDER: &str = concat!(
    "SELECT ",
    credential_columns!("c"),
    ", ",
    identity_columns!(),
    " FROM credentials c LEFT JOIN accounts a ON a.id = c.account_id WHERE c.secret_hash = $1"
);

/// The order of the parameters is the same in all three.
macro_rules! list_credentials {
    ($which:literal) => {
        concat!(
            "SELECT ",
            credential_columns!("c"),
            ", a.username FROM credentials c LEFT JOIN accounts a ON a.id = c.account_id
             WHERE c.application = $1 AND c.id < $2 AND ",
            $which,
            " ORDER BY c.id DESC LIMIT $3"
        )
    };
}

pub(super) const LIST_KEYS: &str = list_credentials!("c.account_id IS NULL");
pub(super) const LIST_TOKENS: &str = list_credentials!("c.account_id IS NOT NULL");
pub(super) const LIST_TOKENS_OF_ACCOUNT: &str = list_credentials!("c.account_id = $4");

/// `$3` is whether a user token is meant, `$4` whose.
pub(super) const LOAD_CREDENTIAL: &str = concat!(
    "SELECT ",
    credential_columns!("c"),
    ", a.username FROM credentials c LEFT JOIN accounts a ON a.id = c.account_id
     WHERE c.id = $1 AND c.application = $2 AND (c.account_id IS NOT NULL) = $3 AND ($4 IS NULL OR c.account_id = $4)"
);

/// `$4` is whether a user token is meant, `$5` whose.
pub(super) const REVOKE: &str = concat!(
    "UPDATE credentials SET revoked_at = coalesce(revoked_at, $3)
     WHERE id = $1 AND application = $2 AND (account_id IS NOT NULL) = $4 AND ($5 IS NULL OR account_id = $5)
     RETURNING ",
    credential_columns!("credentials")
);

pub(super) const LOAD_BLOCK: &str = concat!(
    "SELECT ",
    block_columns!("b"),
    ", a.username FROM blocks b LEFT JOIN accounts a ON a.id = b.account_id
     WHERE b.id = $1 AND b.application = $2 AND ",
    known_block!("b")
);

pub(super) const LIST_BLOCKS: &str = concat!(
    "SELECT ",
    block_columns!("b"),
    ", a.username FROM blocks b LEFT JOIN accounts a ON a.id = b.account_id
     WHERE b.application = $1 AND b.id < $2 AND ",
    known_block!("b"),
    " ORDER BY b.id DESC LIMIT $3"
);

/// All of them, to be held in memory; also those of a newer release, so that it is said that they do not hold here.
pub(super) const ALL_BLOCKS: &str =
    concat!("SELECT ", block_columns!("b"), " FROM blocks b WHERE b.expires_at IS NULL OR b.expires_at > $1");

pub(super) const SWEEP_BLOCKS: &str = "DELETE FROM blocks WHERE id IN
        (SELECT id FROM blocks WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

pub(super) const APPLIED_MIGRATIONS: &str =
    "SELECT version, description FROM _sqlx_migrations ORDER BY version";

pub(super) const REMEMBER: &str =
    "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

pub(super) const REMEMBERED: &str = "SELECT value FROM settings WHERE name = $1";

/// The order of the parameters is the same in both.
macro_rules! list_deliveries {
    ($which:literal) => {
        concat!(
            "SELECT ",
            delivery_columns!(),
            " FROM deliveries d JOIN verifications v ON v.id = d.verification_id
              WHERE d.application = $1 AND d.id < $2",
            $which,
            " ORDER BY d.id DESC LIMIT $3"
        )
    };
}

pub(super) const LIST_DELIVERIES: &str = list_deliveries!("");
pub(super) const LIST_DELIVERIES_OF_VERIFICATION: &str = list_deliveries!(" AND d.verification_id = $4");

/// Of a bounded number of the youngest.
pub(super) const TALLY_GATEWAYS: &str = "
    SELECT gateway, answer, count(*), max(answered_at) FROM
        (SELECT gateway, answer, answered_at FROM deliveries WHERE application = $1 ORDER BY id DESC LIMIT $3) AS d
    WHERE answered_at >= $2 GROUP BY gateway, answer ORDER BY gateway, answer";

/// What another has begun, unless that is forgotten, or its lease is over and the same is asked for.
macro_rules! unless_free {
    ($column:literal) => {
        concat!(
            $column,
            " = CASE WHEN k.expires_at <= $6
                 OR (k.answer IS NULL AND k.lease_until <= $6 AND k.fingerprint = excluded.fingerprint)
             THEN excluded.",
            $column,
            " ELSE k.",
            $column,
            " END"
        )
    };
}

/// The row is written whatever comes of it, so that what is answered is what holds, also behind a wait for another.
pub(super) const BEGIN_KEY: &str = concat!(
    "INSERT INTO idempotency_keys AS k (place, fingerprint, owner, lease_until, expires_at)
     VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (place) DO UPDATE SET ",
    unless_free!("fingerprint"),
    ", ",
    unless_free!("owner"),
    ", ",
    unless_free!("lease_until"),
    ", ",
    unless_free!("answer"),
    ", ",
    unless_free!("expires_at"),
    " RETURNING fingerprint, owner, answer"
);

pub(super) const FINISH_KEY: &str = "UPDATE idempotency_keys SET answer = $3 WHERE place = $1 AND owner = $2";

pub(super) const RELEASE_KEY: &str =
    "DELETE FROM idempotency_keys WHERE place = $1 AND owner = $2 AND answer IS NULL";
