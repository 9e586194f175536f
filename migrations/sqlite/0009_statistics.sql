-- Statistics: what happened, added up by day (UTC). Nobody is told apart: no phone, no account.

CREATE TABLE statistics (
    -- Counted from 1970-01-01.
    day         INTEGER NOT NULL,
    application TEXT NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    -- Empty where it is not known.
    operator    TEXT NOT NULL CHECK (length(operator) <= 20),
    purpose     TEXT NOT NULL CHECK (length(purpose) <= 20),
    gateway     TEXT NOT NULL CHECK (length(gateway) <= 60),
    -- What is counted: `starts`, `refused:rate-limited`, `took:17` (the bucket of a time) and so on.
    measure     TEXT NOT NULL CHECK (length(measure) BETWEEN 1 AND 60),
    amount      INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (day, application, operator, purpose, gateway, measure)
) STRICT, WITHOUT ROWID;

-- The processes that add, and the number of the last batch of each, so that one that is handed over again counts once.
CREATE TABLE statistic_writers (
    id    BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    batch INTEGER NOT NULL,
    -- The youngest day that it has added to.
    day   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- For sweeping.
CREATE INDEX statistic_writers_by_day ON statistic_writers (day);
