"""Tables of: tax and discounts."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, global_table, tenant_table

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# Whoever sells: the vendor's own companies. Those that were there before have no tax settings, so
# that their invoices stay untaxed; without a name they go by the installation's.
_ENTITIES = """
CREATE TABLE legal_entities (
    code text PRIMARY KEY CHECK (code ~ '^[a-z0-9][a-z0-9_]{0,31}$'),
    name text,
    prefix text NOT NULL UNIQUE CHECK (prefix ~ '^[A-Z0-9]{2,8}$'),
    sandbox boolean NOT NULL DEFAULT false,
    country text,
    tax_id text,
    registration text,
    address jsonb,
    email text,
    phone text,
    bank jsonb,
    currency text,
    prepaid_policy text NOT NULL DEFAULT 'tax_on_use'
        CHECK (prepaid_policy IN ('tax_on_use', 'tax_on_topup', 'card')),
    tax jsonb,
    updated_at timestamptz NOT NULL,
    CHECK (tax IS NULL OR country IS NOT NULL)
);
INSERT INTO legal_entities (code, prefix, sandbox, updated_at)
    VALUES ('live', 'TY', false, now()), ('sandbox', 'SBX', true, now());
ALTER TABLE billing_accounts
    ADD CONSTRAINT billing_accounts_entity FOREIGN KEY (entity) REFERENCES legal_entities (code);
"""

# A rate holds from its day until another begins; a correction is a later revision of its day.
_RATES = """
CREATE TABLE tax_rates (
    id uuid PRIMARY KEY,
    jurisdiction text NOT NULL,
    category text NOT NULL,
    valid_from date NOT NULL,
    valid_to date CHECK (valid_to > valid_from),
    revision integer NOT NULL CHECK (revision > 0),
    code text NOT NULL CHECK (code IN ('S', 'Z', 'E', 'AE', 'O', 'G', 'K')),
    rate numeric NOT NULL CHECK (rate >= 0 AND rate <= 100),
    reason jsonb,
    recorded_at timestamptz NOT NULL,
    UNIQUE (jurisdiction, category, valid_from, revision),
    CHECK (code = 'S' OR rate = 0)
);
"""

_PROFILES = """
CREATE TABLE billing_profiles (
    tenant_id uuid PRIMARY KEY REFERENCES organisations (id),
    legal_name text NOT NULL,
    business boolean NOT NULL,
    country text NOT NULL,
    tax_id text,
    registration text,
    line1 text NOT NULL,
    line2 text NOT NULL,
    city text NOT NULL,
    region text NOT NULL,
    postcode text NOT NULL,
    email text,
    phone text,
    purchase_order text,
    updated_at timestamptz NOT NULL
);
CREATE TABLE tax_exemptions (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    jurisdiction text NOT NULL,
    category text,
    code text NOT NULL CHECK (code IN ('E', 'Z', 'O', 'G')),
    certificate text NOT NULL,
    reason jsonb NOT NULL,
    valid_from date NOT NULL,
    valid_to date CHECK (valid_to > valid_from),
    revoked_from date,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, jurisdiction, certificate, valid_from)
);
"""

_COUPONS = """
CREATE TABLE coupons (
    id uuid PRIMARY KEY,
    code text NOT NULL UNIQUE CHECK (code = upper(code)),
    name jsonb NOT NULL,
    percent numeric CHECK (percent > 0 AND percent <= 100),
    amounts jsonb,
    plans text[] NOT NULL DEFAULT '{}',
    charges text[] NOT NULL DEFAULT '{}',
    duration text NOT NULL CHECK (duration IN ('once', 'periods', 'forever')),
    periods integer CHECK (periods > 0),
    redeem_by timestamptz,
    most integer CHECK (most > 0),
    redeemed integer NOT NULL DEFAULT 0,
    once_per_tenant boolean NOT NULL,
    by_customer boolean NOT NULL,
    place integer NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((percent IS NULL) <> (amounts IS NULL)),
    CHECK ((duration = 'periods') = (periods IS NOT NULL)),
    CHECK (most IS NULL OR redeemed <= most)
);
CREATE TABLE coupon_redemptions (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    coupon_id uuid NOT NULL REFERENCES coupons (id),
    nth integer NOT NULL CHECK (nth > 0),
    uses integer NOT NULL DEFAULT 0 CHECK (uses >= 0),
    most_uses integer CHECK (uses <= most_uses),
    last_due_at timestamptz,
    redeemed_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, coupon_id, nth)
);
CREATE TABLE coupon_uses (
    tenant_id uuid NOT NULL,
    redemption_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    used_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, redemption_id, invoice_id),
    FOREIGN KEY (tenant_id, redemption_id) REFERENCES coupon_redemptions (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX coupon_uses_invoice ON coupon_uses (tenant_id, invoice_id);
"""

# Conservation is a constraint of the row, so it holds at every commit.
_CREDITS = """
CREATE TABLE credit_grants (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    code text NOT NULL,
    name jsonb NOT NULL,
    reason text NOT NULL,
    currency text NOT NULL,
    priority integer NOT NULL,
    plans text[] NOT NULL DEFAULT '{}',
    charges text[] NOT NULL DEFAULT '{}',
    topup_id uuid,
    granted_minor bigint NOT NULL CHECK (granted_minor > 0),
    spent_minor bigint NOT NULL DEFAULT 0 CHECK (spent_minor >= 0),
    held_minor bigint NOT NULL DEFAULT 0 CHECK (held_minor >= 0),
    expired_minor bigint NOT NULL DEFAULT 0 CHECK (expired_minor >= 0),
    free_minor bigint NOT NULL CHECK (free_minor >= 0),
    granted_at timestamptz NOT NULL,
    expires_at timestamptz CHECK (expires_at > granted_at),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, topup_id),
    CHECK (granted_minor = spent_minor + held_minor + expired_minor + free_minor)
);
CREATE INDEX credit_grants_expiry ON credit_grants (expires_at) WHERE free_minor > 0;
CREATE TABLE credit_uses (
    tenant_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    used_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, grant_id, invoice_id),
    FOREIGN KEY (tenant_id, grant_id) REFERENCES credit_grants (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED
);
"""

_WALLETS = """
CREATE TABLE wallets (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    priority integer NOT NULL,
    tax_category text NOT NULL,
    auto_below_minor bigint CHECK (auto_below_minor > 0),
    auto_amount_minor bigint CHECK (auto_amount_minor > 0),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, currency, name),
    CHECK ((auto_below_minor IS NULL) = (auto_amount_minor IS NULL))
);
CREATE TABLE wallet_topups (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    entity text NOT NULL REFERENCES legal_entities (code),
    policy text NOT NULL CHECK (policy IN ('tax_on_use', 'tax_on_topup', 'card')),
    automatic boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('requested', 'paid', 'cancelled')),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    bonus_minor bigint NOT NULL CHECK (bonus_minor >= 0),
    spent_minor bigint NOT NULL DEFAULT 0 CHECK (spent_minor >= 0),
    expired_minor bigint NOT NULL DEFAULT 0 CHECK (expired_minor >= 0),
    refunded_minor bigint NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
    free_minor bigint NOT NULL DEFAULT 0 CHECK (free_minor >= 0),
    -- What is left of the tax paid with it, per rate: its own base and tax, in minor units.
    taxes jsonb NOT NULL DEFAULT '[]',
    requested_at timestamptz NOT NULL,
    ended_at timestamptz,
    expires_at timestamptz,
    reference text,
    number text UNIQUE,
    body bytea,
    body_sha256 text,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, reference),
    FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
    CHECK ((state = 'requested') = (ended_at IS NULL)),
    CHECK ((state = 'paid') = (number IS NOT NULL AND body IS NOT NULL AND reference IS NOT NULL)),
    CHECK (spent_minor + expired_minor + refunded_minor + free_minor
        = CASE WHEN state = 'paid' THEN amount_minor ELSE 0 END)
);
-- However often a balance falls below its threshold, one request is open at a time.
CREATE UNIQUE INDEX wallet_topups_automatic ON wallet_topups (tenant_id, wallet_id)
    WHERE automatic AND state = 'requested';
