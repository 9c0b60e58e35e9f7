-- Reads an account as of now, or makes one under the terms t: what expired taken back, what left a
-- rolling window forgotten, a bucket refilled.
CREATE OR REPLACE FUNCTION lease_load(
    p_tenant uuid, p_feature text, p_period text, t jsonb, p_now timestamptz
) RETURNS lease_accounts LANGUAGE plpgsql AS $body$
DECLARE
    a lease_accounts;
    gone bigint;
BEGIN
    SELECT * INTO a FROM lease_accounts
    WHERE tenant_id = p_tenant AND feature = p_feature AND period = p_period;
    IF NOT FOUND THEN
        INSERT INTO lease_accounts (
            tenant_id, feature, period, kind, hard, period_start, period_end, window_seconds,
            limit_units, ceiling, rate, tokens, refilled_at
        ) VALUES (
            p_tenant, p_feature, p_period, t->>'kind', (t->>'hard')::boolean,
            (t->'periods'->p_period->>0)::timestamptz, (t->'periods'->p_period->>1)::timestamptz,
            (t->>'window')::integer, (t->>'limit')::bigint, (t->>'limit')::bigint,
            (t->>'rate')::numeric,
            CASE WHEN t->>'kind' = 'rate' THEN (t->>'limit')::bigint ELSE 0 END, p_now
        ) RETURNING * INTO a;
    END IF;
    IF a.held > 0 OR a.open_leases > 0 THEN
        a := lease_reclaim(a, p_now);
    END IF;
    IF a.kind = 'rate' THEN
        a.tokens := least(
            greatest(a.limit_units - a.held, 0),
            a.tokens + coalesce(a.rate, 0) * greatest(extract(epoch FROM p_now - a.refilled_at), 0)
        );
        a.refilled_at := greatest(a.refilled_at, p_now);
    END IF;
    IF a.kind = 'rolling' AND a.spent > 0 THEN
        WITH left_behind AS (
            DELETE FROM lease_slices
            WHERE tenant_id = p_tenant AND feature = p_feature AND period = p_period
              AND starts <= p_now - interval '1 second'
                  * (a.window_seconds + greatest(a.window_seconds / 60, 1))
            RETURNING spent
        ) SELECT coalesce(sum(spent), 0) INTO gone FROM left_behind;
        a.spent := a.spent - gone;
        a.forgotten := a.forgotten + gone;
    END IF;
    RETURN lease_bounded(a);
END
$body$;
