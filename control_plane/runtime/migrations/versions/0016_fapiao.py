"""Tables of: Chinese VAT invoices."""

from alembic import op

from control_plane.runtime.migrations.helpers import tenant_table

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

_TITLES = """
CREATE TABLE fapiao_titles (
    tenant_id uuid PRIMARY KEY REFERENCES organisations (id),
    kind text NOT NULL CHECK (kind IN ('company', 'personal')),
    name text NOT NULL,
    tax_id text NOT NULL,
    address text NOT NULL,
    phone text NOT NULL,
    bank text NOT NULL,
    account text NOT NULL,
    email text NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((kind = 'company') = (tax_id <> ''))
);
"""

# A red fapiao is a row of its own, tied to one blue row, which reserves its amount there: the
# check on red_minor is what keeps them from taking back more than was issued.
_FAPIAO = """
CREATE TABLE fapiao (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    colour text NOT NULL CHECK (colour IN ('blue', 'red')),
    kind text NOT NULL CHECK (kind IN ('normal', 'special')),
    entity text NOT NULL,
    provider text NOT NULL,
    state text NOT NULL,
    attempt integer NOT NULL DEFAULT 1 CHECK (attempt > 0),
    body bytea NOT NULL,
    net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL,
    total_minor bigint NOT NULL,
    red_minor bigint NOT NULL DEFAULT 0,
    blue_id uuid,
    note_number text,
    sheet text,
    number text,
    issued_at timestamptz,
    failure text,
    retryable boolean NOT NULL DEFAULT false,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    next_look_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, blue_id) REFERENCES fapiao (tenant_id, id),
    CHECK (total_minor = net_minor + tax_minor),
    CHECK ((colour = 'red') = (blue_id IS NOT NULL)),
    CHECK (colour = 'red' OR note_number IS NULL),
    CHECK (CASE colour WHEN 'blue' THEN total_minor > 0 AND red_minor BETWEEN 0 AND total_minor
                       ELSE total_minor < 0 AND red_minor = 0 END),
    CHECK ((state = 'issued') = (number IS NOT NULL)),
    CHECK ((state = 'issued') = (issued_at IS NOT NULL)),
    CHECK (number IS NULL OR number ~ '^[0-9]{20}$'),
    CHECK (state IN ('requested', 'submitted', 'issued', 'failed', 'withdrawn')
           OR (colour = 'red' AND state IN ('awaiting_buyer', 'confirmed', 'refused')))
);
CREATE UNIQUE INDEX fapiao_number ON fapiao (number) WHERE number IS NOT NULL;
-- A credit note becomes one red fapiao of one blue one.
CREATE UNIQUE INDEX fapiao_note ON fapiao (tenant_id, note_number) WHERE note_number IS NOT NULL;
CREATE INDEX fapiao_blue ON fapiao (tenant_id, blue_id) WHERE blue_id IS NOT NULL;
CREATE INDEX fapiao_look ON fapiao (next_look_at) WHERE next_look_at IS NOT NULL;
CREATE INDEX fapiao_by_time ON fapiao (requested_at DESC, id DESC);
"""

# What a blue fapiao is made of: invoices, or money paid ahead. Each belongs to one at a time.
_SOURCES = """
CREATE TABLE fapiao_sources (
    tenant_id uuid NOT NULL,
    fapiao_id uuid NOT NULL,
    invoice_id uuid,
    topup_id uuid,
    number text NOT NULL,
    known_notes text[] NOT NULL,
    active boolean NOT NULL DEFAULT true,
    PRIMARY KEY (tenant_id, fapiao_id, number),
    CHECK (num_nonnulls(invoice_id, topup_id) = 1),
    FOREIGN KEY (tenant_id, topup_id) REFERENCES wallet_topups (tenant_id, id),
    FOREIGN KEY (tenant_id, fapiao_id) REFERENCES fapiao (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE UNIQUE INDEX fapiao_sources_once ON fapiao_sources (tenant_id, invoice_id) WHERE active;
CREATE UNIQUE INDEX fapiao_topups_once ON fapiao_sources (tenant_id, topup_id) WHERE active;
"""

_SIMULATED = """
CREATE TABLE simulated_fapiao (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    request_id text NOT NULL,
    record jsonb NOT NULL,
    PRIMARY KEY (tenant_id, request_id)
);
"""


def upgrade() -> None:
    for statements in (_TITLES, _FAPIAO, _SOURCES, _SIMULATED):
        op.execute(statements)
    tenant_table("fapiao_titles", staff=True, privileges="SELECT, INSERT, UPDATE")
    tenant_table("fapiao", staff=True, queue=True, privileges="SELECT, INSERT")
    # What was asked for stays on record: only where it stands may change, and, on another attempt
    # after a failure, what is asked for.
    op.execute(
        "GRANT UPDATE (state, attempt, body, net_minor, tax_minor, total_minor, red_minor, sheet, "
        "number, issued_at, failure, retryable, next_look_at) ON fapiao TO tallyard_tenant"
    )
    tenant_table("fapiao_sources", staff=True, privileges="SELECT, INSERT")
    op.execute("GRANT UPDATE (known_notes, active) ON fapiao_sources TO tallyard_tenant")
    tenant_table("simulated_fapiao", privileges="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
