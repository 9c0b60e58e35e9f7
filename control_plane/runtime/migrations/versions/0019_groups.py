"""Tables of: groups."""

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing changes here yet."""


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
