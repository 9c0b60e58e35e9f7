"""Tables of metering: which events were seen, and the events."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PARTITIONS = 8


def upgrade() -> None:
    _identities()
    _events()


def _identities() -> None:
    # A table of its own, because a unique key on events that are one day
    # partitioned by time would miss the same id at another time. No foreign key
    # to organisations: it would cost each event a look-up and a row lock, and
    # the tenant comes from whoever authenticated, never from the event.
    op.execute(
        """
        CREATE TABLE usage_identities (
            tenant_id uuid NOT NULL,
            source text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            hash bytea NOT NULL,
            event_time timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, source, id)
        ) PARTITION BY HASH (tenant_id, source, id)
        """
    )
    for remainder in range(_PARTITIONS):
        name = f"usage_identities_{remainder}"
        op.execute(
            f"CREATE TABLE {name} PARTITION OF usage_identities "
            f"FOR VALUES WITH (MODULUS {_PARTITIONS}, REMAINDER {remainder})"
        )
        # Never granted: rows are reached through the parent and its policies.
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    tenant_table("usage_identities", privileges="SELECT, INSERT")
    append_only("usage_identities")


def _events() -> None:
    # `recorded` is what cut-offs compare: the transaction that stored the event.
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
        )
        """
    )
    # Finds what came late since an earlier cut-off without reading the years before.
    op.execute("CREATE INDEX usage_events_recorded ON usage_events (tenant_id, type, recorded)")
    tenant_table("usage_events", privileges="SELECT, INSERT")
    append_only("usage_events")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
