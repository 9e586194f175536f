-- Answers to calls that have an idempotency key. Neither a key nor a body is in here: place and fingerprint are keyed
-- hashes. An answer is sealed (AES-SIV under a key that is not in here), because it may hold a proof or a secret.
CREATE TABLE idempotency_keys (
    place       bytea PRIMARY KEY CHECK (length(place) = 32),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    -- Who works on the call, or has made it.
    owner       bytea NOT NULL CHECK (length(owner) = 16),
    lease_until timestamptz(3) NOT NULL CHECK (isfinite(lease_until)),
    expires_at  timestamptz(3) NOT NULL CHECK (isfinite(expires_at)),
    answer      bytea CHECK (length(answer) BETWEEN 1 AND 32768)
)
-- Room in its page lets a row get its answer without a new entry in each index (a heap-only tuple).
WITH (fillfactor = 60);

-- For retention.
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (expires_at);
