import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.ids import TenantId, new_id
from metering.domain.events import IngestStatus
from metering.stores.memory import MemoryUsageStore
from tests.support.usage import FEBRUARY, JANUARY, LINES, usage_event

TENANT = TenantId(new_id())

_DELIVERIES = st.lists(
    st.builds(
        usage_event,
        st.integers(0, 15).map("evt-{}".format),
        time=st.integers(0, 58).map(lambda day: JANUARY.start + timedelta(days=day)),
        data=st.fixed_dictionaries({"lines": st.integers(0, 9)}),
    ),
    max_size=40,
)


@given(_DELIVERIES, st.randoms(use_true_random=False))
def test_resending_in_any_order_and_any_batches_changes_no_total(events, chance):
    once = {event.id: event for event in reversed(events)}

    async def run():
        orderly, messy = MemoryUsageStore(), MemoryUsageStore()
        await orderly.ingest(TENANT, list(once.values()))
        again = list(once.values()) * 3
        chance.shuffle(again)
        while again:
            size = chance.randint(1, len(again))
            await messy.ingest(TENANT, again[:size])
            again = again[size:]
        return [
            await store.total(TENANT, LINES, JANUARY, cutoff=await store.cutoff(), since=None)
            for store in (orderly, messy)
        ]

    expected, found = asyncio.run(run())
    assert found == expected


@given(_DELIVERIES, st.lists(st.integers(0, 40), max_size=5))
def test_consecutive_closes_share_out_every_event(events, stops):
    """Whatever arrives between two closes is in exactly one of them."""

    async def run():
        store, since, closed = MemoryUsageStore(), None, 0
        for start, stop in zip([0, *sorted(stops)], [*sorted(stops), len(events)], strict=True):
            await store.ingest(TENANT, events[start:stop])
            cutoff = await store.cutoff()
            period = JANUARY if since is None else FEBRUARY
            total = await store.total(TENANT, LINES, period, cutoff=cutoff, since=since)
            # February counts its own events anew at each look: take what is late only.
            february = await store.total(TENANT, LINES, FEBRUARY, cutoff=cutoff, since=None)
            closed += total.events - (february.events if since is not None else 0)
            since = cutoff
        january = await store.total(TENANT, LINES, JANUARY, cutoff=since, since=None)
        return closed, january.events

    closed, january = asyncio.run(run())
    assert closed == january


@given(_DELIVERIES)
def test_the_first_body_of_an_identity_stands(events):
    async def run():
        store = MemoryUsageStore()
        return [(event, (await store.ingest(TENANT, [event]))[0].status) for event in events]

    first: dict[str, bytes] = {}
    for event, status in asyncio.run(run()):
        standing = first.setdefault(event.id, event.body_hash)
        if status is IngestStatus.CONFLICT:
            assert standing != event.body_hash
        else:
            assert standing == event.body_hash
