"""Every table belongs to a tenant and is guarded as such, or is listed here with its reason."""

import pytest

WITHOUT_TENANT = {
    "alembic_version": "the schema's own history",
    "job_runs": "the vendor's worker, no customer data",
    "users": "a person may belong to several organisations; reached through functions only",
    "user_identities": "as users",
    "sessions": "as users",
    "oidc_logins": "a login under way, before anybody is known",
    "catalog_revisions": "the vendor's catalogue",
    "plan_versions": "the vendor's catalogue",
    "addon_versions": "the vendor's catalogue",
    "legal_entities": "the vendor's own companies",
    "tax_rates": "the law's",
    "coupons": "the vendor's offers; who redeemed one is in coupon_redemptions",
    "quote_numbers": "one series over all tenants",
    "plan_migrations": "the vendor's decisions; whom they move is in plan_migration_moves",
    "usage_sources": "how far a broker's stream was read, over all tenants",
    "usage_source_strays": "messages of a broker that name no tenant",
    "usage_horizon": "the vendor's retention policy, the same for every tenant",
    "invoice_numbers": "one gapless series per legal entity, over its tenants",
}

TABLES = """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relispartition,
           EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid
                   AND a.attname = 'tenant_id' AND a.attnotnull AND NOT a.attisdropped) AS tenant,
           EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid) AS policy
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
"""


@pytest.fixture
def tables(admin):
    return {row[0]: row[1:] for row in admin.execute(TABLES).fetchall()}


def test_every_table_has_a_tenant_or_a_reason(tables):
    orphans = {
        name
        for name, (_, _, partition, tenant, _) in tables.items()
        if not tenant and not partition and name not in WITHOUT_TENANT and name != "organisations"
    }
    assert orphans == set()


def test_every_tenant_table_forces_row_level_security(tables):
    open_tables = {
        name
        for name, (enabled, forced, partition, tenant, policy) in tables.items()
        if (tenant or name == "organisations")
        and not partition
        and not (enabled and forced and policy)
    }
    assert open_tables == set()


def test_partitions_are_never_granted(admin):
    granted = admin.execute(
        """
        SELECT c.relname, r.rolname FROM pg_class c
        CROSS JOIN (SELECT unnest(ARRAY['tallyard_tenant', 'tallyard_system', 'tallyard_staff',
                                        'tallyard_auth']) AS rolname) r
        WHERE c.relispartition AND c.relkind = 'r'
          AND has_table_privilege(r.rolname, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
        """
    ).fetchall()
    assert granted == []


def test_no_login_role_bypasses_row_level_security(admin):
    strong = admin.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tallyard%' AND (rolsuper OR rolbypassrls)"
    ).fetchall()
    assert strong == []


def test_tenant_foreign_keys_carry_the_tenant(admin):
    """Foreign keys ignore row-level security, so each must compare the tenant as well."""
    loose = admin.execute(
        """
        SELECT con.conname FROM pg_constraint con
        JOIN pg_class child ON child.oid = con.conrelid
        JOIN pg_class parent ON parent.oid = con.confrelid
        WHERE con.contype = 'f' AND parent.relname <> 'organisations'
          AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = parent.oid
                      AND a.attname = 'tenant_id')
          AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = con.conrelid
                          AND a.attname = 'tenant_id' AND a.attnum = ANY (con.conkey))
        """
    ).fetchall()
    assert loose == []


def test_the_reasons_name_real_tables(tables):
    assert set(WITHOUT_TENANT) <= set(tables)
