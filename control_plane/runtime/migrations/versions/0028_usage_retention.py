"""Retention of usage: up to when events were dropped, and the functions that drop them."""

from alembic import op

from control_plane.runtime.migrations.helpers import global_table

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _horizon()
    _guards()
    op.execute(_DROP_MONTH)
    op.execute(_DROP_REST)
    op.execute(_FORGET)
    for function in (
        "usage_month_drop(text, text[])",
        "usage_events_drop_rest(timestamptz, text[], integer)",
        "usage_identities_forget(timestamptz, integer)",
    ):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO tallyard_system")


def _horizon() -> None:
    # Events before `events_from` were dropped, identities before `identities_from` forgotten, of
    # every tenant: the policy is the vendor's. NULL: nothing ever was. Only the functions below
    # move them, and only forwards.
    op.execute(
        """
        CREATE TABLE usage_horizon (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            events_from timestamptz,
            identities_from timestamptz,
            CHECK (identities_from IS NULL OR identities_from <= events_from)
        )
        """
    )
    op.execute("INSERT INTO usage_horizon DEFAULT VALUES")
    global_table("usage_horizon", readers="tallyard_tenant, tallyard_staff, tallyard_system")


def _guards() -> None:
    # What lies beyond the horizon may be deleted, by its owner and nobody else; all other rows
    # are as append-only as before.
    op.execute(
        """
        CREATE FUNCTION refuse_change_of_usage() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND TG_ARGV[0] = 'events' THEN
                IF (SELECT OLD.time < events_from FROM usage_horizon) THEN
                    RETURN OLD;
                END IF;
            ELSIF TG_OP = 'DELETE' THEN
                IF (SELECT OLD.event_time < identities_from FROM usage_horizon) THEN
                    RETURN OLD;
                END IF;
            END IF;
            RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table, what, time, horizon in (
        ("usage_events", "events", "time", "events_from"),
        ("usage_identities", "identities", "event_time", "identities_from"),
    ):
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_change_of_usage('{what}')"
        )
        for command in ("SELECT", "DELETE"):
            op.execute(
                f"CREATE POLICY {table}_beyond_{command.lower()} ON {table} FOR {command} "
                f"TO tallyard_owner USING ({time} < (SELECT {horizon} FROM usage_horizon))"
            )


# The lock is not waited for long: everybody who writes usage would wait behind it. Levels hold
# until the next event, however long ago they were set: events of types in `keep` stay.
_DROP_MONTH = """
CREATE FUNCTION usage_month_drop(month text, keep text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC'
SET lock_timeout = '2s' AS $$
DECLARE
    until timestamptz;
BEGIN
    IF month !~ '^usage_events_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of usage', month;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('usage_partition_for', 0));
    until := to_date(right(month, 7), 'YYYY_MM') + interval '1 month';
    UPDATE usage_horizon SET events_from = greatest(events_from, until);
    EXECUTE format('ALTER TABLE usage_events DETACH PARTITION %I', month);
    EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', month);
    ALTER TABLE usage_events_default NO FORCE ROW LEVEL SECURITY;
    EXECUTE format(
        'INSERT INTO usage_events_default OVERRIDING SYSTEM VALUE SELECT * FROM %I '
        'WHERE type = ANY ($1)', month
    ) USING keep;
    ALTER TABLE usage_events_default FORCE ROW LEVEL SECURITY;
    EXECUTE format('DROP TABLE %I', month);
END $$
"""

_DROP_REST = """
CREATE FUNCTION usage_events_drop_rest(until timestamptz, keep text[], most integer)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    gone bigint;
BEGIN
    UPDATE usage_horizon SET events_from = greatest(events_from, until);
    DELETE FROM usage_events WHERE (tenant_id, type, time, seq) IN (
        SELECT tenant_id, type, time, seq FROM usage_events
        WHERE time < until AND type <> ALL (keep) LIMIT most
    ) AND time < until;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$
"""

_FORGET = """
CREATE FUNCTION usage_identities_forget(until timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    gone bigint;
BEGIN
    UPDATE usage_horizon SET identities_from = greatest(identities_from, least(until, events_from))
    WHERE events_from IS NOT NULL;
    DELETE FROM usage_identities WHERE (tenant_id, source, id) IN (
        SELECT tenant_id, source, id FROM usage_identities
        WHERE event_time < (SELECT identities_from FROM usage_horizon) LIMIT most
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$
"""


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
