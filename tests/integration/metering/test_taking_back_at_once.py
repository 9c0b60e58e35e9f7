"""Several deliveries that take the same event back at once, and one that rolls back."""

import asyncio
from collections import Counter

from metering.domain.events import IngestStatus
from tests.support.usage import CALLS, JANUARY, LINES, usage_event


async def test_of_deliveries_at_once_one_takes_an_event_back(store, admin, tenant_id):
    await store.ingest(tenant_id, [usage_event(f"wrong-{n}") for n in range(20)])

    async def send(writer: int):
        events = [
            usage_event(f"by-{writer}-{n}", data={"lines": 1}, corrects=f"wrong-{n}")
            for n in range(20)
        ]
        return await store.ingest(tenant_id, [*events, usage_event(f"plain-{writer}")])

    answers = await asyncio.gather(*[send(writer) for writer in range(4)])

    for n in range(20):
        statuses = Counter(answer[n].status for answer in answers)
        assert statuses == {IngestStatus.ACCEPTED: 1, IngestStatus.CONFLICT: 3}
    assert {answer[20].status for answer in answers} == {IngestStatus.ACCEPTED}
    cutoff = await store.cutoff()
    total = await store.total(tenant_id, LINES, JANUARY, cutoff=cutoff, since=None)
    assert (total.quantity, total.events) == (20 * 1 + 4 * 3, 24)
    kept = admin.execute("SELECT count(*) FROM usage_identities WHERE id LIKE 'by-%'").fetchone()
    assert kept == (20,)  # who came second used up no id


async def test_one_waits_for_another_that_fails_and_takes_its_place(work, store, tenant_id):
    await store.ingest(tenant_id, [usage_event("wrong")])

    async def failing():
        async with work(tenant_id):
            await store.ingest(tenant_id, [usage_event("first", corrects="wrong")])
            waiting = asyncio.create_task(
                store.ingest(tenant_id, [usage_event("second", retracts="wrong")])
            )
            await asyncio.sleep(0.2)
            assert not waiting.done()
            told.append(waiting)
            raise RuntimeError

    told: list[asyncio.Task] = []
    await asyncio.gather(failing(), return_exceptions=True)
    [second] = await told[0]

    assert second.status is IngestStatus.ACCEPTED
    cutoff = await store.cutoff()
    total = await store.total(tenant_id, CALLS, JANUARY, cutoff=cutoff, since=None)
    assert total.events == 0
