"""Tables of: provisioner."""

from alembic import op

from control_plane.runtime.migrations.helpers import tenant_table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# `state` is what was last seen; `ready_at` says that data exist, since the instance has run.
_INSTANCES = """
CREATE TABLE instances (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    module text NOT NULL,
    runtime text NOT NULL,
    desired text NOT NULL CHECK (desired IN ('running', 'removed')),
    state text NOT NULL CHECK (state IN (
        'absent', 'created', 'starting', 'ready', 'unhealthy', 'stopped', 'unknown', 'removed')),
    generation integer NOT NULL DEFAULT 1 CHECK (generation > 0),
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    base_url text NOT NULL,
    last_error text,
    created_at timestamptz NOT NULL,
    ready_at timestamptz,
    exported_at timestamptz,
    export_file text,
    export_sha256 text CHECK (export_sha256 ~ '^[0-9a-f]{64}$'),
    removed_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((state = 'removed') = (removed_at IS NOT NULL)),
    -- nothing that has run is closed without an export that was restored once
    CHECK (removed_at IS NULL OR ready_at IS NULL OR export_sha256 IS NOT NULL),
    CHECK ((export_sha256 IS NULL) = (exported_at IS NULL))
)
"""


def upgrade() -> None:
    op.execute(_INSTANCES)
    op.execute(
        "CREATE UNIQUE INDEX instances_one_per_module ON instances (tenant_id, module) "
        "WHERE removed_at IS NULL"
    )
    # over all tenants: they share the machine's ports
    op.execute(
        "CREATE UNIQUE INDEX instances_port ON instances (runtime, port) WHERE removed_at IS NULL"
    )
    tenant_table("instances", staff=True, queue=True, privileges="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
