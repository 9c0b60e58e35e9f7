"""Tables of: what tenants are granted besides what they bought, and what was used at its turns."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _grants()
    _uses()
    # The tenant's own present at the issue: a test clock's where it has one. Null before 0035.
    op.execute("ALTER TABLE entitlement_snapshots ADD COLUMN present_at timestamptz")


def _grants() -> None:
    # An override has no priority, recurrence or rollover. Instants are the tenant's own time.
    op.execute(
        """
        CREATE TABLE feature_grants (
            tenant_id uuid NOT NULL REFERENCES organisations (id),
            id uuid NOT NULL,
            override boolean NOT NULL,
            feature text NOT NULL,
            value jsonb NOT NULL,
            starts_at timestamptz NOT NULL,
            ends_at timestamptz CHECK (ends_at > starts_at),
            priority integer NOT NULL CHECK (priority BETWEEN 0 AND 1000),
            zone text,
            interval text,
            count integer CHECK (count > 0),
            rollover_least bigint NOT NULL CHECK (rollover_least >= 0),
            rollover_most bigint CHECK (rollover_most >= rollover_least),
            reason text NOT NULL CHECK (reason <> ''),
            created_by text NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, id),
            CHECK ((interval IS NULL) = (count IS NULL) AND (interval IS NULL) = (zone IS NULL)),
            CHECK (NOT override OR interval IS NULL)
        )
        """
    )
    tenant_table("feature_grants", staff=True, privileges="SELECT, INSERT")
    append_only("feature_grants")
    op.execute(
        """
        CREATE TABLE feature_grant_ends (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            at timestamptz NOT NULL,
            reason text NOT NULL CHECK (reason <> ''),
            created_by text NOT NULL,
            PRIMARY KEY (tenant_id, id),
            FOREIGN KEY (tenant_id, id) REFERENCES feature_grants
        )
        """
    )
    tenant_table("feature_grant_ends", staff=True, privileges="SELECT, INSERT")
    append_only("feature_grant_ends")


def _uses() -> None:
    # What had been used in a period by an instant within it, where balances turn.
    op.execute(
        """
        CREATE TABLE feature_readings (
            tenant_id uuid NOT NULL,
            feature text NOT NULL,
            at timestamptz NOT NULL,
            period text NOT NULL,
            units bigint NOT NULL CHECK (units >= 0),
            PRIMARY KEY (tenant_id, feature, at)
        )
        """
    )
    tenant_table("feature_readings", privileges="SELECT, INSERT")
    append_only("feature_readings")
    # When a tenant's balances turn next, for whoever looks for what is due.
    op.execute("CREATE TABLE feature_turns (tenant_id uuid PRIMARY KEY, next_at timestamptz)")
    op.execute("CREATE INDEX feature_turns_due ON feature_turns (next_at)")
    tenant_table("feature_turns", queue=True, privileges="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
