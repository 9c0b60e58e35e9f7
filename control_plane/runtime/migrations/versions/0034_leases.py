"""Tables of leases: accounts of units, who holds some, and the functions that grant them."""

from pathlib import Path

from alembic import op

from control_plane.runtime.migrations.helpers import system_purge, tenant_table

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _accounts()
    _slices()
    _leases()
    _requests()
    op.execute(Path(__file__).with_name("0034_lease_functions.sql").read_text(encoding="utf-8"))


def _accounts() -> None:
    # Conservation: whatever was granted is spent, held, lost, was returned, or left a rolling
    # window (forgotten). A hard account never has more out than its ceiling: the limit at the last
    # grant, or what was out already where a later limit is lower.
    op.execute(
        """
        CREATE TABLE lease_accounts (
            tenant_id uuid NOT NULL,
            feature text NOT NULL,
            period text NOT NULL,
            kind text NOT NULL
                CHECK (kind IN ('metered', 'rolling', 'rate', 'concurrency', 'seats')),
            hard boolean NOT NULL,
            period_start timestamptz,
            period_end timestamptz,
            window_seconds integer CHECK (kind <> 'rolling' OR window_seconds > 0),
            limit_units bigint NOT NULL CHECK (limit_units >= 0),
            ceiling bigint NOT NULL,
            granted bigint NOT NULL DEFAULT 0,
            spent bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
            held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
            lost bigint NOT NULL DEFAULT 0 CHECK (lost >= 0),
            returned bigint NOT NULL DEFAULT 0 CHECK (returned >= 0),
            forgotten bigint NOT NULL DEFAULT 0 CHECK (forgotten >= 0),
            metered bigint NOT NULL DEFAULT 0 CHECK (metered >= 0),
            metered_at timestamptz,
            rate numeric,
            tokens numeric NOT NULL DEFAULT 0 CHECK (tokens >= 0),
            refilled_at timestamptz NOT NULL,
            fence bigint NOT NULL DEFAULT 0,
            open_leases integer NOT NULL DEFAULT 0 CHECK (open_leases >= 0),
            PRIMARY KEY (tenant_id, feature, period),
            CONSTRAINT lease_accounts_conserved
                CHECK (granted = spent + held + lost + returned + forgotten),
            CONSTRAINT lease_accounts_bounded
                CHECK (NOT hard OR kind = 'rate' OR spent + held + lost <= ceiling),
            CONSTRAINT lease_accounts_burst CHECK (kind <> 'rate' OR held + tokens <= ceiling)
        ) WITH (fillfactor = 50)
        """
    )
    tenant_table("lease_accounts", staff=True, privileges="SELECT, INSERT, UPDATE")


def _slices() -> None:
    # What a rolling window spent, slice by slice, until it leaves the window.
    op.execute(
        """
        CREATE TABLE lease_slices (
            tenant_id uuid NOT NULL,
            feature text NOT NULL,
            period text NOT NULL,
            starts timestamptz NOT NULL,
            spent bigint NOT NULL CHECK (spent > 0),
            PRIMARY KEY (tenant_id, feature, period, starts),
            FOREIGN KEY (tenant_id, feature, period) REFERENCES lease_accounts
        )
        """
    )
    tenant_table("lease_slices")


def _leases() -> None:
    # Of an instance, of a reservation, or of a seat (its holder is whoever has it). No index has a
    # column that a renewal changes.
    op.execute(
        """
        CREATE TABLE leases (
            tenant_id uuid NOT NULL,
            id uuid NOT NULL,
            feature text NOT NULL,
            period text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('lease', 'reservation', 'seat')),
            holder text NOT NULL,
            epoch bigint NOT NULL,
            fence bigint NOT NULL,
            units bigint NOT NULL,
            spent bigint NOT NULL DEFAULT 0,
            state text NOT NULL DEFAULT 'open'
                CHECK (state IN ('open', 'closed', 'lost', 'expired')),
            opened_at timestamptz NOT NULL,
            expires_at timestamptz,
            closed_at timestamptz,
            drained_at timestamptz,
            drained_fence bigint,
            drained_epoch bigint,
            PRIMARY KEY (tenant_id, id),
            FOREIGN KEY (tenant_id, feature, period) REFERENCES lease_accounts,
            CHECK (spent BETWEEN 0 AND units),
            CHECK ((kind = 'seat') = (expires_at IS NULL))
        ) WITH (fillfactor = 50)
        """
    )
    tenant_table("leases", staff=True, queue=True, privileges="SELECT, INSERT, UPDATE")
    system_purge("leases", when="state IN ('closed', 'expired')")
    op.execute(
        "CREATE INDEX leases_open ON leases (tenant_id, feature, period) WHERE state = 'open'"
    )
    op.execute("CREATE INDEX leases_lost ON leases (tenant_id, holder) WHERE state = 'lost'")
    op.execute("CREATE INDEX leases_of ON leases (tenant_id, feature, period, holder)")
    op.execute("CREATE INDEX leases_past ON leases (closed_at) WHERE closed_at IS NOT NULL")
    op.execute(
        "CREATE UNIQUE INDEX leases_seats ON leases (tenant_id, feature, holder) "
        "WHERE kind = 'seat' AND state = 'open'"
    )


def _requests() -> None:
    # What was answered, so that a repeated request is answered alike and does nothing.
    op.execute(
        """
        CREATE TABLE lease_requests (
            tenant_id uuid NOT NULL,
            holder text NOT NULL,
            request_id text NOT NULL,
            digest text NOT NULL,
            answer jsonb NOT NULL,
            made_at timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, holder, request_id)
        )
        """
    )
    tenant_table("lease_requests", privileges="SELECT, INSERT")
    system_purge("lease_requests")
    op.execute("CREATE INDEX lease_requests_made ON lease_requests USING brin (made_at)")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
