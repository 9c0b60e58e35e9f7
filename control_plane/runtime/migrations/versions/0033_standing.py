"""Tables of: how tenants stand with their payments, and the steps that led there."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, staff_read, tenant_table

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_STANDINGS = "'active', 'grace', 'read_only', 'suspended', 'retained', 'purged'"


def upgrade() -> None:
    # What the steps lead to, for whoever looks for what is due. Instants are the tenant's own.
    op.execute(
        f"""
        CREATE TABLE standings (
            tenant_id uuid PRIMARY KEY,
            standing text NOT NULL CHECK (standing IN ({_STANDINGS})),
            since timestamptz,
            next_at timestamptz,
            held_until timestamptz
        )
        """
    )
    op.execute("CREATE INDEX standings_due ON standings (next_at) WHERE next_at IS NOT NULL")
    tenant_table("standings", privileges="SELECT, INSERT, UPDATE")
    staff_read("standings")
    op.execute(
        "CREATE POLICY standings_due ON standings FOR SELECT TO tallyard_system USING (true)"
    )
    op.execute("GRANT SELECT ON standings TO tallyard_system")
    op.execute(
        f"""
        CREATE TABLE standing_steps (
            tenant_id uuid NOT NULL,
            number bigint NOT NULL CHECK (number > 0),
            kind text NOT NULL CHECK (kind IN ('announced', 'entered', 'held', 'released')),
            standing text NOT NULL CHECK (standing IN ({_STANDINGS})),
            at timestamptz NOT NULL,
            since timestamptz,
            effective_at timestamptz,
            reason text NOT NULL,
            actor text NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
            PRIMARY KEY (tenant_id, number),
            CHECK (kind NOT IN ('announced', 'held') OR effective_at IS NOT NULL)
        )
        """
    )
    tenant_table("standing_steps", staff=True, privileges="SELECT, INSERT")
    append_only("standing_steps")
    _debts()
    # Set when the files that a removed instance left behind are gone, too.
    op.execute("ALTER TABLE instances ADD COLUMN export_purged_at timestamptz")


def _debts() -> None:
    # Open invoices are looked for over all tenants, beside those that will fall overdue (0012).
    op.execute(
        "CREATE POLICY invoices_overdue_still ON invoices FOR SELECT TO tallyard_system "
        "USING (state = 'overdue')"
    )
    op.execute(
        "CREATE INDEX invoices_open ON invoices (tenant_id, overdue_at) "
        "WHERE state IN ('issued', 'overdue')"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
