"""Tables of: subscriptions."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SUBSCRIPTIONS = """
CREATE TABLE subscriptions (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
"""

_CHANGES = """
CREATE TABLE subscription_changes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    seq integer NOT NULL CHECK (seq > 0),
    effective_at timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('start', 'change_plan', 'book_addon', 'cancel')),
    plan_version_id uuid REFERENCES plan_versions (id),
    addon_version_id uuid REFERENCES addon_versions (id),
    details jsonb NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subscription_id, seq),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    CHECK ((seq = 1) = (kind = 'start')),
    CHECK ((kind IN ('start', 'change_plan')) = (plan_version_id IS NOT NULL)),
    CHECK ((kind = 'book_addon') = (addon_version_id IS NOT NULL))
)
"""


def upgrade() -> None:
    op.execute(_SUBSCRIPTIONS)
    op.execute(_CHANGES)
    # Locking a row asks for the UPDATE privilege; the trigger still refuses any update.
    tenant_table("subscriptions", staff=True, privileges="SELECT, INSERT, UPDATE")
    tenant_table("subscription_changes", staff=True, privileges="SELECT, INSERT")
    append_only("subscriptions")
    append_only("subscription_changes")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
