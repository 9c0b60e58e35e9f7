"""Where a tenant's usage is kept, moves between stores, and inserts into ClickHouse under way."""

from alembic import op

from control_plane.runtime.migrations.helpers import tenant_table

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _stores()
    _inserts()


def _stores() -> None:
    # No row: the default store. `mark` is where copying goes on, `cutoff` what it copies.
    op.execute(
        """
        CREATE TABLE usage_stores (
            tenant_id uuid PRIMARY KEY,
            store text NOT NULL CHECK (store IN ('postgres', 'clickhouse')),
            moving_to text CHECK (moving_to IN ('postgres', 'clickhouse') AND moving_to <> store),
            cutoff text,
            stage text,
            mark text,
            copied bigint NOT NULL DEFAULT 0
        )
        """
    )
    tenant_table("usage_stores", queue=True, privileges="SELECT, INSERT, UPDATE")


def _inserts() -> None:
    # Committed before the rows of the transaction `recorded` reach ClickHouse, and gone with that
    # transaction's commit: rows of a transaction that is listed here count for nobody.
    op.execute(
        """
        CREATE TABLE usage_inserts (
            tenant_id uuid NOT NULL,
            seq bigint GENERATED ALWAYS AS IDENTITY,
            recorded xid8 NOT NULL,
            void_since timestamptz,
            PRIMARY KEY (tenant_id, seq)
        )
        """
    )
    tenant_table("usage_inserts", queue=True)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
