"""What is particular to how PostgreSQL takes events: as one text a column."""

from sqlalchemy import text

from metering.domain.events import IngestStatus
from tests.support.usage import usage_event


async def test_texts_with_the_usual_separator_are_stored_as_they_were_sent(store, work, tenant_id):
    names = ["a\x1fb", "\x1f", "\x1f\x1f", "a", "b\x1e"]
    events = [usage_event(n, source=f"/s{n}", subject=n, data={"lines": n}) for n in names]

    results = await store.ingest(tenant_id, events)

    assert {result.status for result in results} == {IngestStatus.ACCEPTED}
    async with work(tenant_id) as session:
        rows = (
            await session.execute(text("SELECT id, source, subject, data, hash FROM usage_events"))
        ).all()
    hashes = {event.id: event.body_hash for event in events}
    assert sorted(row.id for row in rows) == sorted(names)
    for row in rows:
        assert (row.source, row.subject, row.data) == (f"/s{row.id}", row.id, {"lines": row.id})
        assert bytes(row.hash) == hashes[row.id]


async def test_of_known_and_new_events_only_the_new_ones_are_stored(store, work, tenant_id):
    await store.ingest(tenant_id, [usage_event("b", subject=...)])

    results = await store.ingest(tenant_id, [usage_event(n, subject=...) for n in "abc"])

    assert [r.status for r in results] == ["accepted", "duplicate", "accepted"]
    async with work(tenant_id) as session:
        rows = (await session.execute(text("SELECT id, subject FROM usage_events"))).all()
    assert sorted(rows) == [("a", None), ("b", None), ("c", None)]


async def test_an_acknowledged_event_is_on_disk_whatever_the_default(store, work, tenant_id):
    async with work(tenant_id) as session:
        await session.execute(text("SET LOCAL synchronous_commit = off"))
        await store.ingest(tenant_id, [usage_event()])

        assert await session.scalar(text("SHOW synchronous_commit")) == "on"
