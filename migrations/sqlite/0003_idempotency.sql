-- Answers to calls that have an idempotency key. Neither a key nor a body is in here: place and fingerprint are keyed
-- hashes. An answer is sealed (AES-SIV under a key that is not in here), because it may hold a proof or a secret.
CREATE TABLE idempotency_keys (
    place       BLOB NOT NULL PRIMARY KEY CHECK (length(place) = 32),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    -- Who works on the call, or has made it.
    owner       BLOB NOT NULL CHECK (length(owner) = 16),
    lease_until INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    answer      BLOB CHECK (length(answer) BETWEEN 1 AND 32768)
) STRICT;

-- For retention.
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);
