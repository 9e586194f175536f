-- Verifications, the ledger of wrong checks, accounts and credentials. The counters of the limits are in Redis.
--
-- A phone is stored sealed (AES-SIV under a key that is not in here): equal phones have equal seals, so that they can
-- be looked up and kept unique, and nobody reads a number out of this database. No code and no secret is in here
-- either.
--
-- Instants have whole milliseconds, whoever writes them. Texts are compared byte by byte (COLLATE "C"), whatever the
-- database's own collation: neither another locale nor a new release of its library changes what is equal, and
-- no index has to be built anew because of one.

-- Names of accounts are of any script.
DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'the database must have the encoding UTF8, not %', current_setting('server_encoding');
    END IF;
END
$$;

-- What belongs to the database itself, such as the seal that tells whether the phone key is the right one.
CREATE TABLE settings (
    name  text COLLATE "C" PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 40),
    value bytea NOT NULL
);

CREATE TABLE accounts (
    -- Never the nil UUID, which stands for no account in the indexes of verifications.
    id                uuid PRIMARY KEY CHECK (id <> '00000000-0000-0000-0000-000000000000'),
    application       text COLLATE "C" NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    username          text COLLATE "C" NOT NULL CHECK (length(username) BETWEEN 1 AND 150),
    phone             bytea CHECK (length(phone) = 24),
    phone_verified_at timestamptz(3) CHECK (isfinite(phone_verified_at)),
    created_at        timestamptz(3) NOT NULL CHECK (isfinite(created_at)),
    CHECK ((phone IS NULL) = (phone_verified_at IS NULL))
);

-- A username is compared byte by byte: `ram` and `Ram` are two accounts.
CREATE UNIQUE INDEX accounts_by_username ON accounts (application, username);
-- For listing, youngest first; and what the foreign keys below point to, so that nothing refers to an account of
-- another application.
CREATE UNIQUE INDEX accounts_by_age ON accounts (application, id);
-- One verified account of an application has a given phone.
CREATE UNIQUE INDEX accounts_by_phone ON accounts (application, phone) WHERE phone IS NOT NULL;

CREATE TABLE verifications (
    id              uuid PRIMARY KEY,
    -- In the order of insertion, which tells which of two of the same millisecond is the younger.
    seq             bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    version         integer NOT NULL CHECK (version >= 0),
    application     text COLLATE "C" NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    account_id      uuid,
    phone           bytea NOT NULL CHECK (length(phone) = 24),
    purpose         text COLLATE "C" NOT NULL CHECK (purpose IN ('contact', 'login', 'recovery', 'transaction')),
    state           text COLLATE "C" NOT NULL
                    CHECK (state IN ('pending', 'approved', 'expired', 'canceled', 'locked')),
    final_at        timestamptz(3) CHECK (isfinite(final_at)),
    -- The code in force, which is derived from these and never stored.
    nonce           bytea NOT NULL CHECK (length(nonce) = 16),
    pepper          bytea NOT NULL CHECK (length(pepper) = 8),
    code_length     smallint NOT NULL CHECK (code_length BETWEEN 6 AND 10),
    expires_at      timestamptz(3) NOT NULL CHECK (isfinite(expires_at)),
    locale          text COLLATE "C" NOT NULL CHECK (length(locale) BETWEEN 2 AND 8),
    app_hash        text COLLATE "C" CHECK (length(app_hash) = 11),
    origin          text COLLATE "C" CHECK (length(origin) BETWEEN 9 AND 72),
    delivery_number integer NOT NULL CHECK (delivery_number >= 0),
    delivery_state  text COLLATE "C" NOT NULL CHECK (delivery_state IN ('sending', 'sent', 'unknown', 'failed')),
    delivery_at     timestamptz(3) NOT NULL CHECK (isfinite(delivery_at)),
    created_at      timestamptz(3) NOT NULL CHECK (isfinite(created_at)),
    sent_at         timestamptz(3) NOT NULL CHECK (isfinite(sent_at)),
    resend_at       timestamptz(3) NOT NULL CHECK (isfinite(resend_at)),
    sends_used      integer NOT NULL CHECK (sends_used >= 0),
    checks_used     integer NOT NULL CHECK (checks_used >= 0),
    -- The budget that it began with.
    lifetime_ms     bigint NOT NULL CHECK (lifetime_ms >= 0),
    renew_below_ms  bigint NOT NULL CHECK (renew_below_ms >= 0),
    checks_max      integer NOT NULL CHECK (checks_max >= 0),
    -- Waits in milliseconds, with commas between.
    cooldowns_ms    text COLLATE "C" NOT NULL CHECK (length(cooldowns_ms) <= 200 AND cooldowns_ms !~ '[^0-9,]'),
    CHECK ((state = 'pending') = (final_at IS NULL)),
    -- An approved one meets one more: the check that approved it does not count against those that follow.
    CHECK (checks_used - 1 <= checks_max),
    FOREIGN KEY (application, account_id) REFERENCES accounts (application, id)
)
-- Most changes touch no index; room in its page lets a row change without a new entry in each (a heap-only tuple).
WITH (fillfactor = 80);

-- At most one verification of a subject is live. No two NULLs are equal, hence the nil UUID.
CREATE UNIQUE INDEX verifications_live ON verifications
    (phone, application, purpose, (coalesce(account_id, '00000000-0000-0000-0000-000000000000')))
    WHERE state = 'pending';
