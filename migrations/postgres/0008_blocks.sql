-- Blocks and allow-lists: whom no SMS is sent to, and who is let through in spite of it. Every replica holds all of
-- them in memory and looks again every two seconds, so that there are few of them and no index for asking.

-- This migration and those behind it, up to 0012, change tables that replicas of the release before go on writing to. All
-- of it is one transaction, so that whatever lock one of them took would be held while the next waited for another. Hence
-- all of them now, before anything is held, in the order in which the statements of both releases take theirs:
--
-- * what keeps a delivery, and what lists deliveries: deliveries, then verifications;
-- * what begins, checks, approves, cancels or expires one: verifications, then accounts, then (by trigger) events;
-- * what changes the phone of an account: accounts, then events.
--
-- Of accounts a new table refers to them, and that keeps out only who writes. Whoever reads an account behind an event, or
-- refers to one behind the end of another verification, takes accounts last; this mode lets them.
--
-- Sweeping goes the other way (verifications, then their deliveries), and a backup goes by an order of its own. Where one
-- of them meets this, this gives way, and is tried again.
LOCK TABLE deliveries, verifications IN ACCESS EXCLUSIVE MODE;
LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE events IN ACCESS EXCLUSIVE MODE;

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
