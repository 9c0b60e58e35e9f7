"""Tables of the runtime: outbox, idempotency keys, job runs."""

from alembic import op

from control_plane.runtime.migrations.helpers import system_purge, tenant_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    op.execute(
        "GRANT USAGE ON SCHEMA public "
        "TO tallyard_tenant, tallyard_system, tallyard_staff, tallyard_auth"
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    _outbox()
    _idempotency_keys()
    _job_runs()


def _outbox() -> None:
    op.execute(
        """
        CREATE TABLE outbox (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            topic text NOT NULL,
            payload jsonb NOT NULL,
            available_at timestamptz NOT NULL,
            claimed_until timestamptz,
            attempts integer NOT NULL DEFAULT 0,
            done_at timestamptz,
            dead_at timestamptz,
            last_error text,
            PRIMARY KEY (tenant_id, id)
        )
        """
    )
    op.execute(
        "CREATE INDEX outbox_pending ON outbox (available_at) "
        "WHERE done_at IS NULL AND dead_at IS NULL"
    )
    op.execute("CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL")
    tenant_table("outbox", queue=True, staff=True)
    # What was not delivered is never deleted, whatever the program believes.
    system_purge("outbox", when="done_at IS NOT NULL")


def _idempotency_keys() -> None:
    op.execute(
        """
        CREATE TABLE idempotency_keys (
            tenant_id uuid NOT NULL,
            key text NOT NULL,
            request_hash text NOT NULL,
            status integer,
            media_type text,
            location text,
            body bytea,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, key)
        )
        """
    )
    op.execute("CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at)")
    tenant_table("idempotency_keys")
    system_purge("idempotency_keys")


def _job_runs() -> None:
    op.execute(
        """
        CREATE TABLE job_runs (
            name text PRIMARY KEY,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            handled integer NOT NULL DEFAULT 0,
            last_error text
        )
        """
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON job_runs TO tallyard_system")
    op.execute("GRANT SELECT ON job_runs TO tallyard_staff")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
