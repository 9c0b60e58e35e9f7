"""Tables of: quotes, and the migration of subscriptions to a plan's newest version."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None

# A quote is frozen when it is made; what became of it is one answer, given once.
_QUOTES = """
CREATE TABLE quote_numbers (
    year integer PRIMARY KEY,
    last integer NOT NULL CHECK (last > 0)
);
CREATE TABLE quotes (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    number text NOT NULL UNIQUE,
    body bytea NOT NULL,
    body_sha256 text NOT NULL,
    promise text NOT NULL,
    valid_until timestamptz NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE TABLE quote_answers (
    tenant_id uuid NOT NULL,
    quote_id uuid NOT NULL,
    answer text NOT NULL CHECK (answer IN ('accepted', 'declined', 'withdrawn')),
    at timestamptz NOT NULL,
    actor text NOT NULL,
    subscription_id uuid,
    PRIMARY KEY (tenant_id, quote_id),
    FOREIGN KEY (tenant_id, quote_id) REFERENCES quotes (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    CHECK ((answer = 'accepted') = (subscription_id IS NOT NULL))
);
"""

# A migration is the vendor's; its moves are found by the worker one tenant at a time.
_MIGRATIONS = """
CREATE TABLE plan_migrations (
    id uuid PRIMARY KEY,
    plan_code text NOT NULL,
    to_version_id uuid NOT NULL REFERENCES plan_versions (id),
    mode text NOT NULL CHECK (mode IN ('at_once', 'at_renewal', 'on_date')),
    on_date timestamptz,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (to_version_id, mode, on_date),
    CHECK ((mode = 'on_date') = (on_date IS NOT NULL))
);
CREATE TABLE plan_migration_moves (
    tenant_id uuid NOT NULL,
    migration_id uuid NOT NULL REFERENCES plan_migrations (id),
    subscription_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'moved', 'skipped', 'failed')),
    reason text,
    effective_at timestamptz,
    handled_at timestamptz,
    PRIMARY KEY (tenant_id, migration_id, subscription_id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    CHECK ((state = 'pending') = (handled_at IS NULL)),
    CHECK ((state = 'moved') = (effective_at IS NOT NULL))
);
CREATE INDEX plan_migration_moves_pending ON plan_migration_moves (migration_id, tenant_id)
    WHERE state = 'pending';
"""


def upgrade() -> None:
    op.execute(_QUOTES)
    op.execute(_MIGRATIONS)
    for name in ("quotes", "quote_answers"):
        tenant_table(name, staff=True, privileges="SELECT, INSERT")
        append_only(name)
    op.execute("GRANT SELECT, INSERT, UPDATE ON quote_numbers TO tallyard_tenant")
    tenant_table("plan_migration_moves", staff=True, queue=True, privileges="SELECT, UPDATE")
    op.execute(
        "CREATE POLICY plan_migration_moves_found ON plan_migration_moves FOR INSERT "
        "TO tallyard_system WITH CHECK (true)"
    )
    op.execute("GRANT INSERT ON plan_migration_moves TO tallyard_system")
    op.execute("GRANT SELECT ON plan_migrations TO tallyard_tenant, tallyard_staff")
    op.execute("GRANT SELECT, INSERT ON plan_migrations TO tallyard_system")
    append_only("plan_migrations")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
