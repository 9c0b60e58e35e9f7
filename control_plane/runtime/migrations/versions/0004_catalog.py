"""Tables of: catalog."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, global_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_VERSIONS = """
CREATE TABLE {name} (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    body text NOT NULL,
    body_sha256 text NOT NULL,
    published_at timestamptz NOT NULL,
    UNIQUE (code, version)
)
"""

# `body` is canonical JSON kept as text: the bytes that were hashed are the bytes that are read.
_REVISIONS = """
CREATE TABLE catalog_revisions (
    revision integer PRIMARY KEY CHECK (revision > 0),
    body text NOT NULL,
    body_sha256 text NOT NULL,
    source text NOT NULL,
    published_at timestamptz NOT NULL
)
"""


def upgrade() -> None:
    op.execute(_VERSIONS.format(name="plan_versions"))
    op.execute(_VERSIONS.format(name="addon_versions"))
    op.execute(_REVISIONS)
    for name in ("plan_versions", "addon_versions", "catalog_revisions"):
        global_table(name)
        append_only(name)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
