"""Usage from a real NATS JetStream: each message once, whatever dies in between."""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field

import pytest

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import format_id, new_id
from metering.domain.events import IngestStatus
from metering.services.list_dead_messages import ListDeadMessages
from metering.services.take_messages import TakeMessages
from metering.sources.messages import SubjectWithoutTenant
from metering.sources.nats import ReadNats
from tests.integration.cli.shell import shell_for
from tests.support.nats_broker import STREAM, SUBJECT, Broker
from tests.support.usage import CALLS, JANUARY, cloud_event


@dataclass(frozen=True)
class Tallied(TakeMessages):
    """Counts what became of every event over all runs, and can be made to die."""

    tally: Counter = field(default_factory=Counter)
    deaths: list[str] = field(default_factory=list)

    async def __call__(self, source, messages, *, tenant_place):
        if "after" in self.deaths:
            # What a kill leaves between the tenants' commits and the stream's own mark.
            for tenant in {m.subject for m in messages}:
                own = [m for m in messages if m.subject == tenant]
                found = await self._store(source, _tenant(tenant), own)
                self.tally.update(one.status for one in found or ())
            self.deaths.remove("after")
            raise ConnectionAbortedError
        counts = await super().__call__(source, messages, tenant_place=tenant_place)
        self.tally.update(counts)
        return counts


def _tenant(subject):
    from metering.sources.messages import tenant_of

    return tenant_of(subject, 1)


@pytest.fixture
async def broker(tmp_path):
    folder = tmp_path / "broker"
    folder.mkdir()
    server = Broker(folder)
    await server.start()
    await server.make_stream()
    yield server
    server.kill()


@pytest.fixture
def take(work, system, ingest, clock):
    return Tallied(work, system, ingest, clock)


@pytest.fixture
async def reader(broker, take):
    job = ReadNats(broker.url, STREAM, SUBJECT, take, SystemClock())
    yield job
    await job.close()


def subject(tenant_id) -> str:
    return f"usage.{format_id('ten', tenant_id)}"


def body(*ids, **changes) -> bytes:
    return json.dumps([cloud_event(one, **changes) for one in ids]).encode()


async def counted(store, tenant_id) -> int:
    total = await store.total(tenant_id, CALLS, JANUARY, cutoff=await store.cutoff(), since=None)
    return total.events


async def test_messages_are_taken_in_and_what_is_bad_never_blocks(
    broker, reader, take, store, staff, tenant_id, other_tenant_id
):
    nobody = f"usage.{format_id('ten', new_id())}"
    await broker.publish(
        (subject(tenant_id), body("a", "b")),
        (subject(tenant_id), b"{broken"),
        ("usage.not-a-tenant", body("x")),
        (nobody, body("x")),
        (subject(tenant_id), json.dumps(cloud_event("c")).encode()),
        (subject(tenant_id), body("a", "bare", data={})),
        (subject(other_tenant_id), body("a")),
    )
    lines = b"\n".join(json.dumps(cloud_event(one)).encode() for one in "de")
    await broker.publish((subject(tenant_id), lines), **{"Content-Type": "application/x-ndjson"})

    assert await reader.run() == 8
    assert await reader.run() == 0

    assert (await counted(store, tenant_id), await counted(store, other_tenant_id)) == (5, 1)
    assert take.tally == {IngestStatus.ACCEPTED: 6, IngestStatus.REJECTED: 3}
    dead = await ListDeadMessages(staff)(limit=10)
    told = {m.sequence: (m.tenant_id, [reason["reason"] for reason in m.reasons]) for m in dead}
    assert told == {
        2: (tenant_id, ["events_unreadable"]),
        3: (None, ["subject_names_no_organisation"]),
        4: (None, ["organisation_unknown"]),
        6: (tenant_id, ["property_missing", "property_missing"]),
    }
    assert {m.sequence: m.body for m in dead}[2] == b"{broken"


async def test_dying_between_the_commits_neither_loses_nor_doubles(
    broker, reader, take, store, tenant_id, other_tenant_id
):
    await broker.publish((subject(tenant_id), body("a")), (subject(other_tenant_id), body("b")))
    take.deaths.append("after")
    with pytest.raises(ConnectionAbortedError):
        await reader.run()
    await broker.publish((subject(tenant_id), body("c")))

    assert await reader.run() == 3

    # Were the messages taken again, their events would be duplicates.
    assert take.tally == {IngestStatus.ACCEPTED: 3}
    assert await counted(store, tenant_id) == 2


async def test_two_readers_at_once_share_the_messages(broker, reader, take, store, tenant_id):
    second = ReadNats(broker.url, STREAM, SUBJECT, take, SystemClock())
    await broker.publish(*((subject(tenant_id), body(f"e{n}")) for n in range(300)))

    read = await asyncio.gather(reader.run(), second.run())
    await second.close()

    assert sum(read) >= 300
    assert take.tally == {IngestStatus.ACCEPTED: 300}
    assert await counted(store, tenant_id) == 300


async def test_a_stream_made_anew_is_read_from_its_beginning(
    broker, reader, take, store, tenant_id
):
    await broker.publish((subject(tenant_id), body("a")), (subject(tenant_id), body("b")))
    await reader.run()
    await broker.remove_stream()
    await broker.make_stream()
    await broker.publish((subject(tenant_id), body("c")))

    for _ in range(3):
        try:
            await reader.run()
        except Exception:  # noqa: BLE001 - its old consumer went with the stream
            continue

    assert await counted(store, tenant_id) == 3
    assert take.tally == {IngestStatus.ACCEPTED: 3}


async def test_a_subject_must_say_whose_usage_it_is(broker, take):
    for pattern in ("usage", "usage.*.*", "usage.>"):
        with pytest.raises(SubjectWithoutTenant):
            await ReadNats(broker.url, STREAM, pattern, take, SystemClock()).run()


async def kill_in_between(settings, broker, tenant_id, *, messages: int, kills: int) -> None:
    """Publish while the broker and the reading process are killed in turns, then read the rest."""
    chance = random.Random(messages)
    shell = shell_for(settings, TALLYARD_NATS_URL=broker.url)
    command = [sys.executable, "-m", "web.cli", "events", "source", "nats"]

    def reading():
        return subprocess.Popen(
            command, env=shell.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    usage = [(subject(tenant_id), body(f"e{n}-1", f"e{n}-2")) for n in range(messages)]
    publishing = asyncio.create_task(broker.publish_until_taken(usage))
    process = reading()
    try:
        for n in range(kills):
            await asyncio.sleep(chance.uniform(0.3, 1.2))
            if n % 2:
                broker.kill()
                await broker.start()
            else:
                process.kill()
                process.wait(20)
                process = reading()
        await publishing
    finally:
        process.kill()
        process.wait(20)
    assert shell("events", "source", "nats", "--once").status == 0


async def test_broker_and_reader_are_killed_in_turns(settings, broker, store, catalogue, tenant_id):
    await kill_in_between(settings, broker, tenant_id, messages=600, kills=3)
    assert await counted(store, tenant_id) == 1200


@pytest.mark.nightly
async def test_broker_and_reader_are_killed_many_times(
    settings, broker, store, catalogue, tenant_id
):
    await kill_in_between(settings, broker, tenant_id, messages=50_000, kills=60)
    assert await counted(store, tenant_id) == 100_000
