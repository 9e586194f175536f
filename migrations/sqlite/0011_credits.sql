-- What is left at each gateway, as it last said.
CREATE TABLE gateway_credits (
    gateway     TEXT PRIMARY KEY CHECK (length(gateway) BETWEEN 1 AND 40),
    thousandths INTEGER NOT NULL CHECK (thousandths >= 0),
    at          INTEGER NOT NULL,
    -- Since when it is less than the operator wants to have there; nothing while it is not.
    low_since   INTEGER CHECK (low_since <= at)
) STRICT, WITHOUT ROWID;

-- That it has become low is told: of which gateway, and what was left.
ALTER TABLE events ADD COLUMN gateway TEXT CHECK (length(gateway) BETWEEN 1 AND 40);
ALTER TABLE events ADD COLUMN thousandths INTEGER CHECK (thousandths >= 0);
