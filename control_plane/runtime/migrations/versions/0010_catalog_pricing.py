"""Tables of: catalog pricing. Usage that came too late for its meter is kept to be looked at."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Never counted by anything. An event that is sent again is kept once.
    op.execute(
        """
        CREATE TABLE usage_refusals (
            tenant_id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY,
            reason text NOT NULL,
            refused_at timestamptz NOT NULL,
            type text COLLATE "C" NOT NULL,
            time timestamptz NOT NULL,
            source text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            subject text,
            data jsonb NOT NULL,
            hash bytea NOT NULL,
            PRIMARY KEY (tenant_id, seq),
            UNIQUE (tenant_id, source, id, hash)
        )
        """
    )
    tenant_table("usage_refusals", privileges="SELECT, INSERT")
    append_only("usage_refusals")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
