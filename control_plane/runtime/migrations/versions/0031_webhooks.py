"""Tables of: webhook endpoints, what was sent to them, and alerts of usage."""

from alembic import op

from control_plane.runtime.migrations.helpers import system_purge, tenant_table

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _endpoints()
    _messages()
    _deliveries()
    _attempts()
    _alerts()


def _endpoints() -> None:
    # `sealed` holds the whole address and the secrets, encrypted: a robot's address is a secret.
    # `url` is what may be shown. `failing_since` is the first failure after the last success.
    op.execute(
        """
        CREATE TABLE webhook_endpoints (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            kind text NOT NULL CHECK (kind IN ('standard', 'dingtalk', 'wecom')),
            description text NOT NULL,
            url text NOT NULL,
            sealed bytea NOT NULL,
            events text[] NOT NULL,
            created_at timestamptz NOT NULL,
            disabled_at timestamptz,
            disabled_reason text CHECK (disabled_reason IN ('person', 'gone', 'failing')),
            failing_since timestamptz,
            PRIMARY KEY (tenant_id, id),
            CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
        )
        """
    )
    tenant_table("webhook_endpoints")


def _messages() -> None:
    # `body` is sent as it is, whenever: what was signed is what is stored.
    op.execute(
        """
        CREATE TABLE webhook_messages (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            type text NOT NULL,
            body text NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, id)
        )
        """
    )
    op.execute("CREATE INDEX webhook_messages_age ON webhook_messages (created_at)")
    tenant_table("webhook_messages", privileges="SELECT, INSERT")
    system_purge("webhook_messages", when="created_at < now() - interval '29 days'")


def _deliveries() -> None:
    # `tries` counts since the last replay and sets the pause; `attempts` counts for ever.
    op.execute(
        """
        CREATE TABLE webhook_deliveries (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            message_id uuid NOT NULL,
            endpoint_id uuid NOT NULL,
            state text NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
            attempts integer NOT NULL DEFAULT 0,
            tries integer NOT NULL DEFAULT 0,
            next_at timestamptz NOT NULL,
            claimed_until timestamptz,
            ended_at timestamptz,
            last_status integer,
            last_error text,
            PRIMARY KEY (tenant_id, id),
            UNIQUE (tenant_id, message_id, endpoint_id),
            FOREIGN KEY (tenant_id, message_id) REFERENCES webhook_messages ON DELETE CASCADE,
            FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints ON DELETE CASCADE,
            CHECK ((state = 'pending') = (ended_at IS NULL))
        )
        """
    )
    op.execute(
        "CREATE INDEX webhook_deliveries_due ON webhook_deliveries "
        "(next_at, tenant_id, endpoint_id) WHERE state = 'pending'"
    )
    op.execute(
        "CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries "
        "(tenant_id, endpoint_id, state, id)"
    )
    tenant_table("webhook_deliveries", queue=True)


def _attempts() -> None:
    op.execute(
        """
        CREATE TABLE webhook_attempts (
            tenant_id uuid NOT NULL,
            delivery_id uuid NOT NULL,
            number integer NOT NULL,
            at timestamptz NOT NULL,
            milliseconds integer NOT NULL,
            status integer,
            error text,
            answer text NOT NULL,
            PRIMARY KEY (tenant_id, delivery_id, number),
            FOREIGN KEY (tenant_id, delivery_id) REFERENCES webhook_deliveries ON DELETE CASCADE
        )
        """
    )
    tenant_table("webhook_attempts", privileges="SELECT, INSERT")


def _alerts() -> None:
    op.execute(
        """
        CREATE TABLE usage_alert_settings (
            tenant_id uuid PRIMARY KEY,
            thresholds integer[] NOT NULL,
            forecast boolean NOT NULL,
            mail_roles text[] NOT NULL
        )
        """
    )
    tenant_table("usage_alert_settings")
    # One row says that it was told: `mark` is a percentage, or "forecast".
    op.execute(
        """
        CREATE TABLE usage_alerts (
            tenant_id uuid NOT NULL,
            feature text COLLATE "C" NOT NULL,
            period text COLLATE "C" NOT NULL,
            mark text COLLATE "C" NOT NULL,
            used numeric NOT NULL,
            "limit" numeric NOT NULL,
            forecast numeric,
            found_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, feature, period, mark)
        )
        """
    )
    tenant_table("usage_alerts", privileges="SELECT, INSERT")
    # Who has usage that was not looked at: set in the transaction that rolls it up.
    op.execute(
        """
        CREATE TABLE usage_alert_checks (
            tenant_id uuid PRIMARY KEY,
            due boolean NOT NULL,
            checked_at timestamptz NOT NULL
        )
        """
    )
    op.execute("CREATE INDEX usage_alert_checks_due ON usage_alert_checks (due, checked_at)")
    tenant_table("usage_alert_checks", queue=True)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
