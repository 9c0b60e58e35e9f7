"""On a test clock: every window's edge is a stop, and the snapshot tells the clock's time."""

import pytest

from tests.support.timelines import at, booked, cancelled, started


@pytest.fixture
def test_clock(admin, tenant_id):
    admin.execute("UPDATE organisations SET sandbox = true WHERE id = %s", [tenant_id])

    def move(day):
        admin.execute(
            "INSERT INTO test_clocks (tenant_id, now_at, state) VALUES (%s, %s, 'ready') "
            "ON CONFLICT (tenant_id) DO UPDATE SET now_at = excluded.now_at",
            [tenant_id, at(day)],
        )

    return move


@pytest.fixture
async def year(keep, catalog):
    timeline = booked(
        started(catalog.plan("growth").id), catalog.addon("peak_618").id, 100, 130, known=0
    )
    return await keep(cancelled(timeline, 200, known=1))


async def test_the_stops_are_the_edges_of_all_windows(parts, year, test_clock, tenant_id):
    test_clock(-5)
    await parts.participant.settle(tenant_id)

    stops, now = [], at(-5)
    while (now := await parts.participant.next_boundary(tenant_id, now)) is not None:
        stops.append(now)

    assert stops == [at(0), at(100), at(130), at(200)]


async def test_before_anything_is_published_there_is_no_stop(parts, tenant_id):
    assert await parts.participant.next_boundary(tenant_id, at(0)) is None


async def test_settling_publishes_once_a_move_and_then_is_at_rest(
    parts, year, test_clock, snapshot, tenant_id
):
    test_clock(0)
    assert await parts.participant.settle(tenant_id) is True
    assert await parts.participant.settle(tenant_id) is False
    assert (await snapshot()).test_clock_at == at(0)

    test_clock(100)
    assert await parts.participant.settle(tenant_id) is True
    assert await parts.participant.settle(tenant_id) is False

    found = await snapshot()
    assert (found.revision, found.test_clock_at) == (2, at(100))


async def test_the_clock_of_issue_stays_real(parts, year, test_clock, snapshot, clock, tenant_id):
    test_clock(100)

    await parts.participant.settle(tenant_id)

    assert (await snapshot()).issued_at == clock.now()


async def test_the_portal_lives_by_the_test_clock(parts, year, test_clock, tenant_id):
    test_clock(110)

    shown = await parts.show(tenant_id)

    assert shown.at == at(110)
    assert {i.feature.code: i.limit for i in shown.items}["outbound.orders_per_day"] == 550
