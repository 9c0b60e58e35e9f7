"""Tables of tenancy and identity, and the only functions that look across tenants.

Users, their sessions and their sign-ins belong to no tenant. No role is granted
these tables: the auth role calls the ``auth_…`` functions below, each of which
answers one question about one secret or one person. They run as the owner, whom
FORCE ROW LEVEL SECURITY binds too, so the owner has policies for exactly that.
"""

from pathlib import Path

from alembic import op

from control_plane.runtime.migrations.helpers import tenant_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MINE = "NULLIF(current_setting('app.tenant_id', true), '')::uuid"

_TENANCY = """
CREATE TABLE organisations (
    id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    zone text NOT NULL DEFAULT 'Asia/Shanghai',
    language text NOT NULL DEFAULT 'en',
    currency text NOT NULL DEFAULT 'CNY' CHECK (currency ~ '^[A-Z]{3}$'),
    sandbox boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'closed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (id, sandbox)
);
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    password_hash text,
    language text NOT NULL DEFAULT 'en',
    staff_roles text[] NOT NULL DEFAULT '{}' CHECK (staff_roles <@ ARRAY['operator', 'finance']),
    created_at timestamptz NOT NULL
);
CREATE TABLE user_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id),
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE TABLE members (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'viewer')),
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX members_user ON members (user_id);
CREATE TABLE invitations (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    email text NOT NULL CHECK (email = lower(email)),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'billing', 'viewer')),
    hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    invited_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX invitations_open ON invitations (tenant_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;
CREATE TABLE test_clocks (
    tenant_id uuid PRIMARY KEY,
    sandbox boolean NOT NULL DEFAULT true CHECK (sandbox),
    now_at timestamptz NOT NULL,
    target_at timestamptz CHECK (target_at >= now_at),
    state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'advancing')),
    last_error text,
    CHECK ((state = 'advancing') = (target_at IS NOT NULL)),
    -- A live tenant cannot have a test clock, whatever the program believes.
    FOREIGN KEY (tenant_id, sandbox) REFERENCES organisations (id, sandbox)
);
CREATE INDEX test_clocks_advancing ON test_clocks (tenant_id) WHERE state = 'advancing';
"""

_IDENTITY = """
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    user_id uuid NOT NULL REFERENCES users (id),
    tenant_id uuid,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    idle_expires_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    -- Who stops being a member stops being signed in to that tenant.
    FOREIGN KEY (tenant_id, user_id) REFERENCES members (tenant_id, user_id)
        ON DELETE SET NULL (tenant_id)
);
CREATE INDEX sessions_membership ON sessions (tenant_id, user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE TABLE oidc_logins (
    hash text PRIMARY KEY CHECK (hash ~ '^[0-9a-f]{64}$'),
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE TABLE api_keys (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    prefix text NOT NULL,
    hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE TABLE service_tokens (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    instance_id uuid NOT NULL,
    module text NOT NULL,
    hash text NOT NULL UNIQUE CHECK (hash ~ '^[0-9a-f]{64}$'),
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX service_tokens_instance ON service_tokens (tenant_id, instance_id);
"""


def upgrade() -> None:
    op.execute(_TENANCY)
    op.execute(_IDENTITY)
    _protect_tenant_tables()
    _protect_global_tables()
    op.execute(Path(__file__).with_name("0002_functions.sql").read_text(encoding="utf-8"))


def _protect_tenant_tables() -> None:
    tenant_table("organisations", staff=True, privileges="SELECT, INSERT", tenant_column="id")
    op.execute("GRANT UPDATE (name, language, state) ON organisations TO tallyard_tenant")
    op.execute(
        "CREATE POLICY organisations_system ON organisations FOR SELECT "
        "TO tallyard_system USING (true)"
    )
    tenant_table("members", staff=True)
    tenant_table("test_clocks", staff=True, queue=True)
    tenant_table("invitations", privileges="SELECT, INSERT")
    op.execute("GRANT UPDATE (accepted_at, revoked_at) ON invitations TO tallyard_tenant")
    for name in ("api_keys", "service_tokens"):
        tenant_table(name, privileges="SELECT, INSERT")
        op.execute(f"GRANT UPDATE (revoked_at) ON {name} TO tallyard_tenant")
    for name in (
        "organisations",
        "members",
        "test_clocks",
        "invitations",
        "api_keys",
        "service_tokens",
    ):
        op.execute(
            f"CREATE POLICY {name}_lookup ON {name} FOR SELECT TO tallyard_owner USING (true)"
        )


def _protect_global_tables() -> None:
    for name in ("users", "user_identities", "sessions", "oidc_logins"):
        op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {name}_owner ON {name} TO tallyard_owner USING (true)")
    # A tenant sees its own members' names, and no password hash of anyone.
    op.execute(
        "CREATE POLICY users_fellows ON users FOR SELECT TO tallyard_tenant USING (EXISTS ("
        f"SELECT 1 FROM members m WHERE m.user_id = users.id AND m.tenant_id = {_MINE}))"
    )
    op.execute("GRANT SELECT (id, email, name, language) ON users TO tallyard_tenant")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
