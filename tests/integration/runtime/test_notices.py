"""A listener is told of every commit on its channel, and of every connection it had to make."""

import asyncio
from contextlib import aclosing

from sqlalchemy import text

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import TenantId, new_id
from control_plane.runtime.jobs import JobRunner, run_when_told
from control_plane.runtime.notices import notices
from control_plane.runtime.outbox import PROMPT_CHANNEL, OutboxRelay, RelayJob, enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED, MAIL_REQUESTED, PROMPT

LONG = 30


async def test_a_listener_hears_what_is_committed_and_of_a_new_connection(database, system):
    async with asyncio.timeout(LONG), aclosing(notices(database.settings, "greetings")) as heard:
        assert await anext(heard) is None
        await _notify(system, "one")
        assert await anext(heard) == "one"

        await _cut_off(system)
        assert await anext(heard) is None, "what was sent meanwhile is lost, so it is told"
        await _notify(system, "two")
        assert await anext(heard) == "two"


async def test_every_prompt_topic_is_notified_of_and_no_other(work, database, system):
    tenant = TenantId(new_id())
    async with asyncio.timeout(LONG), aclosing(notices(database.settings, PROMPT_CHANNEL)) as heard:
        assert await anext(heard) is None
        for topic in PROMPT:
            await _send(work, tenant, topic)
            assert await anext(heard) == ""

        await _send(work, tenant, MAIL_REQUESTED)
        await _notify(system, "after the mail", PROMPT_CHANNEL)
        assert await anext(heard) == "after the mail"


async def test_a_prompt_message_is_delivered_while_another_is_still_on_its_way(
    work, system, database
):
    """No tick is involved: the commit wakes the relay, whatever the other relay waits for."""
    published, mailing, mailed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def publish(tenant_id, payload, delivery_id):
        published.set()

    async def mail(tenant_id, payload, delivery_id):
        mailing.set()
        await mailed.wait()

    handlers = {ENTITLEMENTS_CHANGED: publish, MAIL_REQUESTED: mail}
    clock, tenant = SystemClock(), TenantId(new_id())
    prompt = RelayJob(OutboxRelay(system, handlers, clock, only=PROMPT))
    others = RelayJob(OutboxRelay(system, handlers, clock, besides=PROMPT))
    told = notices(database.settings, PROMPT_CHANNEL)
    listening = asyncio.create_task(run_when_told(prompt, JobRunner(system, clock), told))

    async with asyncio.timeout(LONG):
        await _send(work, tenant, MAIL_REQUESTED)
        slow = asyncio.create_task(others.run())
        await mailing.wait()
        await _send(work, tenant, ENTITLEMENTS_CHANGED)
        await published.wait()
        assert not slow.done()
        mailed.set()
        assert await slow == 1
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_told_while_it_runs_a_job_runs_once_more(system):
    heard: asyncio.Queue[str] = asyncio.Queue()
    job = _Slow()

    async def told():
        while True:
            yield await heard.get()

    running = asyncio.create_task(run_when_told(job, JobRunner(system, SystemClock()), told()))
    async with asyncio.timeout(LONG):
        heard.put_nowait("first")
        await job.begun.get()
        for word in ("second", "third"):
            heard.put_nowait(word)
        while not heard.empty():
            await asyncio.sleep(0)
        job.go_on.release()
        await job.begun.get()
        job.go_on.release()
        while job.ended < 2:
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert job.begun.empty(), "told twice meanwhile, once more is enough"


class _Slow:
    name, every_seconds = "slow", 3600.0

    def __init__(self) -> None:
        self.begun: asyncio.Queue[None] = asyncio.Queue()
        self.go_on = asyncio.Semaphore(0)
        self.ended = 0

    async def run(self) -> int:
        self.begun.put_nowait(None)
        await self.go_on.acquire()
        self.ended += 1
        return 0


async def _send(work, tenant: TenantId, topic: str) -> None:
    async with work(tenant) as session:
        await enqueue(session, tenant, topic, {})


async def _notify(system, payload: str, channel: str = "greetings") -> None:
    said = {"channel": channel, "payload": payload}
    async with system() as session:
        await session.execute(text("SELECT pg_notify(:channel, :payload)"), said)


async def _cut_off(system) -> None:
    async with system() as session:
        ended = await session.scalar(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'listener:greetings' AND datname = current_database()"
            )
        )
    assert ended
