-- Events, and what is told of them to webhooks.
--
-- An event is stored in the transaction of the change that it tells of. The ends of verifications are told by a trigger:
-- no statement can forget it, none costs a round trip more, and replicas of the release before this one tell them as well.

-- An id that begins with the instant (UUIDv7, RFC 9562 5.7): ids sort by age, and retention needs no other index.
CREATE FUNCTION uuid_at(at timestamptz) RETURNS uuid
LANGUAGE sql VOLATILE
AS $$
    -- The server makes a version 4; two more bits make it a 7.
    SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING
        substring(int8send(greatest((extract(epoch FROM at) * 1000)::bigint, 0)) FROM 3) FROM 1 FOR 6),
        52, 1), 53, 1), 'hex')::uuid
$$;

CREATE TABLE events (
    -- In the order in which things happened, as far as anybody can tell: those about one verification are in order.
    place           bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- Begins with `at`.
    id              uuid PRIMARY KEY,
    application     text COLLATE "C" NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    kind            text COLLATE "C" NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    at              timestamptz(3) NOT NULL CHECK (isfinite(at)),
    -- An event outlives its verification. Its account is one of `accounts`, from which nothing is deleted; no foreign
    -- key says so, because it would cost each approval another look-up and a lock.
    verification_id uuid,
    purpose         text COLLATE "C" CHECK (purpose IN ('contact', 'login', 'recovery', 'transaction')),
    account_id      uuid,
    phone           bytea CHECK (length(phone) = 24),
    reason          text COLLATE "C" CHECK (length(reason) BETWEEN 1 AND 40)
);

-- For listing, youngest first.
CREATE INDEX events_by_application ON events (application, place);
CREATE INDEX events_by_account ON events (account_id, place) WHERE account_id IS NOT NULL;
CREATE INDEX events_by_verification ON events (verification_id, place) WHERE verification_id IS NOT NULL;

-- The events that were not handed out to webhooks yet: rows come and go, while those of `events` never change.
CREATE TABLE event_outbox (
    place    bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    event_id uuid NOT NULL
);

-- The delivery of one event to one webhook.
CREATE TABLE webhook_deliveries (
    id              uuid PRIMARY KEY,
    event_id        uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    -- These two are those of the event.
    application     text COLLATE "C" NOT NULL CHECK (length(application) BETWEEN 1 AND 40),
    verification_id uuid,
    webhook         text COLLATE "C" NOT NULL CHECK (length(webhook) BETWEEN 1 AND 40),
    status          text COLLATE "C" NOT NULL CHECK (status IN ('pending', 'delivered', 'given-up')),
    attempts        integer NOT NULL CHECK (attempts >= 0),
    created_at      timestamptz(3) NOT NULL CHECK (isfinite(created_at)),
    -- When it is tried next. Whoever tries it puts this off until others may.
    next_at         timestamptz(3) CHECK (isfinite(next_at)),
    CHECK ((status = 'pending') = (next_at IS NOT NULL))
);

-- For listing, youngest first.
CREATE INDEX webhook_deliveries_by_application ON webhook_deliveries (application, id);
CREATE INDEX webhook_deliveries_given_up ON webhook_deliveries (application, id) WHERE status = 'given-up';
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (application, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event_id, id);
-- For whoever delivers, and for the order of the events about one verification.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook, next_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (verification_id, webhook)
    WHERE status = 'pending' AND verification_id IS NOT NULL;

-- What came of each attempt.
CREATE TABLE webhook_attempts (
    delivery_id uuid NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    -- The first is 1.
    number      integer NOT NULL CHECK (number >= 1),
    at          timestamptz(3) NOT NULL CHECK (isfinite(at)),
    took_ms     bigint NOT NULL CHECK (took_ms >= 0),
    outcome     text COLLATE "C" NOT NULL CHECK (outcome IN ('taken', 'refused', 'failed')),
    http_status integer CHECK (http_status BETWEEN 100 AND 999),
    fault       text COLLATE "C" CHECK (length(fault) BETWEEN 1 AND 40),
    PRIMARY KEY (delivery_id, number),
    CHECK ((outcome = 'failed') = (fault IS NOT NULL)),
    CHECK ((outcome = 'failed') = (http_status IS NULL))
);

-- Stores an event, to be handed out.
CREATE FUNCTION add_event(
    in_application text, of_kind text, happened_at timestamptz, about_verification uuid, for_purpose text,
    about_account uuid, about_phone bytea, because text)
RETURNS uuid
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    new_id uuid := uuid_at(happened_at);
BEGIN
    INSERT INTO events (id, application, kind, at, verification_id, purpose, account_id, phone, reason)
    VALUES (new_id, in_application, of_kind, happened_at, about_verification, for_purpose, about_account, about_phone,
        because);
    INSERT INTO event_outbox (event_id) VALUES (new_id);
    RETURN new_id;
END
$$;

CREATE FUNCTION tell_end_of_verification() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM add_event(NEW.application, 'verification.' || NEW.state, NEW.final_at, NEW.id, NEW.purpose, NEW.account_id,
        NEW.phone, NULL);
    RETURN NULL;
END
$$;

-- What is pending has no `final_at`. An import inserts, and tells nothing anew.
CREATE TRIGGER verifications_tell_end AFTER UPDATE ON verifications
    FOR EACH ROW WHEN (OLD.final_at IS NULL AND NEW.final_at IS NOT NULL)
    EXECUTE FUNCTION tell_end_of_verification();

-- As the other `bind_phone`, which replicas of the release before this one go on calling; and where an account loses the
-- phone, that is told, as an event about the verification. It comes before that of the approval, which the trigger
-- stores at the end of the statement: whoever keeps one holder of a phone takes it away before giving it.
CREATE FUNCTION bind_phone(
    to_account uuid, in_application text, of_phone bytea, verified_at timestamptz, transfer boolean,
    by_verification uuid, for_purpose text, OUT outcome text, OUT loser uuid)
LANGUAGE plpgsql VOLATILE
AS $$
DECLARE
    holder uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_of_phone(of_phone));
    SELECT a.id INTO holder FROM accounts a
    WHERE a.application = in_application AND a.phone = of_phone AND a.id <> to_account;
    IF holder IS NOT NULL AND NOT transfer THEN
        outcome := 'taken';
        RETURN;
    END IF;
    -- Both in one order, so that of two transfers between two accounts neither waits for the other.
    PERFORM 1 FROM accounts a WHERE a.id IN (holder, to_account) ORDER BY a.id FOR NO KEY UPDATE;
    PERFORM 1 FROM accounts a WHERE a.id = to_account AND a.application = in_application;
    IF NOT FOUND THEN
        outcome := 'no account';
        RETURN;
    END IF;
    UPDATE accounts a SET phone = NULL, phone_verified_at = NULL
    WHERE a.id = holder AND a.phone = of_phone RETURNING a.id INTO loser;
    IF loser IS NOT NULL THEN
        PERFORM add_event(in_application, 'phone.transferred', verified_at, by_verification, for_purpose, loser, of_phone,
            NULL);
    END IF;
    UPDATE accounts a SET phone = of_phone, phone_verified_at = verified_at WHERE a.id = to_account;
    outcome := 'bound';
END
$$;

-- What is pending is settled when its life is over; retention counts from when one is final. A row is in one of the two.
CREATE INDEX verifications_by_expiry ON verifications (expires_at) WHERE state = 'pending';
CREATE INDEX verifications_by_final ON verifications (final_at) WHERE final_at IS NOT NULL;
DROP INDEX verifications_by_end;
