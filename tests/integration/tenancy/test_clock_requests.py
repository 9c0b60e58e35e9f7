"""Asking for a test clock and for where it should go."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from control_plane.kernel.instants import NaiveInstant
from control_plane.tenancy.errors import (
    ClockAdvancing,
    ClockCannotGo,
    ClockExists,
    ClockNeedsSandbox,
    ClockNotFound,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def sandy(people):
    person = await people.somebody("sandy", sandbox=True)
    await people.create_clock(tenant_id=person.tenant_id, actor="usr_1", at=START)
    return person


async def advance(people, person, to):
    return await people.advance_clock(tenant_id=person.tenant_id, to=to, actor="usr_1")


async def tenant_time(people, tenant_id) -> datetime:
    async with people.work(tenant_id) as session:
        return await people.tenant_clock.now(session, tenant_id)


async def test_a_sandbox_lives_at_its_own_time_and_others_in_real_time(people, sandy, clock):
    live = await people.somebody("bella")

    assert await tenant_time(people, sandy.tenant_id) == START
    assert await tenant_time(people, live.tenant_id) == clock.now()


async def test_the_system_reads_any_tenants_time(people, sandy, system):
    async with system() as session:
        assert await people.tenant_clock.now(session, sandy.tenant_id) == START


async def test_a_live_organisation_has_no_test_clock(people, admin):
    live = await people.somebody("bella")

    with pytest.raises(ClockNeedsSandbox):
        await people.create_clock(tenant_id=live.tenant_id, actor="usr_1")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        admin.execute("INSERT INTO test_clocks VALUES (%s, true, now())", [live.tenant_id])
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute("INSERT INTO test_clocks VALUES (%s, false, now())", [live.tenant_id])


async def test_a_sandbox_has_one_clock(people, sandy):
    with pytest.raises(ClockExists):
        await people.create_clock(tenant_id=sandy.tenant_id, actor="usr_1")


async def test_no_clock_is_found_where_none_is(people):
    person = await people.somebody("sandy", sandbox=True)

    with pytest.raises(ClockNotFound):
        await people.read_clock(person.tenant_id)
    with pytest.raises(ClockNotFound):
        await advance(people, person, START)


@pytest.mark.parametrize("to", [START, START - timedelta(days=1), START + timedelta(days=36_526)])
async def test_a_clock_goes_forward_and_not_too_far(people, sandy, to):
    with pytest.raises(ClockCannotGo):
        await advance(people, sandy, to)

    assert (await people.read_clock(sandy.tenant_id)).state == "ready"


async def test_an_instant_without_a_zone_is_no_target(people, sandy):
    with pytest.raises(NaiveInstant):
        await advance(people, sandy, datetime(2026, 2, 1))  # noqa: DTZ001 - what is refused


async def test_a_clock_under_way_takes_no_other_target(people, sandy):
    target = START + timedelta(days=30)
    await advance(people, sandy, target)

    again = await advance(people, sandy, target)
    with pytest.raises(ClockAdvancing):
        await advance(people, sandy, target + timedelta(days=1))

    assert (again.state, again.target) == ("advancing", target)


async def test_anothers_clock_is_not_found(people, sandy):
    rival = await people.somebody("rival", sandbox=True)

    with pytest.raises(ClockNotFound):
        await people.read_clock(rival.tenant_id)
