-- What is left at each gateway, as it last said.
CREATE TABLE gateway_credits (
    gateway     text COLLATE "C" PRIMARY KEY CHECK (length(gateway) BETWEEN 1 AND 40),
    thousandths bigint NOT NULL CHECK (thousandths >= 0),
    at          timestamptz(3) NOT NULL CHECK (isfinite(at)),
    -- Since when it is less than the operator wants to have there; nothing while it is not.
    low_since   timestamptz(3) CHECK (low_since <= at)
);

-- That it has become low is told: of which gateway, and what was left. Their rules are in 0012, because a CHECK here would
-- read the whole table while nobody may use it.
ALTER TABLE events ADD COLUMN gateway text COLLATE "C", ADD COLUMN thousandths bigint;
