-- Applications that send to no new numbers for a while, because too many were invalid: the last pause of each.
CREATE TABLE pauses (
    application TEXT PRIMARY KEY CHECK (length(application) BETWEEN 1 AND 40),
    -- Why, as a slug.
    reason      TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 40),
    since       INTEGER NOT NULL,
    -- At this instant it is over: by itself, or because an operator ended it.
    ends_at     INTEGER NOT NULL CHECK (ends_at >= since),
    -- What led there: refused numbers in a row, and of so many that were counted.
    in_a_row    INTEGER NOT NULL CHECK (in_a_row BETWEEN 0 AND 4294967295),
    refused     INTEGER NOT NULL CHECK (refused BETWEEN 0 AND 4294967295),
    counted     INTEGER NOT NULL CHECK (counted BETWEEN 0 AND 4294967295)
) STRICT, WITHOUT ROWID;
