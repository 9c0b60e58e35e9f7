"""Finding who is due: by each tenant's own clock, and without a look at whoever is not."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from billing.repositories.accounts import DUE, due_tenants
from control_plane.kernel.ids import TenantId, new_id
from tests.support.plans import rows_read

NOW = datetime(2026, 2, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)
_WAITING = """
    WITH made AS (
        INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox)
        SELECT gen_random_uuid(), 'waits-' || n, 'Shop', 'Asia/Shanghai', 'en', 'CNY', false
        FROM generate_series(1, 5000) AS n RETURNING id)
    INSERT INTO billing_accounts (tenant_id, entity, next_due_at, created_at)
    SELECT id, 'live', %s, %s FROM made
"""


@pytest.fixture
def account(admin):
    """Open an account that is due at an instant, of a tenant with or without a test clock."""

    def opened(due: datetime, clock: datetime | None = None) -> TenantId:
        tenant, sandbox = TenantId(new_id()), clock is not None
        admin.execute(
            "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox) "
            "VALUES (%s, %s, 'Shop', 'Asia/Shanghai', 'en', 'CNY', %s)",
            [tenant, f"shop-{tenant.hex}", sandbox],
        )
        if sandbox:
            admin.execute("INSERT INTO test_clocks VALUES (%s, true, %s)", [tenant, clock])
        admin.execute(
            "INSERT INTO billing_accounts (tenant_id, entity, next_due_at, created_at) "
            "VALUES (%s, %s, %s, %s)",
            [tenant, "sandbox" if sandbox else "live", due, NOW],
        )
        return tenant

    return opened


async def test_every_tenant_is_due_by_its_own_clock_the_earliest_first(system, account):
    ahead = account(NOW + 30 * DAY, clock=NOW + 40 * DAY)
    on_time = account(NOW)
    account(NOW + timedelta(microseconds=1))
    account(NOW - 2 * DAY, clock=NOW - 3 * DAY)
    behind = account(NOW - 5 * DAY, clock=NOW - 4 * DAY)
    late = account(NOW - DAY)

    async with system() as session:
        assert await due_tenants(session, NOW, 10) == [behind, late, on_time, ahead]
        assert await due_tenants(session, NOW, 2) == [behind, late]


async def test_what_is_parked_is_due_by_no_clock(system, account, admin):
    account(NOW)
    account(NOW, clock=NOW)
    admin.execute("UPDATE billing_accounts SET parked_at = now(), parked_reason = 'why'")

    async with system() as session:
        assert await due_tenants(session, NOW, 10) == []


@pytest.mark.parametrize("analysed", [True, False])
async def test_whoever_waits_for_a_later_day_is_not_read(system, account, admin, analysed):
    admin.execute(_WAITING, [NOW + DAY, NOW])
    account(NOW)
    if analysed:
        admin.execute("ANALYZE billing_accounts, test_clocks")

    async with system() as session:
        bound = {"now": NOW, "most": 200}
        found = await session.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {DUE.text}"), bound)

    assert rows_read(found.scalar_one(), "billing_accounts") == 1
