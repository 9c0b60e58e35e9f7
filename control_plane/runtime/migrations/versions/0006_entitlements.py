"""Tables of: entitlements."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
