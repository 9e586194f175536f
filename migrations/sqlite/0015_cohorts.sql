-- What became of SMS: how many were sent, how many of those were verified and how long that took, added up by five minutes
-- in which they were SENT, for two days. Nobody is told apart: no phone, no account.

CREATE TABLE delivery_cohorts (
    -- Five minutes, counted from 1970-01-01T00:00Z.
    slot        INTEGER NOT NULL,
    application TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    -- Empty for other countries.
    operator    TEXT NOT NULL CHECK (length(operator) <= 20),
    route       TEXT NOT NULL CHECK (length(route) BETWEEN 1 AND 40),
    -- What is counted: `sent`, `verified`, `took:17` (the bucket of a time).
    measure     TEXT NOT NULL CHECK (length(measure) BETWEEN 1 AND 60),
    amount      INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (slot, application, operator, route, measure)
) STRICT, WITHOUT ROWID;