CREATE INDEX wallet_topups_expiry ON wallet_topups (expires_at) WHERE free_minor > 0;
ALTER TABLE credit_grants ADD FOREIGN KEY (tenant_id, topup_id)
    REFERENCES wallet_topups (tenant_id, id);
CREATE TABLE wallet_uses (
    tenant_id uuid NOT NULL,
    topup_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    tax_minor bigint NOT NULL CHECK (tax_minor >= 0),
    used_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, topup_id, invoice_id),
    FOREIGN KEY (tenant_id, topup_id) REFERENCES wallet_topups (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE invoice_numbers DROP CONSTRAINT invoice_numbers_series_check;
ALTER TABLE invoice_numbers ADD CONSTRAINT invoice_numbers_series_check
    CHECK (series IN ('invoice', 'credit_note', 'receipt', 'prepayment'));
"""


def upgrade() -> None:
    for statements in (_ENTITIES, _RATES, _PROFILES, _COUPONS, _CREDITS, _WALLETS):
        op.execute(statements)
    for name in ("legal_entities", "tax_rates", "coupons"):
        global_table(name)
    append_only("tax_rates")
    op.execute("GRANT UPDATE (redeemed) ON coupons TO tallyard_tenant")
    tenant_table("billing_profiles", staff=True, privileges="SELECT, INSERT, UPDATE")
    tenant_table("tax_exemptions", staff=True, privileges="SELECT, INSERT")
    op.execute("GRANT UPDATE (revoked_from) ON tax_exemptions TO tallyard_tenant")
    for name in ("coupon_redemptions", "wallets"):
        tenant_table(name, staff=True, privileges="SELECT, INSERT, UPDATE")
    for name in ("credit_grants", "wallet_topups"):
        tenant_table(name, staff=True, privileges="SELECT, INSERT, UPDATE")
        # What expires is looked for over all tenants, and expired in each one's own transaction.
        op.execute(
            f"CREATE POLICY {name}_expiring ON {name} FOR SELECT TO tallyard_system "
            "USING (free_minor > 0 AND expires_at IS NOT NULL)"
        )
        op.execute(f"GRANT SELECT (tenant_id, free_minor, expires_at) ON {name} TO tallyard_system")
    for name in ("coupon_uses", "credit_uses", "wallet_uses"):
        tenant_table(name, staff=True, privileges="SELECT, INSERT")
        append_only(name)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
