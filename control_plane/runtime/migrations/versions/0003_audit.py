"""Tables of audit: the entries, the seals that chain them, and what waits to be sealed."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE audit_entries (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL CHECK (actor <> ''),
    action text NOT NULL CHECK (action <> ''),
    object_type text NOT NULL,
    object_id text NOT NULL,
    details jsonb NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE TABLE audit_seals (
    tenant_id uuid NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    entry_id uuid NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    PRIMARY KEY (tenant_id, seq),
    UNIQUE (tenant_id, entry_id),
    FOREIGN KEY (tenant_id, entry_id) REFERENCES audit_entries (tenant_id, id)
);
CREATE TABLE audit_unsealed (
    tenant_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, entry_id)
);
"""

# Whoever writes an entry cannot keep it from being sealed: the queue fills itself.
_QUEUE = """
CREATE FUNCTION audit_await_seal() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $body$
BEGIN
    INSERT INTO audit_unsealed VALUES (NEW.tenant_id, NEW.id);
    RETURN NULL;
END
$body$;
REVOKE ALL ON FUNCTION audit_await_seal() FROM PUBLIC;
CREATE TRIGGER audit_entries_await_seal AFTER INSERT ON audit_entries
    FOR EACH ROW EXECUTE FUNCTION audit_await_seal();
"""


def upgrade() -> None:
    op.execute(_TABLES)
    op.execute(_QUEUE)
    tenant_table("audit_entries", privileges="SELECT, INSERT", staff=True)
    tenant_table("audit_seals", privileges="SELECT", staff=True)
    tenant_table("audit_unsealed", privileges="SELECT")
    append_only("audit_entries")
    append_only("audit_seals")
    op.execute("GRANT INSERT ON audit_seals TO tallyard_system")
    op.execute(
        "CREATE POLICY audit_unsealed_queue ON audit_unsealed TO tallyard_system USING (true)"
    )
    op.execute("GRANT SELECT, DELETE ON audit_unsealed TO tallyard_system")
    op.execute(
        "CREATE POLICY audit_unsealed_fill ON audit_unsealed FOR INSERT TO tallyard_owner "
        "WITH CHECK (true)"
    )


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
