"""Finding whose invoices fell overdue: by each own clock, and without a look at the rest."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import text

from billing.jobs import MarkOverdueInvoices
from billing.repositories.invoices import OVERDUE, overdue_tenants
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import TenantId, new_id
from tests.support.plans import rows_read

NOW = datetime(2026, 2, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)
_INVOICE = """
    INSERT INTO invoices (tenant_id, id, number, entity, year, place, currency, due_at, part, dated,
        payable_by, subtotal_minor, net_minor, total_minor, due_minor, paid_minor, body,
        body_sha256, manifest, state, issued_at, paid_at, overdue_at)
    SELECT o.id, gen_random_uuid(), 'N-' || place, 'live', 2026, place, 'CNY', %(at)s, n,
        '2026-02-01', '2026-02-02', 1, 1, 1, 1, CASE WHEN %(state)s = 'paid' THEN 1 ELSE 0 END,
        '', '', '', %(state)s, %(at)s, CASE WHEN %(state)s = 'paid' THEN %(at)s::timestamptz END,
        %(at)s
    FROM (
        SELECT id, row_number() OVER () AS r FROM organisations WHERE id = ANY (%(tenants)s)) AS o,
        generate_series(1, %(each)s) AS n, LATERAL (SELECT %(first)s + o.r * 1000 + n AS place) AS p
"""
_OTHERS = """
    INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox)
    SELECT gen_random_uuid(), 'pays-' || n, 'Shop', 'Asia/Shanghai', 'en', 'CNY', false
    FROM generate_series(1, 5000) AS n RETURNING id
"""


@pytest.fixture
def invoiced(admin):
    """Give tenants invoices that fall overdue at an instant."""
    firsts = count(1, 10_000_000)

    def invoice(
        tenants: list[TenantId], at: datetime, each: int = 1, state: str = "issued"
    ) -> None:
        bound = {"tenants": tenants, "at": at, "each": each, "state": state, "first": next(firsts)}
        admin.execute(_INVOICE, bound)

    return invoice


@pytest.fixture
def customer(admin, invoiced):
    """Make a tenant with or without a test clock, with invoices that fall overdue at an instant."""

    def made(at: datetime, clock: datetime | None = None, **more: object) -> TenantId:
        tenant = TenantId(new_id())
        admin.execute(
            "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox) "
            "VALUES (%s, %s, 'Shop', 'Asia/Shanghai', 'en', 'CNY', %s)",
            [tenant, f"shop-{tenant.hex}", clock is not None],
        )
        if clock is not None:
            admin.execute("INSERT INTO test_clocks VALUES (%s, true, %s)", [tenant, clock])
        invoiced([tenant], at, **more)
        return tenant

    return made


async def test_every_tenant_is_overdue_by_its_own_clock_the_earliest_first(system, customer):
    ahead = customer(NOW + 30 * DAY, clock=NOW + 40 * DAY, each=3)
    on_time = customer(NOW)
    customer(NOW + timedelta(microseconds=1))
    customer(NOW - 2 * DAY, clock=NOW - 3 * DAY)
    behind = customer(NOW - 5 * DAY, clock=NOW - 4 * DAY)
    late = customer(NOW - DAY, each=2)

    async with system() as session:
        assert await overdue_tenants(session, NOW, 10) == [behind, late, on_time, ahead]
        assert await overdue_tenants(session, NOW, 2) == [behind, late]


async def test_whom_it_fails_for_keeps_nobody_else_waiting(system, customer):
    """However many invoices fell overdue before the others', and run after run."""
    failing, other = customer(NOW - DAY, each=201), customer(NOW)
    clocked = customer(NOW - 2 * DAY, clock=NOW)
    marked: list[TenantId] = []

    async def mark(tenant_id: TenantId) -> list[object]:
        if tenant_id == failing:
            raise ValueError("its reminder cannot be written")
        marked.append(tenant_id)
        return [tenant_id]

    job = MarkOverdueInvoices(system, mark, FakeClock(NOW))
    with pytest.raises(RuntimeError, match="1 tenants"):
        await job.run()

    assert marked == [clocked, other]


@pytest.mark.parametrize("state", ["paid", "overdue"])
async def test_what_is_paid_or_was_marked_is_not_found(system, customer, state):
    customer(NOW - DAY, state=state)
    customer(NOW - DAY, clock=NOW, state=state)

    async with system() as session:
        assert await overdue_tenants(session, NOW, 10) == []


@pytest.mark.parametrize("analysed", [True, False])
async def test_what_is_payable_on_a_later_day_is_not_read(
    system, customer, invoiced, admin, analysed
):
    others = [row[0] for row in admin.execute(_OTHERS)]
    invoiced(others, NOW - 60 * DAY, state="paid")
    invoiced(others, NOW + 10 * DAY)
    found = customer(NOW)
    if analysed:
        admin.execute("ANALYZE invoices, test_clocks")

    async with system() as session:
        bound = {"now": NOW, "most": 200, "but": []}
        plan = await session.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {OVERDUE.text}"), bound)
        assert rows_read(plan.scalar_one(), "invoices") == 1
        assert await overdue_tenants(session, NOW, 200) == [found]
