"""Tables of: entitlements."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# `facts_sha256` is of the payload without its revision and time of issue: equal facts, no
# new revision.
_SNAPSHOTS = """
CREATE TABLE entitlement_snapshots (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    revision bigint NOT NULL CHECK (revision > 0),
    payload bytea NOT NULL,
    signature bytea NOT NULL,
    key_id text NOT NULL,
    facts_sha256 text NOT NULL,
    issued_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, revision)
)
"""


def upgrade() -> None:
    op.execute(_SNAPSHOTS)
    tenant_table("entitlement_snapshots", privileges="SELECT, INSERT")
    append_only("entitlement_snapshots")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
