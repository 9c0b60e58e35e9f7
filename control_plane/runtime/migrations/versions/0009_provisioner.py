"""Tables of: provisioner."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SELECT 1")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
