"""A lease that was spent to its end is taken back too, and every ended one can be forgotten."""

from pathlib import Path

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # An account whose leases hold nothing any more may still have open ones.
    op.execute(Path(__file__).with_name("0039_lease_load.sql").read_text(encoding="utf-8"))
    op.execute("DROP INDEX leases_past")
    op.execute(
        "CREATE INDEX leases_past ON leases (closed_at) WHERE state IN ('closed', 'expired')"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
