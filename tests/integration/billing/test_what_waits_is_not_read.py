"""What jobs do every second or minute looks at nobody who waits for a later instant."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import TextClause, text

from billing.bookkeeping import REVENUE_DUE
from control_plane.entitlements.turn_jobs import DUE as TURNS_DUE
from control_plane.kernel.ids import TenantId, new_id
from tests.support.plans import rows_read

NOW = datetime(2026, 2, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)
QUESTIONS = {
    "revenue_due_at": (REVENUE_DUE, "billing_accounts"),
    "next_at": (TURNS_DUE, "feature_turns"),
}
_OTHERS = """
    WITH made AS (
        INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox)
        SELECT gen_random_uuid(), 'waits-' || n, 'Shop', 'Asia/Shanghai', 'en', 'CNY', false
        FROM generate_series(1, 5000) AS n RETURNING id),
    turning AS (INSERT INTO feature_turns (tenant_id, next_at) SELECT id, %(due)s FROM made)
    INSERT INTO billing_accounts (tenant_id, entity, created_at, revenue_due_at)
    SELECT id, 'live', %(due)s, %(due)s FROM made
"""


@pytest.fixture
def tenant(admin):
    """Make a tenant of whom everything is due at an instant, with or without a test clock."""

    def made(due: datetime | None, clock: datetime | None = None) -> TenantId:
        new, sandbox = TenantId(new_id()), clock is not None
        admin.execute(
            "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox) "
            "VALUES (%s, %s, 'Shop', 'Asia/Shanghai', 'en', 'CNY', %s)",
            [new, f"shop-{new.hex}", sandbox],
        )
        if sandbox:
            admin.execute("INSERT INTO test_clocks VALUES (%s, true, %s)", [new, clock])
        admin.execute(
            "INSERT INTO billing_accounts (tenant_id, entity, created_at, revenue_due_at) "
            "VALUES (%s, %s, %s, %s)",
            [new, "sandbox" if sandbox else "live", NOW, due],
        )
        admin.execute("INSERT INTO feature_turns VALUES (%s, %s)", [new, due])
        return new

    return made


async def found(system, question: TextClause, most: int) -> list[TenantId]:
    async with system() as session:
        return list(await session.scalars(question, {"now": NOW, "most": most}))


@pytest.mark.parametrize("due", QUESTIONS)
async def test_everything_is_due_by_each_tenants_own_clock(system, tenant, due):
    ahead = tenant(NOW + 30 * DAY, clock=NOW + 40 * DAY)
    on_time = tenant(NOW)
    tenant(NOW + timedelta(microseconds=1))
    tenant(NOW - 2 * DAY, clock=NOW - 3 * DAY)
    behind = tenant(NOW - 5 * DAY, clock=NOW - 4 * DAY)
    never = tenant(None)

    first = [never] if due == "revenue_due_at" else []
    question, _ = QUESTIONS[due]
    assert await found(system, question, 10) == [*first, behind, on_time, ahead]
    assert await found(system, question, 2) == [*first, behind, on_time][:2]


@pytest.mark.parametrize("analysed", [True, False])
@pytest.mark.parametrize("due", QUESTIONS)
async def test_whoever_waits_for_a_later_instant_is_not_read(system, tenant, admin, due, analysed):
    admin.execute(_OTHERS, {"due": NOW + DAY})
    one = tenant(NOW)
    if analysed:
        admin.execute("ANALYZE billing_accounts, feature_turns, test_clocks")

    question, table = QUESTIONS[due]
    async with system() as session:
        explain = text(f"EXPLAIN (ANALYZE, FORMAT JSON) {question.text}")
        plan = await session.execute(explain, {"now": NOW, "most": 200})
        assert rows_read(plan.scalar_one(), table) == 1
    assert await found(system, question, 200) == [one]
