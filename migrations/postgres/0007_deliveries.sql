-- What became of each attempt to hand an SMS to a gateway: beside its verification, and swept with it. The SMS's text
-- is nowhere.
CREATE TABLE deliveries (
    id                  uuid PRIMARY KEY,
    verification_id     uuid NOT NULL REFERENCES verifications (id) ON DELETE CASCADE,
    application         text COLLATE "C" NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    -- Which send of the verification it was.
    number              integer NOT NULL CHECK (number >= 0),
    gateway             text COLLATE "C" NOT NULL CHECK (length(gateway) BETWEEN 1 AND 40),
    answer              text COLLATE "C" NOT NULL
        CHECK (answer IN ('accepted', 'receiver-refused', 'refused', 'not-sent', 'unknown')),
    answered_at         timestamptz(3) NOT NULL CHECK (isfinite(answered_at)),
    took_ms             bigint NOT NULL CHECK (took_ms >= 0),
    segments            integer NOT NULL CHECK (segments >= 0),
    -- What the gateway tells: its number of the SMS, and its price in thousandths of a credit.
    message_id          text COLLATE "C" CHECK (length(message_id) BETWEEN 1 AND 100),
    credits_thousandths bigint CHECK (credits_thousandths BETWEEN 0 AND 4294967295)
);

CREATE INDEX deliveries_by_verification ON deliveries (verification_id, id);
-- For listing, youngest first.
CREATE INDEX deliveries_by_application ON deliveries (application, id);
