"""Revisions of snapshots may be asked for over tenants, by those who listen for new ones."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_NEWEST = "newest_entitlement_revisions(uuid[])"


def upgrade() -> None:
    # The function runs as the owner, whom FORCE ROW LEVEL SECURITY binds too. It tells numbers
    # only: what a snapshot says stays the tenant's.
    op.execute(
        "CREATE POLICY entitlement_snapshots_newest ON entitlement_snapshots "
        "FOR SELECT TO tallyard_owner USING (true)"
    )
    op.execute(
        """
        CREATE FUNCTION newest_entitlement_revisions(p_tenants uuid[])
        RETURNS TABLE (tenant_id uuid, revision bigint)
        LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, public, pg_temp AS $body$
            SELECT asked.id, newest.revision
            FROM unnest(p_tenants) AS asked (id)
            CROSS JOIN LATERAL (
                SELECT s.revision FROM entitlement_snapshots s
                WHERE s.tenant_id = asked.id ORDER BY s.revision DESC LIMIT 1
            ) AS newest;
        $body$
        """
    )
    op.execute(f"REVOKE ALL ON FUNCTION {_NEWEST} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_NEWEST} TO tallyard_system")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
