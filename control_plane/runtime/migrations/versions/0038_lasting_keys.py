"""Whether what is known of an API key may be remembered for a moment."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

# `lasting`: no clock ends it, neither the real one nor one that a sandbox is moved by.
_LOOK_UP = """
CREATE FUNCTION auth_api_key(p_hash text, p_at timestamptz)
RETURNS TABLE (tenant_id uuid, id uuid, name text, scopes text[], lasting boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $body$
    SELECT k.tenant_id, k.id, k.name, k.scopes, k.expires_at IS NULL AND NOT o.sandbox
    FROM api_keys k JOIN organisations o ON o.id = k.tenant_id AND o.state = 'active'
    LEFT JOIN test_clocks c ON c.tenant_id = k.tenant_id
    WHERE k.hash = p_hash AND k.revoked_at IS NULL
      AND (k.expires_at IS NULL OR k.expires_at > coalesce(c.now_at, p_at));
$body$
"""


def upgrade() -> None:
    op.execute("DROP FUNCTION auth_api_key(text, timestamptz)")
    op.execute(_LOOK_UP)
    op.execute("REVOKE ALL ON FUNCTION auth_api_key(text, timestamptz) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION auth_api_key(text, timestamptz) TO tallyard_auth")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
