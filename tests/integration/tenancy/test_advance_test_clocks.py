"""A test clock stops at every boundary until everybody is done, whatever dies meanwhile."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import SystemWork
from control_plane.tenancy.services.advance_test_clock import ROUNDS, AdvanceTestClocks

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Killed(BaseException):
    """What SIGKILL looks like from inside: no handler runs."""


class Diary:
    """A participant with boundaries, which writes down what it saw, and keeps busy for a while."""

    def __init__(self, people, boundaries=(), busy_rounds=0) -> None:
        self.people = people
        self.boundaries = sorted(boundaries)
        self.busy_rounds = busy_rounds
        self.left: dict[datetime, int] = {}
        self.settled: list[datetime] = []
        self.others: list[Diary] = []
        self.die_at: datetime | None = None
        self.fail_at: datetime | None = None

    async def next_boundary(self, tenant_id, after):
        return next((b for b in self.boundaries if b > after), None)

    async def now(self, tenant_id):
        async with self.people.work(tenant_id) as session:
            return await self.people.tenant_clock.now(session, tenant_id)

    async def settle(self, tenant_id):
        now = await self.now(tenant_id)
        # Whoever lets the clock go on must have been idle at every instant before.
        assert all(rounds == 0 for at, rounds in self.left.items() if at < now)
        if self.die_at == now:
            raise Killed
        if self.fail_at == now:
            raise RuntimeError("the invoice printer is on fire")
        left = self.left.setdefault(now, self.busy_rounds)
        if left:
            self.left[now] = left - 1
            return True
        if not self.settled or self.settled[-1] != now:
            self.settled.append(now)
        return False


async def no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


def advance(people, *participants, system=None) -> AdvanceTestClocks:
    return AdvanceTestClocks(
        system or SystemWork(people.work.database), participants, pause=no_pause
    )


@pytest.fixture
async def sandy(people):
    return await sandbox(people, "sandy")


async def sandbox(people, name):
    person = await people.somebody(name, sandbox=True)
    await people.create_clock(tenant_id=person.tenant_id, actor="usr_1", at=START)
    return person


async def aim(people, person, days):
    await people.advance_clock(tenant_id=person.tenant_id, to=START + days * DAY, actor="usr_1")


async def test_the_clock_stops_at_every_boundary_of_everybody(people, sandy):
    monthly = Diary(people, [START + 10 * DAY, START + 20 * DAY, START + 40 * DAY])
    season = Diary(people, [START + 15 * DAY, START + 20 * DAY])
    await aim(people, sandy, 30)

    await advance(people, monthly, season).run()

    stops = [START + days * DAY for days in (0, 10, 15, 20, 30)]
    assert monthly.settled == season.settled == stops
    clock = await people.read_clock(sandy.tenant_id)
    assert (clock.now, clock.state) == (START + 30 * DAY, "ready")


async def test_no_boundary_is_passed_while_anybody_is_busy(people, sandy):
    slow = Diary(people, [START + 10 * DAY], busy_rounds=7)
    quick = Diary(people, [START + 20 * DAY])
    await aim(people, sandy, 30)

    await advance(people, quick, slow).run()

    assert slow.settled == quick.settled == [START + d * DAY for d in (0, 10, 20, 30)]
    assert set(slow.left.values()) == {0}


async def test_whoever_settled_first_is_asked_again_when_another_was_busy(people, sandy):
    """What the second does may give the first new work, as an outbox gives to billing."""
    calls: list[str] = []

    class Named(Diary):
        async def settle(self, tenant_id):
            calls.append("first" if self.busy_rounds == 0 else "second")
            return await super().settle(tenant_id)

    first, second = Named(people), Named(people, busy_rounds=1)
    await aim(people, sandy, 1)

    await advance(people, first, second).run()

    assert calls[:4] == ["first", "second", "first", "second"]


async def test_a_clock_whose_participant_stays_busy_waits_where_it_is(people, sandy):
    stuck = Diary(people, busy_rounds=ROUNDS + 1)
    await aim(people, sandy, 30)
    job = advance(people, stuck)

    assert await job.run() == 0
    assert (await people.read_clock(sandy.tenant_id)).now == START

    stuck.busy_rounds = 0
    await job.run()
    assert (await people.read_clock(sandy.tenant_id)).state == "ready"


async def test_a_killed_worker_is_resumed_at_the_same_instant(people, sandy, settings):
    boundaries = [START + days * DAY for days in (10, 20)]
    dying = Diary(people, boundaries)
    dying.die_at = START + 10 * DAY
    await aim(people, sandy, 30)

    with pytest.raises(Killed):
        await advance(people, dying).run()
    halfway = await people.read_clock(sandy.tenant_id)
    successor = Diary(people, boundaries)
    fresh = Database(settings)
    await advance(people, successor, system=SystemWork(fresh)).run()
    await fresh.close()

    assert (halfway.now, halfway.state) == (START + 10 * DAY, "advancing")
    assert dying.settled == [START]
    assert successor.settled == [START + days * DAY for days in (10, 20, 30)]


async def test_a_worker_whose_connection_dies_moves_nothing(people, sandy, admin):
    """The step's own transaction holds the clock; without it there is no step."""

    class Cut(Diary):
        async def settle(self, tenant_id):
            if not self.settled:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'tallyard-system' AND state LIKE 'idle in%' "
                    "AND datname = current_database()"
                )
            return await super().settle(tenant_id)

    cut = Cut(people)
    await aim(people, sandy, 30)

    await advance(people, cut).run()
    waiting = await people.read_clock(sandy.tenant_id)
    await advance(people, cut).run()

    assert (waiting.now, waiting.state) == (START, "advancing")
    assert (await people.read_clock(sandy.tenant_id)).now == START + 30 * DAY


