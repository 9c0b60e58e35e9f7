"""Table of: events whose type no meter counts yet, kept until they are replayed or discarded."""

from alembic import op

from control_plane.runtime.migrations.helpers import tenant_table

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Counted by nothing, and no identity is used up: the first body of a source and id waits here.
    # `tried_at` and `revision` are those of the last replay that left it, `refusal` says why.
    op.execute(
        """
        CREATE TABLE usage_quarantine (
            tenant_id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY,
            type text COLLATE "C" NOT NULL,
            time timestamptz NOT NULL,
            source text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            subject text,
            data jsonb NOT NULL,
            hash bytea NOT NULL,
            takes_back text CHECK (takes_back IN ('corrects', 'retracts')),
            target_id text COLLATE "C" CHECK ((target_id IS NULL) = (takes_back IS NULL)),
            received_at timestamptz NOT NULL,
            revision integer NOT NULL,
            tried_at timestamptz,
            refusal text,
            PRIMARY KEY (tenant_id, seq),
            UNIQUE (tenant_id, source, id)
        )
        """
    )
    # What a catalogue newly counts is found by its type, whoever sent it.
    op.execute("CREATE INDEX usage_quarantine_type ON usage_quarantine (type, revision)")
    tenant_table("usage_quarantine", staff=True)
    op.execute(
        "CREATE POLICY usage_quarantine_read ON usage_quarantine FOR SELECT TO tallyard_system "
        "USING (true)"
    )
    op.execute("GRANT SELECT (tenant_id, type, revision) ON usage_quarantine TO tallyard_system")
    op.execute("GRANT SELECT ON catalog_revisions TO tallyard_system")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
