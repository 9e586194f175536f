-- What a change costs. The rules stay what they are.
--
-- The server reads each CHECK of a table anew for every statement that writes to it, whatever the statement changes: the
-- twenty-odd of `verifications` were a third of what such a statement costs. A function is read once for each connection.
-- So where there are many rules, one CHECK asks a function for all of them.
--
-- As before, what is empty (NULL) breaks no rule but one that says so: `AND` is false only where one of its parts is.
-- NOT VALID: the rows that are there have kept these rules, and none is read. Whoever uses the tables waits for this
-- transaction, which has locked them before it began, and for no more than that.

CREATE FUNCTION is_a_verification(v verifications) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN v.version >= 0
        AND length(v.application) BETWEEN 1 AND 40
        AND length(v.phone) = 24
        AND v.purpose IN ('contact', 'login', 'recovery', 'transaction')
        AND v.state IN ('pending', 'approved', 'expired', 'canceled', 'locked')
        AND (v.state = 'pending') = (v.final_at IS NULL)
        AND isfinite(v.final_at)
        AND length(v.nonce) = 16
        AND length(v.pepper) = 8
        AND v.code_length BETWEEN 6 AND 10
        AND isfinite(v.expires_at)
        AND length(v.locale) BETWEEN 2 AND 8
        AND length(v.app_hash) = 11
        AND length(v.origin) BETWEEN 9 AND 72
        AND v.delivery_number >= 0
        AND v.delivery_state IN ('sending', 'sent', 'unknown', 'failed')
        AND isfinite(v.delivery_at)
        AND isfinite(v.created_at)
        AND isfinite(v.sent_at)
        AND isfinite(v.resend_at)
        AND v.sends_used >= 0
        AND v.checks_used >= 0
        -- An approved one meets one more: the check that approved it does not count against those that follow.
        AND v.checks_used - 1 <= v.checks_max
        AND v.lifetime_ms >= 0
        AND v.renew_below_ms >= 0
        AND v.checks_max >= 0
        AND length(v.cooldowns_ms) <= 200
        AND v.cooldowns_ms !~ '[^0-9,]';
END
$$;

CREATE FUNCTION is_a_delivery(d deliveries) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN length(d.application) BETWEEN 1 AND 40
        AND d.number >= 0
        AND length(d.gateway) BETWEEN 1 AND 40
        AND d.answer IN ('accepted', 'receiver-refused', 'refused', 'not-sent', 'unknown')
        AND isfinite(d.answered_at)
        AND d.took_ms >= 0
        AND d.segments >= 0
        AND length(d.message_id) BETWEEN 1 AND 100
        AND d.credits_thousandths BETWEEN 0 AND 4294967295;
END
$$;

CREATE FUNCTION is_an_event(e events) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
BEGIN
    RETURN length(e.application) BETWEEN 1 AND 40
        AND length(e.kind) BETWEEN 1 AND 40
        AND isfinite(e.at)
        AND e.purpose IN ('contact', 'login', 'recovery', 'transaction')
        AND length(e.phone) = 24
        AND length(e.reason) BETWEEN 1 AND 40
        AND length(e.gateway) BETWEEN 1 AND 40
        AND e.prefix BETWEEN 1000 AND 999999999999
        AND e.thousandths >= 0;
END
$$;

-- The CHECKs of these tables so far have names that the server chose.
DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN
        SELECT c.conrelid::regclass AS of_table, c.conname AS name FROM pg_constraint c
        WHERE c.contype = 'c' AND c.conrelid IN ('verifications'::regclass, 'deliveries'::regclass, 'events'::regclass)
    LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.of_table, rule.name);
    END LOOP;
END
$$;

ALTER TABLE verifications ADD CONSTRAINT verifications_check CHECK (is_a_verification(verifications)) NOT VALID;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_check CHECK (is_a_delivery(deliveries)) NOT VALID;
ALTER TABLE events ADD CONSTRAINT events_check CHECK (is_an_event(events)) NOT VALID;

-- One statement, as `add_event` with two of them did for it: each call of a function and each statement has its price.
CREATE OR REPLACE FUNCTION tell_end_of_verification() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    WITH told AS (
        INSERT INTO events (id, application, kind, at, verification_id, purpose, account_id, phone)
        VALUES (uuid_at(NEW.final_at), NEW.application, 'verification.' || NEW.state, NEW.final_at, NEW.id, NEW.purpose,
            NEW.account_id, NEW.phone)
        RETURNING id
    )
    INSERT INTO event_outbox (event_id) SELECT id FROM told;
    RETURN NULL;
END
$$;

-- Mostly nobody else holds the phone, and one change does it. Otherwise it goes on as it did.
CREATE OR REPLACE FUNCTION bind_phone(
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
    IF holder IS NULL THEN
        UPDATE accounts a SET phone = of_phone, phone_verified_at = verified_at
        WHERE a.id = to_account AND a.application = in_application;
        outcome := CASE WHEN FOUND THEN 'bound' ELSE 'no account' END;
        RETURN;
    END IF;
    IF NOT transfer THEN
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