async def test_two_workers_never_hold_one_clock(people, sandy):
    holders = 0

    class Watch(Diary):
        async def settle(self, tenant_id):
            nonlocal holders
            holders += 1
            assert holders == 1
            await asyncio.sleep(0.01)
            holders -= 1
            return await super().settle(tenant_id)

    watch = Watch(people, [START + days * DAY for days in range(1, 10)])
    await aim(people, sandy, 10)

    for _ in range(20):
        await asyncio.gather(*(advance(people, watch).run() for _ in range(3)))

    assert watch.settled == [START + days * DAY for days in range(11)]
    assert (await people.read_clock(sandy.tenant_id)).last_error is None


async def test_a_second_worker_passes_over_a_held_clock(people, sandy, system):
    await aim(people, sandy, 30)
    second = Diary(people)

    async with system() as session:
        await session.execute(text("SELECT 1 FROM test_clocks FOR UPDATE"))
        assert await advance(people, second).run() == 0

    assert second.settled == []


async def test_one_tenants_failure_is_written_down_and_stops_nobody_else(people, sandy):
    healthy = await sandbox(people, "healthy")
    for person in (sandy, healthy):
        await aim(people, person, 30)

    class OnlySandy(Diary):
        async def settle(self, tenant_id):
            return tenant_id == sandy.tenant_id and await super().settle(tenant_id)

    failing = OnlySandy(people, [START + 10 * DAY])
    failing.fail_at = START + 10 * DAY
    await advance(people, failing).run()

    broken = await people.read_clock(sandy.tenant_id)
    assert (broken.now, broken.state) == (START + 10 * DAY, "advancing")
    assert broken.last_error == "RuntimeError: the invoice printer is on fire"
    assert (await people.read_clock(healthy.tenant_id)).now == START + 30 * DAY

    failing.fail_at = None
    await advance(people, failing).run()
    assert (await people.read_clock(sandy.tenant_id)).last_error is None


async def test_a_boundary_behind_the_clock_is_a_fault_and_not_a_hang(people, sandy):
    class Backward(Diary):
        async def next_boundary(self, tenant_id, after):
            return after

    await aim(people, sandy, 30)

    assert await advance(people, Backward(people)).run() == 0
    assert "BoundaryBehind" in ((await people.read_clock(sandy.tenant_id)).last_error or "")


async def test_a_clock_that_stands_still_is_left_alone(people, sandy):
    diary = Diary(people)

    assert await advance(people, diary).run() == 0
    assert diary.settled == []
