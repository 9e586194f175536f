-- By which way an SMS went. The last one that was sent, or may have been:
ALTER TABLE verifications ADD COLUMN sent_by text COLLATE "C";
-- Each attempt, of which a send may have several; what is empty was there before routes, and was the first. And the
-- version of the text's template.
ALTER TABLE deliveries
    ADD COLUMN attempt integer, ADD COLUMN route text COLLATE "C", ADD COLUMN template integer;

-- Their rules, with those that were there (0012).
CREATE OR REPLACE FUNCTION is_a_verification(v verifications) RETURNS boolean
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
        AND length(v.sent_by) BETWEEN 1 AND 40
        AND length(v.cooldowns_ms) <= 200
        AND v.cooldowns_ms !~ '[^0-9,]';
END
$$;

CREATE OR REPLACE FUNCTION is_a_delivery(d deliveries) RETURNS boolean
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
        AND d.credits_thousandths BETWEEN 0 AND 4294967295
        AND d.attempt >= 1
        AND length(d.route) BETWEEN 1 AND 40
        AND d.template >= 0;
END
$$;
