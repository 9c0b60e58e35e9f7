"""Why a tenant's billing is halted, as code and values; what was halted before keeps its text."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE billing_accounts ADD COLUMN parked_failure jsonb")
    op.execute(
        "ALTER TABLE billing_accounts ADD CONSTRAINT parked_failure_has_its_text "
        "CHECK (parked_failure IS NULL OR parked_reason IS NOT NULL)"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
