-- Blocks and allow-lists: whom no SMS is sent to, and who is let through in spite of it. Every process holds all of
-- them in memory and looks again every two seconds, so that there are few of them and no index for asking.

CREATE TABLE blocks (
    id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    -- Whose entry it is; `*`, which no application is called, for one that holds for all.
    application TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    action      TEXT NOT NULL CHECK (action IN ('deny', 'allow')),
    -- Whom it is about: exactly one of these. A phone is sealed; the first digits of numbers are no phone.
    phone       BLOB CHECK (length(phone) = 24),
    prefix      INTEGER CHECK (prefix BETWEEN 1000 AND 999999999999),
    account_id  BLOB CHECK (length(account_id) = 16),
    reason      TEXT CHECK (length(reason) BETWEEN 1 AND 100),
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER,
    CHECK ((phone IS NOT NULL) + (prefix IS NOT NULL) + (account_id IS NOT NULL) = 1),
    FOREIGN KEY (application, account_id) REFERENCES accounts (application, id)
) STRICT, WITHOUT ROWID;

-- For listing, youngest first.
CREATE INDEX blocks_by_application ON blocks (application, id);
-- For sweeping.
CREATE INDEX blocks_by_end ON blocks (expires_at) WHERE expires_at IS NOT NULL;

-- A decision about an application is told: which entry it was, and the first digits of the numbers that it is about.
ALTER TABLE events ADD COLUMN block_id BLOB CHECK (length(block_id) = 16);
ALTER TABLE events ADD COLUMN prefix INTEGER CHECK (prefix BETWEEN 1000 AND 999999999999);
