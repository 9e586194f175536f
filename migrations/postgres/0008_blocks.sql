-- Blocks and allow-lists: whom no SMS is sent to, and who is let through in spite of it. Every replica holds all of
-- them in memory and looks again every two seconds, so that there are few of them and no index for asking.

CREATE TABLE blocks (
    id          uuid PRIMARY KEY,
    -- Whose entry it is; `*`, which no application is called, for one that holds for all.
    application text COLLATE "C" NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    action      text COLLATE "C" NOT NULL CHECK (action IN ('deny', 'allow')),
    -- Whom it is about: exactly one of these. A phone is sealed; the first digits of numbers are no phone.
    phone       bytea CHECK (length(phone) = 24),
    prefix      bigint CHECK (prefix BETWEEN 1000 AND 999999999999),
    account_id  uuid,
    reason      text COLLATE "C" CHECK (length(reason) BETWEEN 1 AND 100),
    created_at  timestamptz(3) NOT NULL CHECK (isfinite(created_at)),
    expires_at  timestamptz(3) CHECK (isfinite(expires_at)),
    CHECK (num_nonnulls(phone, prefix, account_id) = 1),
    FOREIGN KEY (application, account_id) REFERENCES accounts (application, id)
);

-- For listing, youngest first.
CREATE INDEX blocks_by_application ON blocks (application, id);
-- For sweeping.
CREATE INDEX blocks_by_end ON blocks (expires_at) WHERE expires_at IS NOT NULL;

-- A decision about an application is told: which entry it was, and the first digits of the numbers that it is about. What
-- a prefix may be is said in 0012: a CHECK in here would read all of the table, while everybody waits.
ALTER TABLE events ADD COLUMN block_id uuid, ADD COLUMN prefix bigint;
