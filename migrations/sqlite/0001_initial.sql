-- Verifications, the ledger of wrong checks, accounts, credentials and counters.
--
-- Instants are milliseconds since 1970-01-01 UTC, days are days since then, ids are the 16 bytes of a UUID. A phone is
-- stored sealed (AES-SIV under a key that is not in here): equal phones have equal seals, so that they can be looked
-- up and kept unique, and nobody reads a number out of this file. No code and no secret is in here either.

-- What belongs to the database itself, such as the seal that tells whether the phone key is the right one.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 40),
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
    id                BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    application       TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    username          TEXT NOT NULL CHECK (length(username) BETWEEN 1 AND 150),
    phone             BLOB CHECK (length(phone) = 24),
    phone_verified_at INTEGER,
    created_at        INTEGER NOT NULL,
    CHECK ((phone IS NULL) = (phone_verified_at IS NULL))
) STRICT, WITHOUT ROWID;

-- A username is compared byte by byte: `ram` and `Ram` are two accounts.
CREATE UNIQUE INDEX accounts_by_username ON accounts (application, username);
-- For listing, youngest first; and what the foreign keys below point to, so that nothing refers to an account of
-- another application.
CREATE UNIQUE INDEX accounts_by_age ON accounts (application, id);
-- One verified account of an application has a given phone.
CREATE UNIQUE INDEX accounts_by_phone ON accounts (application, phone) WHERE phone IS NOT NULL;

CREATE TABLE verifications (
    -- In the order of insertion, which tells which of two of the same millisecond is the younger.
    seq             INTEGER NOT NULL PRIMARY KEY,
    id              BLOB NOT NULL CHECK (length(id) = 16),
    version         INTEGER NOT NULL CHECK (version BETWEEN 0 AND 4294967295),
    application     TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    account_id      BLOB CHECK (length(account_id) = 16),
    phone           BLOB NOT NULL CHECK (length(phone) = 24),
    purpose         TEXT NOT NULL CHECK (purpose IN ('contact', 'login', 'recovery', 'transaction')),
    state           TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'expired', 'canceled', 'locked')),
    final_at        INTEGER,
    -- The code in force, which is derived from these and never stored.
    nonce           BLOB NOT NULL CHECK (length(nonce) = 16),
    pepper          BLOB NOT NULL CHECK (length(pepper) = 8),
    code_length     INTEGER NOT NULL CHECK (code_length BETWEEN 6 AND 10),
    expires_at      INTEGER NOT NULL,
    locale          TEXT NOT NULL CHECK (length(locale) BETWEEN 2 AND 8),
    app_hash        TEXT CHECK (length(app_hash) = 11),
    origin          TEXT CHECK (length(origin) BETWEEN 9 AND 72),
    delivery_number INTEGER NOT NULL CHECK (delivery_number BETWEEN 0 AND 4294967295),
    delivery_state  TEXT NOT NULL CHECK (delivery_state IN ('sending', 'sent', 'unknown', 'failed')),
    delivery_at     INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    sent_at         INTEGER NOT NULL,
    resend_at       INTEGER NOT NULL,
    sends_used      INTEGER NOT NULL CHECK (sends_used BETWEEN 0 AND 4294967295),
    checks_used     INTEGER NOT NULL CHECK (checks_used BETWEEN 0 AND 4294967295),
    -- The budget that it began with.
    lifetime_ms     INTEGER NOT NULL CHECK (lifetime_ms >= 0),
    renew_below_ms  INTEGER NOT NULL CHECK (renew_below_ms >= 0),
    checks_max      INTEGER NOT NULL CHECK (checks_max BETWEEN 0 AND 4294967295),
    -- Waits in milliseconds, with commas between.
    cooldowns_ms    TEXT NOT NULL CHECK (length(cooldowns_ms) <= 200 AND cooldowns_ms NOT GLOB '*[^0-9,]*'),
    -- From when on retention counts.
    ended_at        INTEGER NOT NULL GENERATED ALWAYS AS (ifnull(final_at, expires_at)) VIRTUAL,
    CHECK ((state = 'pending') = (final_at IS NULL)),
    -- An approved one meets one more: the check that approved it does not count against those that follow.
    CHECK (checks_used <= checks_max + 1),
    FOREIGN KEY (application, account_id) REFERENCES accounts (application, id)
) STRICT;

