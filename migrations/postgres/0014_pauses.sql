-- Applications that send to no new numbers for a while, because too many were invalid: the last pause of each.
CREATE TABLE pauses (
    application text COLLATE "C" PRIMARY KEY CHECK (length(application) BETWEEN 1 AND 40),
    -- Why, as a slug.
    reason      text COLLATE "C" NOT NULL CHECK (length(reason) BETWEEN 1 AND 40),
    since       timestamptz(3) NOT NULL CHECK (isfinite(since)),
    -- At this instant it is over: by itself, or because an operator ended it.
    ends_at     timestamptz(3) NOT NULL CHECK (isfinite(ends_at) AND ends_at >= since),
    -- What led there: refused numbers in a row, and of so many that were counted.
    in_a_row    bigint NOT NULL CHECK (in_a_row BETWEEN 0 AND 4294967295),
    refused     bigint NOT NULL CHECK (refused BETWEEN 0 AND 4294967295),
    counted     bigint NOT NULL CHECK (counted BETWEEN 0 AND 4294967295)
);
