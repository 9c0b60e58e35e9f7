"""Usage with a known answer adds up to it in every store, however its deliveries are broken off.

Killed processes and databases are for `tests/scenarios/test_known_usage.py`.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from control_plane.kernel.ids import TenantId, new_id
from metering.domain.cloudevents import parse_events
from metering.domain.events import IngestResult, UsageEvent
from metering.ports import UsageStore
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.store import ClickHouseUsageStore
from metering.stores.memory import MemoryUsageStore
from tests.support.embedded_clickhouse import emptied
from tests.support.known_usage.answer import Answer
from tests.support.known_usage.facts import Facts
from tests.support.known_usage.writers import batches

END = datetime(2026, 3, 20, tzinfo=UTC)
WRITERS = 4


class Writers:
    """Several writers of one store; some deliveries are broken off, and sent again."""

    def __init__(self, store: UsageStore, tenant_id: TenantId) -> None:
        self.store, self.tenant_id = store, tenant_id
        self.chance = random.Random(7)
        self.statuses: Counter[str] = Counter()
        self.broken = 0

    async def send(self, deliveries: Iterator[list[dict[str, Any]]]) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(WRITERS):
                group.create_task(self._write(deliveries))

    async def _write(self, deliveries: Iterator[list[dict[str, Any]]]) -> None:
        for delivery in deliveries:
            events = parse_events(msgspec.json.encode(delivery))
            usable = [event for event in events if isinstance(event, UsageEvent)]
            assert len(usable) == len(delivery)
            results = await self._until_answered(usable)
            self.statuses.update(result.status.value for result in results)

    async def _until_answered(self, events: Sequence[UsageEvent]) -> list[IngestResult]:
        while self.chance.random() < 0.15:
            trying = asyncio.create_task(self.store.ingest(self.tenant_id, events))
            await asyncio.wait([trying], timeout=self.chance.random() * 0.05)
            trying.cancel()
            await asyncio.gather(trying, return_exceptions=True)
            self.broken += 1
        return await self.store.ingest(self.tenant_id, events)


async def _adds_up(store: UsageStore, count: int) -> None:
    facts, tenant_id = Facts(seed=11, count=count, end=END), TenantId(new_id())
    writers = Writers(store, tenant_id)

    await writers.send(batches(facts.deliveries()))
    assert writers.statuses.keys() == {"accepted", "duplicate"}
    assert writers.broken
    writers.statuses.clear()
    await writers.send(batches(facts.conflicts()))
    assert writers.statuses.keys() == {"conflict"}

    assert await Answer.of(facts).differences(store, tenant_id) == []


@pytest.mark.parametrize("count", [3_000, pytest.param(50_000, marks=pytest.mark.nightly)])
async def test_the_memory_store_adds_up_to_what_is_known(count):
    await _adds_up(MemoryUsageStore(), count)


@pytest.mark.xdist_group("clickhouse")
@pytest.mark.parametrize("count", [20_000, pytest.param(200_000, marks=pytest.mark.nightly)])
async def test_clickhouse_adds_up_to_what_is_known(work, system, count):
    store = ClickHouseUsageStore(work, system, await emptied(), Registry(system))
    await _adds_up(store, count)
