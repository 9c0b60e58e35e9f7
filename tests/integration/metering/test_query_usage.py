from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from control_plane.catalog.errors import MeterNotFound
from control_plane.kernel.period import Period
from metering.domain.windows import Window
from metering.errors import SeriesTooLong
from metering.services.meter_book import MeterBook
from metering.services.query_usage import QueryUsage
from metering.services.roll_usage import RollUsage
from tests.support.usage import JANUARY, usage_event

_PLANNED = text(
    """
    SELECT generic_plans > 0, custom_plans FROM pg_prepared_statements
    WHERE statement LIKE '%asked.q%' OR statement LIKE '%fresh AS MATERIALIZED%'
    OR statement LIKE '%SELECT zone%'
    """
)


@pytest.fixture
def query(work, store, clock, catalogue) -> QueryUsage:
    return QueryUsage(work, store, clock, MeterBook(clock))


async def test_usage_by_day_follows_the_tenants_own_days(query, store, tenant_id):
    await store.ingest(
        tenant_id,
        [
            usage_event("a", time=datetime(2026, 1, 8, 15, 59, tzinfo=UTC), data={"lines": 2}),
            usage_event("b", time=datetime(2026, 1, 8, 16, tzinfo=UTC), data={"lines": 5}),
        ],
    )
    days = Period(datetime(2026, 1, 7, 16, tzinfo=UTC), datetime(2026, 1, 9, 16, tzinfo=UTC))

    series = await query(
        tenant_id=tenant_id, meter_code="outbound_lines", period=days, window=Window.DAY
    )

    assert [point.quantity for point in series.points] == [2, 5]
    assert (series.quantity, series.events, series.zone) == (7, 2, "Asia/Shanghai")


async def test_the_peak_of_a_period_is_not_the_sum_of_its_days(query, store, tenant_id):
    await store.ingest(
        tenant_id,
        [
            usage_event("a", time=JANUARY.start, data={"lines": 4}),
            usage_event("b", time=JANUARY.start + timedelta(days=1), data={"lines": 9}),
        ],
    )

    series = await query(
        tenant_id=tenant_id, meter_code="outbound_peak", period=JANUARY, window=Window.DAY
    )

    assert sum(point.quantity for point in series.points) == 13
    assert (series.quantity, series.events) == (9, 2)


async def test_an_unknown_meter_is_not_found(query, tenant_id):
    with pytest.raises(MeterNotFound):
        await query(tenant_id=tenant_id, meter_code="nothing", period=JANUARY, window=Window.DAY)


@pytest.mark.parametrize(
    ("length", "window"),
    [(timedelta(days=120), Window.HOUR), (timedelta(days=300_000), Window.DAY)],
)
async def test_a_series_has_a_bound(query, tenant_id, length, window):
    with pytest.raises(SeriesTooLong):
        await query(
            tenant_id=tenant_id,
            meter_code="outbound_lines",
            period=Period(JANUARY.start, JANUARY.start + length),
            window=window,
        )


async def test_a_question_is_planned_once_a_connection(query, work, clock, store, tenant_id):
    await store.ingest(tenant_id, [usage_event("a", time=JANUARY.start, data={"lines": 4})])
    while await RollUsage(work, clock)(tenant_id):
        pass
    await store.ingest(tenant_id, [usage_event("b", time=JANUARY.start, data={"lines": 5})])

    async with work(tenant_id) as session:
        for _ in range(8):
            series = await query(
                tenant_id=tenant_id, meter_code="outbound_lines", period=JANUARY, window=Window.DAY
            )
        planned = await session.execute(_PLANNED)

    assert series.quantity == 9
    assert [tuple(row) for row in planned] == [(True, 0)] * 3


async def test_what_is_read_from_events_is_planned_each_time(query, work, store, tenant_id):
    await store.ingest(tenant_id, [usage_event("a", time=JANUARY.start, data={"lines": 4})])

    async with work(tenant_id) as session:
        await query(
            tenant_id=tenant_id, meter_code="outbound_lines", period=JANUARY, window=Window.DAY
        )
        assert await session.scalar(text("SHOW plan_cache_mode")) == "auto"
