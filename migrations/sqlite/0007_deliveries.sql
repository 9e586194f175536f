-- What became of each attempt to hand an SMS to a gateway: beside its verification, and swept with it. The SMS's text
-- is nowhere.
CREATE TABLE deliveries (
    id                  BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    verification_id     BLOB NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    application         TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    -- Which send of the verification it was.
    number              INTEGER NOT NULL CHECK (number BETWEEN 0 AND 4294967295),
    gateway             TEXT NOT NULL CHECK (length(gateway) BETWEEN 1 AND 40),
    answer              TEXT NOT NULL
        CHECK (answer IN ('accepted', 'receiver-refused', 'refused', 'not-sent', 'unknown')),
    answered_at         INTEGER NOT NULL,
    took_ms             INTEGER NOT NULL CHECK (took_ms >= 0),
    segments            INTEGER NOT NULL CHECK (segments >= 0),
    -- What the gateway tells: its number of the SMS, and its price in thousandths of a credit.
    message_id          TEXT CHECK (length(message_id) BETWEEN 1 AND 100),
    credits_thousandths INTEGER CHECK (credits_thousandths BETWEEN 0 AND 4294967295)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_by_verification ON deliveries (verification_id, id);
-- For listing, youngest first.
CREATE INDEX deliveries_by_application ON deliveries (application, id);
