"""Credits that come again and roll over; top-ups charged to a card."""

from alembic import op

from control_plane.runtime.migrations.helpers import tenant_table

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

# What was granted before has no rollover: it lapses at its end, as it did.
_SCHEDULES = """
CREATE TABLE credit_schedules (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    reason text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    priority integer NOT NULL,
    plans text[] NOT NULL DEFAULT '{}',
    charges text[] NOT NULL DEFAULT '{}',
    zone text NOT NULL,
    starts_at timestamptz NOT NULL,
    interval text NOT NULL,
    count integer NOT NULL CHECK (count > 0),
    times integer CHECK (times > 0),
    rollover_cycles integer CHECK (rollover_cycles >= 0),
    rollover_most_minor bigint CHECK (rollover_most_minor > 0),
    following integer CHECK (following >= 0),
    next_at timestamptz,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((following IS NULL) = (next_at IS NULL))
);
CREATE INDEX credit_schedules_due ON credit_schedules (next_at) WHERE next_at IS NOT NULL;
ALTER TABLE credit_grants
    ADD COLUMN schedule_id uuid,
    ADD COLUMN nth integer CHECK (nth >= 0),
    ADD COLUMN rolls_left integer DEFAULT 0 CHECK (rolls_left >= 0),
    ADD CHECK ((schedule_id IS NULL) = (nth IS NULL)),
    ADD FOREIGN KEY (tenant_id, schedule_id) REFERENCES credit_schedules (tenant_id, id);
-- However many workers look, a cycle is granted once.
CREATE UNIQUE INDEX credit_grants_nth ON credit_grants (tenant_id, schedule_id, nth)
    WHERE schedule_id IS NOT NULL;
"""

# A charge is named by the provider before it is taken; while one is under way there is no other.
_CHARGES = """
ALTER TABLE wallet_topups
    ADD COLUMN charge_due_at timestamptz,
    ADD COLUMN charge_failure text,
    ADD CHECK (charge_due_at IS NULL OR state = 'requested');
CREATE INDEX wallet_topups_charges ON wallet_topups (charge_due_at)
    WHERE charge_due_at IS NOT NULL;
CREATE TABLE topup_charges (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    topup_id uuid NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    provider text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    reference text,
    failure text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, topup_id, attempt),
    FOREIGN KEY (tenant_id, topup_id) REFERENCES wallet_topups (tenant_id, id),
    CHECK ((state = 'pending') = (settled_at IS NULL))
);
CREATE UNIQUE INDEX topup_charges_once ON topup_charges (tenant_id, topup_id)
    WHERE state IN ('pending', 'succeeded');
"""


def upgrade() -> None:
    for statements in (_SCHEDULES, _CHARGES):
        op.execute(statements)
    tenant_table("credit_schedules", staff=True, privileges="SELECT, INSERT")
    op.execute("GRANT UPDATE (following, next_at, ended_at) ON credit_schedules TO tallyard_tenant")
    tenant_table("topup_charges", staff=True, privileges="SELECT, INSERT")
    op.execute(
        "GRANT UPDATE (state, reference, failure, settled_at) ON topup_charges TO tallyard_tenant"
    )
    # What is due is looked for over all tenants, and done in each one's own transaction.
    op.execute(
        "CREATE POLICY credit_schedules_due ON credit_schedules FOR SELECT TO tallyard_system "
        "USING (next_at IS NOT NULL)"
    )
    op.execute("GRANT SELECT (tenant_id, next_at) ON credit_schedules TO tallyard_system")
    op.execute(
        "CREATE POLICY wallet_topups_charged ON wallet_topups FOR SELECT TO tallyard_system "
        "USING (charge_due_at IS NOT NULL)"
    )
    op.execute("GRANT SELECT (id, charge_due_at) ON wallet_topups TO tallyard_system")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
