"""Tables of: catalog pricing."""

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing changes here yet."""


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
