"""Rollups of usage: what a tenant's events add up to, in buckets, as of a saved snapshot."""

from alembic import op

from control_plane.runtime.migrations.helpers import tenant_table, unforced

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _tenants()
    _sets()
    _rollups()
    _values()
    with unforced("usage_rolling", "usage_events"):
        op.execute(
            "INSERT INTO usage_rolling (tenant_id, revision, unfinished) "
            "SELECT DISTINCT tenant_id, 0, true FROM usage_events"
        )


def _tenants() -> None:
    # One row a tenant with usage: the lock that keeps its rolling to one worker at a time.
    op.execute(
        """
        CREATE TABLE usage_rolling (
            tenant_id uuid PRIMARY KEY,
            revision integer NOT NULL,
            unfinished boolean NOT NULL,
            check_due_at timestamptz
        )
        """
    )
    tenant_table("usage_rolling", queue=True)
    # Whose rollups are those of an older catalogue is found by comparing its number.
    op.execute("GRANT SELECT ON catalog_revisions TO tallyard_system")


def _sets() -> None:
    # `snapshot` says exactly which events a rollup holds; two of one definition may exist while
    # the second is made, which answers once it is `ready`.
    op.execute(
        """
        CREATE TABLE usage_rollup_sets (
            tenant_id uuid NOT NULL,
            rollup bigint GENERATED ALWAYS AS IDENTITY,
            base text NOT NULL,
            dimensions text[] NOT NULL,
            type text COLLATE "C" NOT NULL,
            aggregation text NOT NULL,
            property text,
            money text,
            filters json NOT NULL,
            snapshot pg_snapshot NOT NULL,
            rolled_at timestamptz NOT NULL,
            ready boolean NOT NULL,
            retired boolean NOT NULL DEFAULT false,
            checked_day date,
            PRIMARY KEY (tenant_id, rollup)
        )
        """
    )
    tenant_table("usage_rollup_sets")


def _rollups() -> None:
    # Levels: 1 quarter hour, 2 UTC day, of all events; 3 and 4 the same by dimensions. `key` is
    # the SHA-256 of the dimensions' texts, which may be too long for an index. No foreign keys:
    # rows are written by one job, which knows its set.
    op.execute(
        """
        CREATE TABLE usage_rollups (
            tenant_id uuid NOT NULL,
            rollup bigint NOT NULL,
            level smallint NOT NULL,
            start timestamptz NOT NULL,
            key bytea NOT NULL,
            dims text[] NOT NULL,
            events bigint NOT NULL,
            stated bigint NOT NULL,
            total numeric NOT NULL,
            most numeric,
            least numeric,
            latest numeric,
            latest_time timestamptz,
            latest_source text COLLATE "C",
            latest_id text COLLATE "C",
            money numeric NOT NULL,
            lane_1 numeric NOT NULL,
            lane_2 numeric NOT NULL,
            lane_3 numeric NOT NULL,
            lane_4 numeric NOT NULL,
            PRIMARY KEY (tenant_id, rollup, level, start, key)
        ) WITH (fillfactor = 70)
        """
    )
    tenant_table("usage_rollups")


def _values() -> None:
    # How often each value of a meter of unique values occurs, by the SHA-256 of its text: what is
    # taken back is counted down, so that a value leaves with its last event.
    op.execute(
        """
        CREATE TABLE usage_rollup_values (
            tenant_id uuid NOT NULL,
            rollup bigint NOT NULL,
            level smallint NOT NULL,
            start timestamptz NOT NULL,
            key bytea NOT NULL,
            value bytea NOT NULL,
            dims text[] NOT NULL,
            events bigint NOT NULL,
            PRIMARY KEY (tenant_id, rollup, level, start, key, value)
        ) WITH (fillfactor = 70)
        """
    )
    tenant_table("usage_rollup_values")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
