"""The system role may forget accounts and alerts of periods that are over."""

from alembic import op

from control_plane.runtime.migrations.helpers import system_purge

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What has no end, such as a rolling window's account, is nobody's to forget.
    system_purge("lease_accounts", when="period_end IS NOT NULL")
    op.execute("CREATE INDEX lease_accounts_past ON lease_accounts (tenant_id, period_end)")
    op.execute(
        "CREATE POLICY leases_forgotten ON leases FOR DELETE TO tallyard_system "
        "USING (state = 'lost')"
    )
    system_purge("usage_alerts", when="period <> 'ever'")
    op.execute("CREATE INDEX usage_alerts_past ON usage_alerts (tenant_id, found_at)")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
