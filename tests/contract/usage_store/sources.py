"""What every UsageStore must say of single sources. Part of the one contract."""

from decimal import Decimal

from control_plane.catalog.domain import Filter
from metering.ports import UsageStore
from tests.contract.usage_store.taking_back import BELLA, RIVAL, ingest, lines, retraction
from tests.support.usage import CALLS, FEBRUARY, JANUARY, LINES, usage_event


def of(source: str, id_: str, n: object, **changes):
    return lines(id_, n, source=f"/instances/{source}", **changes)


class SourcesContract:
    async def test_each_source_is_added_up_by_itself(self, store: UsageStore):
        await ingest(store, of("a", "e1", 3), of("a", "e2", "0.5"), of("b", "e1", 7))
        await ingest(store, of("c", "e1", 100))
        await ingest(store, of("a", "e1", 1000), tenant=RIVAL)
        asked = ["/instances/a", "/instances/b", "/instances/without"]

        added = await store.by_source(BELLA, LINES, JANUARY, asked)
        counted = await store.by_source(BELLA, CALLS, JANUARY, asked)

        assert added == {"/instances/a": Decimal("3.5"), "/instances/b": Decimal(7)}
        assert counted == {"/instances/a": 2, "/instances/b": 1}

    async def test_of_a_source_counts_what_the_total_counts(self, store: UsageStore):
        east = LINES.narrowed((Filter("zone", ("east",)),))
        await ingest(store, of("a", "in", 2), of("a", "next", 50, time=FEBRUARY.start))
        await ingest(store, of("a", "wrong", 9), of("a", "late", 4))
        await ingest(store, retraction("undo", "wrong", source="/instances/a"))
        west = usage_event("west", source="/instances/a", data={"lines": 60, "zone": "west"})
        odd = usage_event("odd", source="/instances/a", data={"lines": "n/a", "zone": "east"})
        await ingest(store, west, odd)

        assert await store.by_source(BELLA, east, JANUARY, ["/instances/a"]) == {"/instances/a": 6}

    async def test_no_sources_are_no_question(self, store: UsageStore):
        await ingest(store, of("a", "e1", 3))

        assert await store.by_source(BELLA, LINES, JANUARY, []) == {}
