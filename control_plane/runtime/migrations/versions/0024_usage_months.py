"""Usage by month: events partitioned by their time, what is taken back, and what was committed."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table, unforced

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_SPAN = "date_trunc('month', now()) - interval '10 years' AND now() + interval '3 months'"


def upgrade() -> None:
    _retractions()
    _commits()
    _months()


def _retractions() -> None:
    # The event `target_id` of the source no longer counts: see docs/metering/corrections.md.
    op.execute(
        """
        CREATE TABLE usage_retractions (
            tenant_id uuid NOT NULL,
            source text COLLATE "C" NOT NULL,
            target_id text COLLATE "C" NOT NULL,
            by_id text COLLATE "C" NOT NULL,
            kind text NOT NULL CHECK (kind IN ('corrects', 'retracts')),
            type text COLLATE "C" NOT NULL,
            time timestamptz NOT NULL,
            data jsonb NOT NULL,
            recorded xid8 NOT NULL DEFAULT pg_current_xact_id(),
            PRIMARY KEY (tenant_id, source, target_id),
            UNIQUE (tenant_id, source, by_id)
        )
        """
    )
    # Finds what was taken back since an earlier cut-off.
    op.execute("CREATE INDEX usage_retractions_recorded ON usage_retractions (tenant_id, recorded)")
    tenant_table("usage_retractions", privileges="SELECT, INSERT")
    append_only("usage_retractions")


def _commits() -> None:
    # A queue, not a record: one row a transaction that stored something, until rollups hold it.
    op.execute(
        """
        CREATE TABLE usage_commits (
            tenant_id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 100),
            recorded xid8 NOT NULL DEFAULT pg_current_xact_id(),
            events integer NOT NULL,
            PRIMARY KEY (tenant_id, seq)
        )
        """
    )
    tenant_table("usage_commits", queue=True, privileges="SELECT, INSERT, DELETE")


def _months() -> None:
    op.execute("ALTER TABLE usage_events RENAME TO usage_events_before")
    op.execute("ALTER INDEX usage_events_pkey RENAME TO usage_events_before_pkey")
    op.execute("ALTER INDEX usage_events_recorded RENAME TO usage_events_before_recorded")
    op.execute("ALTER SEQUENCE usage_events_seq_seq RENAME TO usage_events_before_seq")
    op.execute(
        """
        CREATE TABLE usage_events (
            tenant_id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000),
            type text COLLATE "C" NOT NULL,
            time timestamptz NOT NULL,
            source text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            subject text,
            data jsonb NOT NULL,
            hash bytea NOT NULL,
            recorded xid8 NOT NULL DEFAULT pg_current_xact_id(),
            PRIMARY KEY (tenant_id, type, time, seq)
        ) PARTITION BY RANGE (time)
        """
    )
    op.execute("CREATE INDEX usage_events_recorded ON usage_events (tenant_id, type, recorded)")
    tenant_table("usage_events", privileges="SELECT, INSERT")
    append_only("usage_events")
    # Whatever has no month of its own: nothing is refused for its time, however far off.
    op.execute("CREATE TABLE usage_events_default PARTITION OF usage_events DEFAULT")
    op.execute("ALTER TABLE usage_events_default ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE usage_events_default FORCE ROW LEVEL SECURITY")
    op.execute(_MONTH_FOR)
    op.execute("REVOKE ALL ON FUNCTION usage_partition_for(timestamptz) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION usage_partition_for(timestamptz) TO tallyard_system")
    _move()


def _move() -> None:
    op.execute(
        "SELECT usage_partition_for(now() + n * interval '1 month') FROM generate_series(0, 3) AS n"
    )
    with unforced("usage_events", "usage_events_before"):
        op.execute(
            "SELECT usage_partition_for(month) FROM (SELECT DISTINCT "
            "date_trunc('month', time, 'UTC') AS month FROM usage_events_before "
            f"WHERE time BETWEEN {_SPAN}) AS held"
        )
        op.execute(
            "INSERT INTO usage_events (tenant_id, seq, type, time, source, id, subject, data, "
            "hash, recorded) OVERRIDING SYSTEM VALUE SELECT tenant_id, seq, type, time, source, "
            "id, subject, data, hash, recorded FROM usage_events_before"
        )
    op.execute(
        "SELECT setval('usage_events_seq_seq', last_value, is_called) FROM usage_events_before_seq"
    )
    op.execute("DROP TABLE usage_events_before")


# Attached, not created in place: that would lock out everybody who writes usage meanwhile. What
# lies in the default partition for the month goes along. The owner makes tables, so the function
# is the owner's; partitions force row-level security even on it.
_MONTH_FOR = """
CREATE FUNCTION usage_partition_for(at timestamptz) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    first CONSTANT timestamptz := date_trunc('month', at);
    until CONSTANT timestamptz := first + interval '1 month';
    name CONSTANT text := 'usage_events_' || to_char(first, 'YYYY_MM');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('usage_partition_for', 0));
    IF to_regclass(name) IS NOT NULL THEN
        RETURN name;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I (LIKE usage_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
        'INCLUDING INDEXES INCLUDING STORAGE)', name
    );
    ALTER TABLE usage_events_default NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE usage_events_default DISABLE TRIGGER usage_events_append_only;
    EXECUTE format(
        'WITH moved AS (DELETE FROM usage_events_default WHERE time >= $1 AND time < $2 '
        'RETURNING *) INSERT INTO %I SELECT * FROM moved', name
    ) USING first, until;
    ALTER TABLE usage_events_default ENABLE TRIGGER usage_events_append_only;
    ALTER TABLE usage_events_default FORCE ROW LEVEL SECURITY;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
        'ALTER TABLE usage_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        name, first, until
    );
    RETURN name;
END $$
"""


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
