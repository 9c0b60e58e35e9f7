"""Tables of: how far usage was taken from brokers' streams, and what could not be taken."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _positions()
    _refusals()
    _streams()


def _positions() -> None:
    # Moves in the transaction of a tenant's events, and is the lock that orders takers.
    op.execute(
        """
        CREATE TABLE usage_source_positions (
            tenant_id uuid NOT NULL,
            source text NOT NULL,
            sequence bigint NOT NULL CHECK (sequence >= 0),
            PRIMARY KEY (tenant_id, source)
        )
        """
    )
    tenant_table("usage_source_positions", privileges="SELECT, INSERT, UPDATE")


def _refusals() -> None:
    # One row a message of which something was refused, with every such event's reason.
    op.execute(
        """
        CREATE TABLE usage_source_refusals (
            tenant_id uuid NOT NULL,
            source text NOT NULL,
            sequence bigint NOT NULL,
            subject text NOT NULL,
            reasons jsonb NOT NULL,
            body bytea NOT NULL,
            seen_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, source, sequence)
        )
        """
    )
    tenant_table("usage_source_refusals", staff=True, privileges="SELECT, INSERT")
    append_only("usage_source_refusals")


def _streams() -> None:
    # Over all tenants: from where a stream is read, and its messages that are nobody's.
    op.execute("CREATE TABLE usage_sources (source text PRIMARY KEY, sequence bigint NOT NULL)")
    op.execute(
        """
        CREATE TABLE usage_source_strays (
            source text NOT NULL,
            sequence bigint NOT NULL,
            subject text NOT NULL,
            reason text NOT NULL,
            body bytea NOT NULL,
            seen_at timestamptz NOT NULL,
            PRIMARY KEY (source, sequence)
        )
        """
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON usage_sources TO tallyard_system")
    op.execute("GRANT SELECT, INSERT ON usage_source_strays TO tallyard_system")
    op.execute("GRANT SELECT ON usage_sources, usage_source_strays TO tallyard_staff")
    append_only("usage_source_strays")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
