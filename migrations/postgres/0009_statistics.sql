-- Statistics: what happened, added up by day (UTC). Nobody is told apart: no phone, no account.

CREATE TABLE statistics (
    -- Counted from 1970-01-01.
    day         integer NOT NULL,
    application text COLLATE "C" NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    -- Empty where it is not known.
    operator    text COLLATE "C" NOT NULL CHECK (length(operator) <= 20),
    purpose     text COLLATE "C" NOT NULL CHECK (length(purpose) <= 20),
    gateway     text COLLATE "C" NOT NULL CHECK (length(gateway) <= 60),
    -- What is counted: `starts`, `refused:rate-limited`, `took:17` (the bucket of a time) and so on.
    measure     text COLLATE "C" NOT NULL CHECK (length(measure) BETWEEN 1 AND 60),
    amount      bigint NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (day, application, operator, purpose, gateway, measure)
)
-- The rows of today change every few seconds, and with room beside them that touches no index.
WITH (fillfactor = 70);

-- The processes that add, and the number of the last batch of each, so that one that is handed over again counts once.
CREATE TABLE statistic_writers (
    id    uuid PRIMARY KEY,
    batch bigint NOT NULL,
    -- The youngest day that it has added to.
    day   integer NOT NULL
)
WITH (fillfactor = 70);

-- For sweeping.
CREATE INDEX statistic_writers_by_day ON statistic_writers (day);