-- The one that stands for a subject is the last: the pending one, or else the youngest.
CREATE INDEX verifications_by_subject ON verifications
    (phone, application, purpose, (coalesce(account_id, '00000000-0000-0000-0000-000000000000')),
     (state = 'pending'), created_at, seq);
-- For listing, youngest first.
CREATE INDEX verifications_by_application ON verifications (application, id);
CREATE INDEX verifications_by_state ON verifications (application, state, id);
CREATE INDEX verifications_by_account ON verifications (account_id, id) WHERE account_id IS NOT NULL;
-- For retention, which counts from when on one is final or its life is over.
CREATE INDEX verifications_by_end ON verifications ((coalesce(final_at, expires_at)));

-- The ledger of the guess budget: the wrong checks of a phone on a day (UTC), over all applications.
CREATE TABLE wrong_checks (
    phone       bytea NOT NULL CHECK (length(phone) = 24),
    day         date NOT NULL CHECK (isfinite(day)),
    short_codes integer NOT NULL CHECK (short_codes >= 0),
    long_codes  integer NOT NULL CHECK (long_codes >= 0),
    PRIMARY KEY (phone, day)
)
WITH (fillfactor = 80);

-- For retention.
CREATE INDEX wrong_checks_by_day ON wrong_checks (day);

-- Keys of applications and user tokens of accounts. Of a secret only its hash is here.
CREATE TABLE credentials (
    id          uuid PRIMARY KEY,
    application text COLLATE "C" NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    -- A user token, or a key with this scope.
    kind        text COLLATE "C" NOT NULL CHECK (kind IN ('user-token', 'verify', 'admin')),
    account_id  uuid,
    secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
    created_at  timestamptz(3) NOT NULL CHECK (isfinite(created_at)),
    expires_at  timestamptz(3) CHECK (isfinite(expires_at)),
    revoked_at  timestamptz(3) CHECK (isfinite(revoked_at)),
    CHECK ((kind = 'user-token') = (account_id IS NOT NULL)),
    FOREIGN KEY (application, account_id) REFERENCES accounts (application, id)
);

CREATE UNIQUE INDEX credentials_by_secret ON credentials (secret_hash);
-- For listing, youngest first.
CREATE INDEX credentials_keys ON credentials (application, id) WHERE account_id IS NULL;
CREATE INDEX credentials_tokens ON credentials (application, id) WHERE account_id IS NOT NULL;
CREATE INDEX credentials_by_account ON credentials (account_id, id) WHERE account_id IS NOT NULL;

-- The functions below are what one statement cannot do. All parts of a statement see the database as it was when the
-- statement began, also behind a wait for a lock, and what they need is what is true behind the wait. Each query in a
-- volatile function looks anew. They are called in the middle of a statement, so that a change that depends on their
-- answers is still one round trip and one transaction.

-- The lock of a phone: whoever counts a comparison of it, or binds it, does so alone until the end of the transaction.
-- Its key is the first half of the seal's tag.
CREATE FUNCTION lock_of_phone(of_phone bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE
AS $$
    SELECT ('x' || encode(substring(of_phone FOR 8), 'hex'))::bit(64)::bigint
$$;

-- The wrong checks of a phone on a day. They stay as they are until the end of the transaction.
CREATE FUNCTION wrong_checks_locked(of_phone bytea, on_day date, OUT short_codes integer, OUT long_codes integer)
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(lock_of_phone(of_phone));
    SELECT w.short_codes, w.long_codes INTO short_codes, long_codes
    FROM wrong_checks w WHERE w.phone = of_phone AND w.day = on_day;
    short_codes := coalesce(short_codes, 0);
    long_codes := coalesce(long_codes, 0);
END
$$;

-- Binds a phone to an account of an application. The outcome is `bound`; `taken` when another account holds the phone
-- and may not lose it; `no account` when the application has no such account. Only where it is `bound`, something has
-- changed, and the loser is the account that held the phone before.
CREATE FUNCTION bind_phone(
    to_account uuid, in_application text, of_phone bytea, verified_at timestamptz, transfer boolean,
    OUT outcome text, OUT loser uuid)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    holder uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_of_phone(of_phone));
    SELECT a.id INTO holder FROM accounts a
    WHERE a.application = in_application AND a.phone = of_phone AND a.id <> to_account;
    IF holder IS NOT NULL AND NOT transfer THEN
        outcome := 'taken';
        RETURN;
    END IF;
    -- Both in one order, so that of two transfers between two accounts neither waits for the other.
    PERFORM 1 FROM accounts a WHERE a.id IN (holder, to_account) ORDER BY a.id FOR NO KEY UPDATE;
    PERFORM 1 FROM accounts a WHERE a.id = to_account AND a.application = in_application;
    IF NOT FOUND THEN
        outcome := 'no account';
        RETURN;
    END IF;
    UPDATE accounts a SET phone = NULL, phone_verified_at = NULL
    WHERE a.id = holder AND a.phone = of_phone RETURNING a.id INTO loser;
    UPDATE accounts a SET phone = of_phone, phone_verified_at = verified_at WHERE a.id = to_account;
    outcome := 'bound';
END
$$;
