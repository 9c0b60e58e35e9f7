-- Lease operations: each is one call, and many are one, too. All of a tenant's take turns by one
-- advisory lock, so that an account is read, decided upon and written without anybody in between,
-- in whatever order accounts are touched. They run as their caller: row-level security holds.

-- What an account can still give away. A bucket gives whole tokens.
CREATE FUNCTION lease_free(a lease_accounts) RETURNS bigint LANGUAGE sql IMMUTABLE AS $body$
    SELECT CASE WHEN a.kind = 'rate' THEN floor(a.tokens)::bigint
           ELSE a.limit_units - greatest(a.spent + a.held + a.lost, a.metered) END
$body$;

-- Units that were spent go into the present slice of a rolling window, as late as they may count.
CREATE FUNCTION lease_slice(a lease_accounts, p_units bigint, p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $body$
BEGIN
    IF a.kind <> 'rolling' OR p_units = 0 THEN
        RETURN;
    END IF;
    INSERT INTO lease_slices (tenant_id, feature, period, starts, spent)
    VALUES (
        a.tenant_id, a.feature, a.period,
        date_bin(greatest(a.window_seconds / 60, 1) * interval '1 second', p_now, 'epoch'), p_units
    )
    ON CONFLICT (tenant_id, feature, period, starts)
    DO UPDATE SET spent = lease_slices.spent + excluded.spent;
END
$body$;

-- Held units become spent ones.
CREATE FUNCTION lease_spend(a lease_accounts, p_units bigint, p_now timestamptz)
RETURNS lease_accounts LANGUAGE plpgsql AS $body$
BEGIN
    a.held := a.held - p_units;
    a.spent := a.spent + p_units;
    PERFORM lease_slice(a, p_units, p_now);
    RETURN a;
END
$body$;

-- Held units that nobody spent and nobody will go back.
CREATE FUNCTION lease_return(a lease_accounts, p_units bigint) RETURNS lease_accounts
LANGUAGE plpgsql AS $body$
BEGIN
    a.held := a.held - p_units;
    a.returned := a.returned + p_units;
    IF a.kind = 'rate' THEN
        a.tokens := a.tokens + p_units;
    END IF;
    RETURN a;
END
$body$;

CREATE FUNCTION lease_take(a lease_accounts, p_units bigint) RETURNS lease_accounts
LANGUAGE plpgsql AS $body$
BEGIN
    a.granted := a.granted + p_units;
    a.held := a.held + p_units;
    IF a.kind = 'rate' THEN
        a.tokens := a.tokens - p_units;
    END IF;
    RETURN a;
END
$body$;

-- Takes leases back whose time is over: those of instances after a margin that no clock of theirs
-- can exceed. What such an instance spent and did not say counts as spent until it is known. Slots
-- come free; tokens do not come back.
CREATE FUNCTION lease_reclaim(a lease_accounts, p_now timestamptz) RETURNS lease_accounts
LANGUAGE plpgsql AS $body$
DECLARE
    l leases;
    rest bigint;
BEGIN
    FOR l IN
        SELECT * FROM leases
        WHERE tenant_id = a.tenant_id AND feature = a.feature AND period = a.period
          AND state = 'open'
          AND expires_at <= p_now - CASE kind WHEN 'lease' THEN interval '5 s' ELSE '0 s' END
    LOOP
        rest := l.units - l.spent;
        l.state := 'expired';
        IF l.kind = 'lease' THEN
            a.open_leases := a.open_leases - 1;
        END IF;
        IF l.kind = 'lease' AND a.kind = 'metered' AND rest > 0 THEN
            l.state := 'lost';
            a.held := a.held - rest;
            a.lost := a.lost + rest;
        ELSIF l.kind = 'lease' AND a.kind = 'rolling' THEN
            a := lease_spend(a, rest, p_now);
            l.spent := l.units;
        ELSE
            a.held := a.held - rest;
            a.returned := a.returned + rest;
        END IF;
        UPDATE leases SET state = l.state, spent = l.spent, closed_at = p_now
        WHERE tenant_id = l.tenant_id AND id = l.id;
    END LOOP;
    RETURN a;
END
$body$;

-- What a hard account may have out at most from now on: its limit, or what is out already where that
-- is more. A bucket holds no more than its burst, what is leased included.
CREATE FUNCTION lease_bounded(a lease_accounts) RETURNS lease_accounts
LANGUAGE plpgsql AS $body$
BEGIN
    IF a.kind = 'rate' THEN
        a.tokens := least(a.tokens, greatest(a.limit_units - a.held, 0));
        a.ceiling := greatest(a.limit_units, a.held + ceil(a.tokens)::bigint);
    ELSE
        a.ceiling := greatest(a.limit_units, a.spent + a.held + a.lost);
    END IF;
    RETURN a;
END
$body$;

-- What the entitlement says now. A feature that counts in another way from now on begins anew, once
-- nobody holds anything of it.
CREATE FUNCTION lease_terms(a lease_accounts, t jsonb) RETURNS lease_accounts
LANGUAGE plpgsql AS $body$
BEGIN
    a.limit_units := (t->>'limit')::bigint;
    a.hard := (t->>'hard')::boolean;
    a.rate := (t->>'rate')::numeric;
    IF a.kind <> t->>'kind' AND a.held = 0 AND a.lost = 0 THEN
        a.kind := t->>'kind';
        a.window_seconds := (t->>'window')::integer;
        a.forgotten := a.forgotten + a.spent;
        a.spent := 0;
        a.tokens := 0;
        DELETE FROM lease_slices
        WHERE tenant_id = a.tenant_id AND feature = a.feature AND period = a.period;
    END IF;
    RETURN lease_bounded(a);
END
$body$;

-- Reads an account as of now, or makes one under the terms t: what expired taken back, what left a
-- rolling window forgotten, a bucket refilled.
CREATE FUNCTION lease_load(
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
    IF a.held > 0 THEN
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

CREATE FUNCTION lease_store(a lease_accounts) RETURNS void LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE lease_accounts SET
        hard = a.hard, limit_units = a.limit_units, ceiling = a.ceiling, granted = a.granted,
        spent = a.spent, held = a.held, lost = a.lost, returned = a.returned,
        forgotten = a.forgotten, metered = a.metered, metered_at = a.metered_at,
        kind = a.kind, window_seconds = a.window_seconds, rate = a.rate,
        tokens = a.tokens, refilled_at = a.refilled_at, fence = a.fence,
        open_leases = a.open_leases
    WHERE tenant_id = a.tenant_id AND feature = a.feature AND period = a.period;
END
$body$;

CREATE FUNCTION lease_said(
    o jsonb, p_status text, p_reason text, a lease_accounts, l leases
) RETURNS jsonb LANGUAGE sql STABLE AS $body$
    SELECT jsonb_build_object(
        'op', o->>'op', 'status', p_status, 'reason', p_reason, 'lease', l.id,
        'feature', coalesce(l.feature, a.feature, o->>'feature'),
        'period', coalesce(l.period, a.period, o->>'period'),
        'fence', coalesce(l.fence, 0), 'units', coalesce(l.units, 0),
        'spent', coalesce(l.spent, 0),
        'expires', (extract(epoch FROM l.expires_at) * 1000)::bigint,
        'remaining', coalesce(lease_free(a), 0), 'limit', a.limit_units
    )
$body$;

-- How many of the wanted units an account gives: all, where the limit is soft; else at least
-- p_need or none, and no more than half of an equal share of what is free.
CREATE FUNCTION lease_share(a lease_accounts, p_wanted bigint, p_need bigint, p_holders integer)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $body$
    SELECT CASE
        WHEN NOT a.hard THEN p_wanted
        WHEN p_wanted = 0 OR lease_free(a) < least(p_need, p_wanted) OR lease_free(a) < 1 THEN 0
        ELSE least(
            p_wanted, greatest(p_need, lease_free(a) / (2 * greatest(p_holders, 1)), 1)
        ) END
$body$;

CREATE FUNCTION lease_refusal(o jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $body$
    SELECT CASE
        WHEN o->'t' IS NULL THEN 'unknown_feature'
        WHEN o->'t'->>'deny' IS NOT NULL THEN o->'t'->>'deny'
        WHEN NOT (o->'t'->'periods' ? (o->>'period')) THEN 'wrong_period'
    END
$body$;

CREATE FUNCTION lease_open(
    a lease_accounts, o jsonb, p_kind text, p_holder text, p_epoch bigint, p_units bigint,
    p_expires_at timestamptz, p_now timestamptz
) RETURNS leases LANGUAGE sql AS $body$
    INSERT INTO leases (
        tenant_id, id, feature, period, kind, holder, epoch, fence, units, opened_at, expires_at
    ) VALUES (
        a.tenant_id, (o->>'id')::uuid, a.feature, a.period, p_kind, p_holder, p_epoch, a.fence,
        p_units, p_now, p_expires_at
    ) RETURNING *
$body$;

-- What an operation leaves of an account, and what is said of it.
CREATE TYPE lease_step AS (a lease_accounts, said jsonb);

CREATE FUNCTION lease_acquire(a lease_accounts, r jsonb, o jsonb, p_now timestamptz)
RETURNS lease_step LANGUAGE plpgsql AS $body$
DECLARE
    l leases;
    granted CONSTANT bigint := lease_share(
        a, (o->>'units')::bigint, (o->>'need')::bigint, a.open_leases + 1
    );
BEGIN
    IF granted = 0 THEN  -- the newest fence all the same: a recovery can name it
        RETURN (
            a, lease_said(o, 'exhausted', '', a, l) || jsonb_build_object('fence', a.fence)
        );
    END IF;
    a := lease_take(a, granted);
    a.fence := a.fence + 1;
    a.open_leases := a.open_leases + 1;
    l := lease_open(
        a, o, 'lease', r->>'holder', (r->>'epoch')::bigint, granted,
        p_now + (o->'t'->>'seconds')::integer * interval '1 second', p_now
    );
    RETURN (a, lease_said(o, 'ok', '', a, l));
END
$body$;

-- Reports what was spent, and asks for a new total; where nothing is given any more (p_refusal),
-- the report counts all the same. More spent than granted is taken where the limit is soft: the
-- holder went on while it had nothing.
CREATE FUNCTION lease_renew(
    a lease_accounts, l leases, o jsonb, p_refusal text, p_now timestamptz
) RETURNS lease_step LANGUAGE plpgsql AS $body$
DECLARE
    more bigint;
    reported bigint := greatest((o->>'spent')::bigint, l.spent);
    status text := 'ok';
BEGIN
    IF l.fence <> (o->>'fence')::bigint THEN
        RETURN (a, lease_said(o, 'fenced', '', a, NULL));
    ELSIF l.state NOT IN ('open', 'lost') THEN
        RETURN (a, lease_said(o, 'closed', '', a, l));
    ELSIF reported > l.units AND (a.hard OR l.state = 'lost') THEN
        RETURN (a, lease_said(o, 'refused', 'overspent', a, l));
    ELSIF l.state = 'lost' THEN
        a.lost := a.lost - (reported - l.spent);
        a.spent := a.spent + (reported - l.spent);
        l.spent := reported;
        UPDATE leases SET spent = reported WHERE tenant_id = l.tenant_id AND id = l.id;
        RETURN (a, lease_said(o, 'lost', '', a, l));
    END IF;
    IF reported > l.units THEN
        a := lease_take(a, reported - l.units);
        l.units := reported;
    END IF;
    IF a.kind = 'concurrency' THEN
        reported := 0;
    END IF;
    a := lease_spend(a, reported - l.spent, p_now);
    a.fence := a.fence + 1;
    IF p_refusal IS NOT NULL THEN
        status := 'refused';
    ELSE
        more := greatest((o->>'units')::bigint, reported) - l.units;
        IF more < 0 THEN
            a := lease_return(a, -more);
        ELSIF more > 0 THEN
            more := lease_share(a, more, (o->>'need')::bigint, a.open_leases);
            status := CASE more WHEN 0 THEN 'exhausted' ELSE 'ok' END;
            a := lease_take(a, more);
        END IF;
        l.units := l.units + more;
        l.expires_at := p_now + (o->'t'->>'seconds')::integer * interval '1 second';
    END IF;
    l.spent := reported;
    l.fence := a.fence;
    UPDATE leases
    SET spent = l.spent, fence = l.fence, units = l.units, expires_at = l.expires_at
    WHERE tenant_id = l.tenant_id AND id = l.id;
    RETURN (a, lease_said(o, status, coalesce(p_refusal, ''), a, l));
END
$body$;

-- A lease or reservation is over: so much of it was spent, and the rest goes back.
CREATE FUNCTION lease_end(a lease_accounts, l leases, o jsonb, p_spent bigint, p_now timestamptz)
RETURNS lease_step LANGUAGE plpgsql AS $body$
BEGIN
    IF a.kind IN ('concurrency', 'seats') THEN
        p_spent := 0;
    END IF;
    IF p_spent > l.units THEN
        a := lease_take(a, p_spent - l.units);
        l.units := p_spent;
    END IF;
    a := lease_return(lease_spend(a, p_spent - l.spent, p_now), l.units - p_spent);
    l.spent := p_spent;
    UPDATE leases SET spent = l.spent, units = l.units, state = 'closed', closed_at = p_now
    WHERE tenant_id = l.tenant_id AND id = l.id;
    RETURN (a, lease_said(o, 'ok', '', a, l));
END
$body$;

-- The holder's last word: what it spent in all. Good for a lease that was lost, too.
CREATE FUNCTION lease_close(a lease_accounts, l leases, o jsonb, p_now timestamptz)
RETURNS lease_step LANGUAGE plpgsql AS $body$
DECLARE
    reported CONSTANT bigint := (o->>'spent')::bigint;
BEGIN
    IF l.state NOT IN ('open', 'lost') THEN
        RETURN (a, lease_said(o, 'closed', '', a, l));
    ELSIF (o->>'fence')::bigint > l.fence OR reported < l.spent THEN
        RETURN (a, lease_said(o, 'fenced', '', a, NULL));
    ELSIF reported > l.units AND a.hard THEN
        RETURN (a, lease_said(o, 'refused', 'overspent', a, l));
    END IF;
    IF l.state = 'lost' THEN
        a.lost := a.lost - (l.units - l.spent);
        a.held := a.held + (l.units - l.spent);
    ELSE
        a.open_leases := a.open_leases - 1;
    END IF;
    RETURN lease_end(a, l, o, reported, p_now);
END
$body$;

-- The holder's events are all delivered: what its other processes never said of this account can be
-- settled by them. Only leases up to the newest fence that the caller knew: carried out late, a
-- recovery must not speak of leases that came after it.
CREATE FUNCTION lease_recover(p_tenant uuid, r jsonb, o jsonb, p_now timestamptz) RETURNS jsonb
LANGUAGE sql AS $body$
    WITH told AS (
        UPDATE leases SET drained_at = p_now, drained_fence = (o->>'fence')::bigint,
            drained_epoch = (r->>'epoch')::bigint
        WHERE tenant_id = p_tenant AND feature = o->>'feature' AND period = o->>'period'
          AND holder = r->>'holder' AND kind = 'lease' AND state IN ('open', 'lost')
          AND fence <= (o->>'fence')::bigint AND epoch <> (r->>'epoch')::bigint
        RETURNING units - spent AS rest
    )
    SELECT lease_said(o, 'ok', '', NULL, NULL)
        || jsonb_build_object('units', (SELECT coalesce(sum(rest), 0) FROM told))
$body$;

CREATE FUNCTION lease_consume(a lease_accounts, o jsonb, p_now timestamptz) RETURNS lease_step
LANGUAGE plpgsql AS $body$
DECLARE
    wanted CONSTANT bigint := (o->>'units')::bigint;
BEGIN
    IF a.hard AND lease_free(a) < wanted THEN
        RETURN (a, lease_said(o, 'exhausted', '', a, NULL));
    END IF;
    a := lease_spend(lease_take(a, wanted), wanted, p_now);
    RETURN (a, lease_said(o, 'ok', '', a, NULL));
END
$body$;

CREATE FUNCTION lease_reserve(a lease_accounts, r jsonb, o jsonb, p_now timestamptz)
RETURNS lease_step LANGUAGE plpgsql AS $body$
DECLARE
    l leases;
    wanted CONSTANT bigint := (o->>'units')::bigint;
BEGIN
    IF a.hard AND lease_free(a) < wanted THEN
        RETURN (a, lease_said(o, 'exhausted', '', a, l));
    END IF;
    a := lease_take(a, wanted);
    a.fence := a.fence + 1;
    l := lease_open(
        a, o, 'reservation', r->>'holder', 0, wanted,
        p_now + (o->>'seconds')::integer * interval '1 second', p_now
    );
    RETURN (a, lease_said(o, 'ok', '', a, l));
END
$body$;

-- Settles a reservation: so many units were used, none of them where it is released. Said again, it
-- is settled as it was.
CREATE FUNCTION lease_confirm(a lease_accounts, l leases, o jsonb, p_now timestamptz)
RETURNS lease_step LANGUAGE plpgsql AS $body$
DECLARE
    used bigint := (o->>'spent')::bigint;
BEGIN
    IF used > l.units THEN
        RETURN (a, lease_said(o, 'refused', 'overspent', a, l));
    ELSIF l.state = 'expired' AND used > 0 THEN
        RETURN (a, lease_said(o, 'lost', '', a, l));
    ELSIF l.state <> 'open' THEN
        RETURN (
            a,
            lease_said(o, CASE l.spent WHEN used THEN 'ok' ELSE 'closed' END, '', a, l)
        );
    END IF;
    RETURN lease_end(a, l, o, used, p_now);
END
$body$;

CREATE FUNCTION lease_seat(a lease_accounts, l leases, o jsonb, p_now timestamptz)
RETURNS lease_step LANGUAGE plpgsql AS $body$
BEGIN
    IF l.id IS NOT NULL THEN
        RETURN (a, lease_said(o, 'ok', '', a, l));
    ELSIF a.hard AND lease_free(a) < 1 THEN
        RETURN (a, lease_said(o, 'exhausted', '', a, l));
    END IF;
    a := lease_take(a, 1);
    a.fence := a.fence + 1;
    l := lease_open(a, o, 'seat', o->>'name', 0, 1, NULL, p_now);
    RETURN (a, lease_said(o, 'ok', '', a, l));
END
$body$;

-- The lease, reservation or seat that an operation is about, if there is such a one.
CREATE FUNCTION lease_meant(p_tenant uuid, r jsonb, o jsonb) RETURNS leases
LANGUAGE plpgsql AS $body$
DECLARE
    l leases;
BEGIN
    IF o->>'op' IN ('seat', 'unseat') THEN
        SELECT * INTO l FROM leases
        WHERE tenant_id = p_tenant AND feature = o->>'feature' AND holder = o->>'name'
          AND kind = 'seat' AND state = 'open';
        RETURN l;
    END IF;
    SELECT * INTO l FROM leases WHERE tenant_id = p_tenant AND id = (o->>'lease')::uuid;
    IF (o->>'op' = 'settle' AND l.kind = 'reservation')
        OR (o->>'op' IN ('renew', 'close') AND l.kind = 'lease' AND l.holder = r->>'holder')
    THEN
        RETURN l;
    END IF;
    RETURN NULL;
END
$body$;

-- All operations come through here: p_requests are [{holder, epoch, request_id, digest,
-- operations: [...]}], each done once. An answer that names a revision: the entitlement is newer
-- than p_revision, which the operations' terms (t) were read from; nothing was done. An account is
-- read and written once for all operations on it in a row.
CREATE FUNCTION lease_operations(
    p_tenant uuid, p_revision bigint, p_now timestamptz, p_requests jsonb
) RETURNS jsonb LANGUAGE plpgsql AS $body$
DECLARE
    at timestamptz;
    newest bigint;
    a lease_accounts;
    l leases;
    step lease_step;
    r jsonb;
    o jsonb;
    results jsonb;
    answers jsonb := '[]';
    seen lease_requests;
    refusal text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('leases:' || p_tenant::text, 0));
    at := coalesce(p_now, clock_timestamp());
    SELECT revision INTO newest FROM entitlement_snapshots WHERE tenant_id = p_tenant
    ORDER BY revision DESC LIMIT 1;
    IF p_revision IS DISTINCT FROM newest THEN
        RETURN jsonb_build_object('revision', newest);
    END IF;
    FOR r IN SELECT jsonb_array_elements(p_requests) LOOP
        SELECT * INTO seen FROM lease_requests
        WHERE tenant_id = p_tenant AND holder = r->>'holder' AND request_id = r->>'request_id';
        IF FOUND THEN
            answers := answers || jsonb_build_array(
                CASE WHEN seen.digest = r->>'digest' THEN seen.answer ELSE 'null' END
            );
            CONTINUE;
        END IF;
        results := '[]';
        FOR o IN SELECT jsonb_array_elements(r->'operations') LOOP
            IF o->>'op' = 'recover' THEN
                results := results || jsonb_build_array(lease_recover(p_tenant, r, o, at));
                CONTINUE;
            END IF;
            l := NULL;
            IF o->>'op' NOT IN ('acquire', 'consume', 'reserve') THEN
                l := lease_meant(p_tenant, r, o);
                IF l.id IS NOT NULL THEN
                    o := o || jsonb_build_object('feature', l.feature, 'period', l.period);
                ELSIF o->>'op' <> 'seat' THEN
                    results := results || jsonb_build_array(
                        lease_said(o, 'unknown', '', NULL, NULL)
                    );
                    CONTINUE;
                END IF;
            END IF;
            refusal := lease_refusal(o);
            IF l.id IS NULL AND refusal IS NOT NULL THEN
                results := results || jsonb_build_array(
                    lease_said(o, 'refused', refusal, NULL, NULL)
                );
                CONTINUE;
            END IF;
            IF a.feature IS DISTINCT FROM o->>'feature' OR a.period IS DISTINCT FROM o->>'period'
            THEN
                IF a.feature IS NOT NULL THEN
                    PERFORM lease_store(a);
                END IF;
                a := lease_load(p_tenant, o->>'feature', o->>'period', o->'t', at);
                IF l.id IS NOT NULL THEN  -- it may have been taken back
                    SELECT * INTO l FROM leases WHERE tenant_id = p_tenant AND id = l.id;
                END IF;
            END IF;
            IF refusal IS NULL AND (a.limit_units, a.hard, a.kind, coalesce(a.rate, 0)) <> (
                (o->'t'->>'limit')::bigint, (o->'t'->>'hard')::boolean, o->'t'->>'kind',
                coalesce((o->'t'->>'rate')::numeric, 0)
            ) THEN
                a := lease_terms(a, o->'t');
            END IF;
            step := CASE o->>'op'
                WHEN 'renew' THEN lease_renew(a, l, o, refusal, at)
                WHEN 'acquire' THEN lease_acquire(a, r, o, at)
                WHEN 'close' THEN lease_close(a, l, o, at)
                WHEN 'consume' THEN lease_consume(a, o, at)
                WHEN 'reserve' THEN lease_reserve(a, r, o, at)
                WHEN 'settle' THEN lease_confirm(a, l, o, at)
                WHEN 'seat' THEN lease_seat(a, l, o, at)
                WHEN 'unseat' THEN lease_end(a, l, o, 0, at)
            END;
            a := step.a;
            results := results || jsonb_build_array(step.said);
        END LOOP;
        IF r->>'request_id' IS NOT NULL THEN
            INSERT INTO lease_requests (tenant_id, holder, request_id, digest, answer, made_at)
            VALUES (p_tenant, r->>'holder', r->>'request_id', r->>'digest', results, at);
        END IF;
        answers := answers || jsonb_build_array(results);
    END LOOP;
    IF a.feature IS NOT NULL THEN
        PERFORM lease_store(a);
    END IF;
    RETURN jsonb_build_object('at', (extract(epoch FROM at) * 1000)::bigint, 'answers', answers);
END
$body$;

-- Takes back what expired on every account of the tenant; says how many leases that were.
CREATE FUNCTION lease_sweep(p_tenant uuid, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $body$
DECLARE
    at timestamptz;
    swept bigint;
    account record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('leases:' || p_tenant::text, 0));
    at := coalesce(p_now, clock_timestamp());
    SELECT count(*) INTO swept FROM leases
    WHERE tenant_id = p_tenant AND state = 'open'
      AND expires_at <= at - CASE kind WHEN 'lease' THEN interval '5 s' ELSE '0 s' END;
    FOR account IN
        SELECT DISTINCT feature, period FROM leases
        WHERE tenant_id = p_tenant AND state = 'open' AND expires_at <= at
    LOOP
        PERFORM lease_store(lease_load(p_tenant, account.feature, account.period, NULL, at));
    END LOOP;
    RETURN swept;
END
$body$;

-- What metering counted: p_used are [{feature, period, units, t}], read at p_as_of or later.
CREATE FUNCTION lease_metered(
    p_tenant uuid, p_as_of timestamptz, p_now timestamptz, p_used jsonb
) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
    a lease_accounts;
    u jsonb;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('leases:' || p_tenant::text, 0));
    FOR u IN SELECT jsonb_array_elements(p_used) LOOP
        a := lease_load(
            p_tenant, u->>'feature', u->>'period', u->'t', coalesce(p_now, clock_timestamp())
        );
        IF u->'t'->>'deny' IS NULL THEN
            a := lease_terms(a, u->'t');
        END IF;
        IF a.metered_at IS NULL OR a.metered_at <= p_as_of THEN
            a.metered := (u->>'units')::bigint;
            a.metered_at := p_as_of;
        END IF;
        PERFORM lease_store(a);
    END LOOP;
END
$body$;

-- Settles what a crashed holder never said, by all that its events count in the period (p_used):
-- more than the leases that a recovery spoke of had reported was spent of the lost ones among them,
-- the rest was not. Events read before the holder had delivered all of them settle nothing, and
-- what the recovering process and later leases report is theirs.
CREATE FUNCTION lease_settle(
    p_tenant uuid, p_feature text, p_period text, p_holder text, p_fence bigint, p_epoch bigint,
    p_used bigint, p_as_of timestamptz, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE
    a lease_accounts;
    l leases;
    extra bigint;
    used bigint;
    settled bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('leases:' || p_tenant::text, 0));
    a := lease_load(p_tenant, p_feature, p_period, NULL, coalesce(p_now, clock_timestamp()));
    SELECT greatest(p_used - coalesce(sum(spent), 0), 0) INTO extra FROM leases
    WHERE tenant_id = p_tenant AND feature = p_feature AND period = p_period
      AND holder = p_holder AND kind = 'lease' AND fence <= p_fence AND epoch <> p_epoch;
    FOR l IN
        SELECT * FROM leases
        WHERE tenant_id = p_tenant AND feature = p_feature AND period = p_period
          AND holder = p_holder AND state = 'lost' AND drained_at <= p_as_of
          AND (drained_fence, drained_epoch) = (p_fence, p_epoch) AND fence <= p_fence
        ORDER BY id
    LOOP
        used := least(extra, l.units - l.spent);
        extra := extra - used;
        a.lost := a.lost - (l.units - l.spent);
        a.spent := a.spent + used;
        a.returned := a.returned + (l.units - l.spent - used);
        settled := settled + 1;
        UPDATE leases SET spent = l.spent + used, state = 'closed',
            closed_at = coalesce(p_now, clock_timestamp())
        WHERE tenant_id = p_tenant AND id = l.id;
    END LOOP;
    PERFORM lease_store(a);
    RETURN settled;
END
$body$;

-- PostgreSQL lets everybody call a new function; these belong to tenants' transactions.
DO $grants$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN
        SELECT oid FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname ~ '^lease_'
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tallyard_tenant', f);
    END LOOP;
END
$grants$;
