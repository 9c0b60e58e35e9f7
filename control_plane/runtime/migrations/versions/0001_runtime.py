"""Tables of: runtime."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