CREATE UNIQUE INDEX verifications_by_id ON verifications (id);
-- At most one verification of a subject is live. SQLite takes no two NULLs for equal, hence the empty blob.
CREATE UNIQUE INDEX verifications_live ON verifications (phone, application, purpose, ifnull(account_id, x''))
    WHERE state = 'pending';
CREATE INDEX verifications_by_subject ON verifications (phone, application, purpose, ifnull(account_id, x''), created_at);
-- For listing, youngest first.
CREATE INDEX verifications_by_application ON verifications (application, id);
CREATE INDEX verifications_by_state ON verifications (application, state, id);
CREATE INDEX verifications_by_account ON verifications (account_id, id) WHERE account_id IS NOT NULL;
-- For retention.
CREATE INDEX verifications_by_end ON verifications (ended_at);

-- The ledger of the guess budget: the wrong checks of a phone on a day (UTC), over all applications.
CREATE TABLE wrong_checks (
    phone       BLOB NOT NULL CHECK (length(phone) = 24),
    day         INTEGER NOT NULL,
    short_codes INTEGER NOT NULL CHECK (short_codes BETWEEN 0 AND 4294967295),
    long_codes  INTEGER NOT NULL CHECK (long_codes BETWEEN 0 AND 4294967295),
    PRIMARY KEY (phone, day)
) STRICT, WITHOUT ROWID;

-- For retention.
CREATE INDEX wrong_checks_by_day ON wrong_checks (day);

-- Keys of applications and user tokens of accounts. Of a secret only its hash is here.
CREATE TABLE credentials (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    application TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    -- A user token, or a key with this scope.
    kind        TEXT NOT NULL CHECK (kind IN ('user-token', 'verify', 'admin')),
    account_id  BLOB CHECK (length(account_id) = 16),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    revoked_at  INTEGER,
    CHECK ((kind = 'user-token') = (account_id IS NOT NULL)),
    FOREIGN KEY (application, account_id) REFERENCES accounts (application, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX credentials_by_secret ON credentials (secret_hash);
-- For listing, youngest first.
CREATE INDEX credentials_keys ON credentials (application, id) WHERE account_id IS NULL;
CREATE INDEX credentials_tokens ON credentials (application, id) WHERE account_id IS NOT NULL;
CREATE INDEX credentials_by_account ON credentials (account_id, id) WHERE account_id IS NOT NULL;

-- What the counters of the limits hold: sliding windows, exact. A member counts until `ends_at`.
CREATE TABLE counter_members (
    counter  TEXT NOT NULL CHECK (length(counter) BETWEEN 1 AND 400),
    member   BLOB NOT NULL CHECK (length(member) = 16),
    taken_at INTEGER NOT NULL,
    ends_at  INTEGER NOT NULL,
    -- How often it was taken since it began to count.
    times    INTEGER NOT NULL CHECK (times >= 1),
    PRIMARY KEY (counter, member),
    CHECK (taken_at <= ends_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX counter_members_by_counter ON counter_members (counter, ends_at);
CREATE INDEX counter_members_by_end ON counter_members (ends_at);

-- Each new member clears some away that count no more, of whichever counter: they go faster than they come, and no
-- take has much to clear.
CREATE TRIGGER counter_members_clear AFTER INSERT ON counter_members
BEGIN
    DELETE FROM counter_members WHERE (counter, member) IN
        (SELECT counter, member FROM counter_members WHERE ends_at <= NEW.taken_at ORDER BY ends_at LIMIT 25);
END;
