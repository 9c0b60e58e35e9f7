"""Tables of: subscription life.

A timeline learns more kinds of change; what each says is in its details.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KINDS = """
ALTER TABLE subscription_changes
    DROP CONSTRAINT subscription_changes_kind_check,
    ADD CONSTRAINT subscription_changes_kind_check CHECK (kind IN (
        'start', 'change_plan', 'change_quantity', 'extend_trial', 'pause', 'resume', 'book_addon',
        'change_booking', 'cancel_booking', 'set_terms', 'cancel', 'reactivate'))
"""


def upgrade() -> None:
    op.execute(_KINDS)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
