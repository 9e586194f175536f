-- Events, and what is told of them to webhooks.
--
-- An event is stored in the transaction of the change that it tells of. The ends of verifications are told by a trigger:
-- no statement can forget it.

CREATE TABLE events (
    -- In the order in which things happened.
    place           INTEGER NOT NULL PRIMARY KEY,
    -- Begins with `at` (UUIDv7): ids sort by age, and retention needs no other index.
    id              BLOB NOT NULL CHECK (length(id) = 16),
    application     TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    kind            TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    at              INTEGER NOT NULL,
    -- An event outlives its verification. Its account is one of `accounts`, from which nothing is deleted.
    verification_id BLOB CHECK (length(verification_id) = 16),
    purpose         TEXT CHECK (purpose IN ('contact', 'login', 'recovery', 'transaction')),
    account_id      BLOB CHECK (length(account_id) = 16),
    phone           BLOB CHECK (length(phone) = 24),
    reason          TEXT CHECK (length(reason) BETWEEN 1 AND 40)
) STRICT;

CREATE UNIQUE INDEX events_by_id ON events (id);
-- For listing, youngest first.
CREATE INDEX events_by_application ON events (application, place);
CREATE INDEX events_by_account ON events (account_id, place) WHERE account_id IS NOT NULL;
CREATE INDEX events_by_verification ON events (verification_id, place) WHERE verification_id IS NOT NULL;

-- The events that were not handed out to webhooks yet.
CREATE TABLE event_outbox (
    place    INTEGER NOT NULL PRIMARY KEY,
    event_id BLOB NOT NULL CHECK (length(event_id) = 16)
) STRICT;

-- The delivery of one event to one webhook.
CREATE TABLE webhook_deliveries (
    id              BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    event_id        BLOB NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    -- These two are those of the event.
    application     TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    verification_id BLOB CHECK (length(verification_id) = 16),
    webhook         TEXT NOT NULL CHECK (length(webhook) BETWEEN 1 AND 40),
    status          TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'given-up')),
    attempts        INTEGER NOT NULL CHECK (attempts BETWEEN 0 AND 4294967295),
    created_at      INTEGER NOT NULL,
    -- When it is tried next. Whoever tries it puts this off until others may.
    next_at         INTEGER,
    CHECK ((status = 'pending') = (next_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- For listing, youngest first.
CREATE INDEX webhook_deliveries_by_application ON webhook_deliveries (application, id);
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (application, status, id);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_id, id);
-- For whoever delivers, and for the order of the events about one verification.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (verification_id, webhook)
    WHERE status = 'pending' AND verification_id IS NOT NULL;

-- What came of each attempt.
CREATE TABLE webhook_attempts (
    delivery_id BLOB NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    -- The first is 1.
    number      INTEGER NOT NULL CHECK (number BETWEEN 1 AND 4294967295),
    at          INTEGER NOT NULL,
    took_ms     INTEGER NOT NULL CHECK (took_ms >= 0),
    outcome     TEXT NOT NULL CHECK (outcome IN ('taken', 'refused', 'failed')),
    http_status INTEGER CHECK (http_status BETWEEN 100 AND 999),
    fault       TEXT CHECK (length(fault) BETWEEN 1 AND 40),
    PRIMARY KEY (delivery_id, number),
    CHECK ((outcome = 'failed') = (fault IS NOT NULL)),
    CHECK ((outcome = 'failed') = (http_status IS NULL))
) STRICT, WITHOUT ROWID;

-- What is pending has no `final_at`. An import inserts, and tells nothing anew.
CREATE TRIGGER verifications_tell_end AFTER UPDATE OF final_at ON verifications
WHEN OLD.final_at IS NULL AND NEW.final_at IS NOT NULL
BEGIN
    INSERT INTO events (id, application, kind, at, verification_id, purpose, account_id, phone)
    VALUES (
        unhex(printf('%012X', max(NEW.final_at, 0)) || '7' || substr(hex(randomblob(2)), 2)
            || substr('89AB', 1 + (random() & 3), 1) || substr(hex(randomblob(8)), 2)),
        NEW.application, 'verification.' || NEW.state, NEW.final_at, NEW.id, NEW.purpose, NEW.account_id, NEW.phone);
    INSERT INTO event_outbox (event_id) SELECT id FROM events WHERE place = last_insert_rowid();
END;

-- What is pending is settled when its life is over; retention counts from when one is final. A row is in one of the two.
CREATE INDEX verifications_by_expiry ON verifications (expires_at) WHERE state = 'pending';
CREATE INDEX verifications_by_final ON verifications (final_at) WHERE final_at IS NOT NULL;
DROP INDEX verifications_by_end;
