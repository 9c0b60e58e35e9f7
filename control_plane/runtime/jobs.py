"""Periodic work. APScheduler only ticks: what is due is found in the data.

A job that was missed is therefore caught up by its next run, and running one
twice, or in two workers at once, changes nothing.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import text

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import new_id
from control_plane.runtime.unit_of_work import SystemWork

log = structlog.get_logger()


class Job(Protocol):
    """Work that is looked for every few seconds."""

    @property
    def name(self) -> str:
        """A stable name, the key of the job's row in ``job_runs``."""

    @property
    def every_seconds(self) -> float:
        """The pause between two ticks, in seconds of real time."""

    async def run(self) -> int:
        """Do what is due and return how many things were handled."""


_RECORD = text(
    """
    INSERT INTO job_runs (name, started_at, finished_at, handled, last_error)
    VALUES (:name, :started, :finished, :handled, :error)
    ON CONFLICT (name) DO UPDATE SET started_at = :started, finished_at = :finished,
        handled = job_runs.handled + :handled, last_error = :error
    """
)


@dataclass(frozen=True, slots=True)
class JobRunner:
    """Runs one job, keeps its failures from everybody else, and records the outcome.

    A run that had nothing to do is recorded only where it ends a failure: after one here, or as
    the job's first in this process, which cannot know how the last one ended.
    """

    system: SystemWork
    clock: Clock
    _well: set[str] = field(default_factory=set)

    async def __call__(self, job: Job) -> int:
        """Run once. A failure is logged and recorded; the next tick tries again."""
        with structlog.contextvars.bound_contextvars(job=job.name, trace_id=str(new_id())):
            return await self._run(job)

    async def _run(self, job: Job) -> int:
        started = self.clock.now()
        handled, error = 0, None
        try:
            handled = await job.run()
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            log.exception("job_failed")
        if handled or error or job.name not in self._well:
            await self._record(job.name, started, handled, error)
        return handled

    async def _record(self, name: str, started: object, handled: int, error: str | None) -> None:
        self._well.discard(name)
        values = {
            "name": name,
            "started": started,
            "finished": self.clock.now(),
            "handled": handled,
            "error": error,
        }
        try:
            async with self.system() as session:
                await session.execute(_RECORD, values)
            if error is None:
                self._well.add(name)
        except Exception:
            log.exception("job_record_failed")


@dataclass(slots=True)
class Ticker:
    """Starts every job at its pace, and no run of a job before its last one has ended.

    A job that `run_when_told` runs too may run twice at a time.
    """

    jobs: Sequence[Job]
    run: JobRunner
    _scheduler: AsyncIOScheduler = field(default_factory=AsyncIOScheduler)
    _under_way: set[asyncio.Task[Any]] = field(default_factory=set)

    def start(self) -> None:
        """Begin ticking on the running event loop."""
        for job in self.jobs:
            self._scheduler.add_job(
                self._tick,
                "interval",
                args=[job],
                seconds=job.every_seconds,
                id=job.name,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
            )
        self._scheduler.start()

    async def stop(self) -> None:
        """Stop ticking, and cancel what is under way: a later run catches it up.

        It has ended when this returns, and given back what it held.
        """
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for run in self._under_way:
            run.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _tick(self, job: Job) -> None:
        run = asyncio.ensure_future(self.run(job))
        self._under_way.add(run)
        run.add_done_callback(self._under_way.discard)
        await asyncio.shield(run)  # `stop` cancels it, and only once


async def run_when_told(job: Job, run: JobRunner, told: AsyncGenerator[Any]) -> None:
    """Run a job soon after each time it is told to, besides its ticks, until cancelled.

    Told again while it runs, it runs once more afterwards, however often it was told.
    """
    due = asyncio.Event()

    async def listen() -> None:
        async with aclosing(told):
            async for _ in told:
                due.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(listen())
        while True:
            await due.wait()
            due.clear()
            await run(job)
