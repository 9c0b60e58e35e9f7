"""Tables of: what if."""

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing changes here yet."""


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
