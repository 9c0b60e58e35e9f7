"""Ticks run jobs, failures stay with the job that failed, and both are on record."""

import asyncio
from dataclasses import dataclass, field

from sqlalchemy import text

from control_plane.kernel.clock import SystemClock
from control_plane.runtime.jobs import JobRunner, Ticker


@dataclass
class Counting:
    name: str = "counting"
    every_seconds: float = 0.02
    runs: int = 0
    fails: bool = False
    ran: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> int:
        self.runs += 1
        if self.runs == 3:
            self.ran.set()
        if self.fails:
            raise ConnectionError("the peer is away")
        return 2


async def test_a_started_ticker_runs_its_jobs_again_and_again(system):
    good, bad = Counting(), Counting(name="failing", fails=True)
    ticker = Ticker([good, bad], JobRunner(system, SystemClock()))

    ticker.start()
    async with asyncio.timeout(20):
        await good.ran.wait()
        await bad.ran.wait()
    await ticker.stop()

    assert good.runs >= 3
    assert bad.runs >= 3, "a failure does not end a job"


async def test_a_stopped_ticker_leaves_nothing_under_way(system):
    job = Clinging()
    ticker = Ticker([job], JobRunner(system, SystemClock()))

    ticker.start()
    async with asyncio.timeout(20):
        await job.begun.wait()
        await ticker.stop()

    assert job.gave_back


@dataclass
class Clinging:
    name: str = "clinging"
    every_seconds: float = 0.02
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gave_back: bool = False

    async def run(self) -> int:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await asyncio.sleep(0)
            self.gave_back = True
        return 0


async def test_what_a_job_handled_and_how_it_failed_is_on_record(system):
    run = JobRunner(system, SystemClock())

    assert await run(Counting()) == 2
    assert await run(Counting(name="failing", fails=True)) == 0

    async with system() as session:
        rows = dict((await session.execute(text("SELECT name, last_error FROM job_runs"))).all())
    assert rows == {"counting": None, "failing": "ConnectionError: the peer is away"}


async def test_a_run_that_succeeds_again_takes_the_error_away_even_with_nothing_to_do(system):
    run, job = JobRunner(system, SystemClock()), Counting(fails=True)
    await run(job)

    for restarted in (run, JobRunner(system, SystemClock())):
        assert await last_error(system) == "ConnectionError: the peer is away"
        await restarted(Idle())
        assert await last_error(system) is None
        await JobRunner(system, SystemClock())(job)


async def test_idle_runs_after_the_first_are_not_recorded(system):
    run = JobRunner(system, SystemClock())
    await run(Idle())
    async with system() as session:
        await session.execute(text("UPDATE job_runs SET last_error = 'another worker'"))

    await run(Idle())

    assert await last_error(system) == "another worker"


class Idle(Counting):
    async def run(self) -> int:
        return 0


async def last_error(system):
    async with system() as session:
        return await session.scalar(text("SELECT last_error FROM job_runs"))
