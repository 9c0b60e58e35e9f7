"""What every UsageStore must do with usage that came too late. Part of the one contract."""

from datetime import timedelta

from control_plane.kernel.ids import TenantId, new_id
from metering.errors import EventTooLate
from metering.ports import UsageStore
from tests.support.usage import CALLS, JANUARY, NOON, usage_event

BELLA = TenantId(new_id())
SECOND = timedelta(seconds=1)


async def _events(store):
    total = await store.total(BELLA, CALLS, JANUARY, cutoff=await store.cutoff(), since=None)
    return total.events


def _late(*ids, **changes):
    refusal = EventTooLate(meter="outbound_lines", time="then", days=30, field="time")
    return [(usage_event(id_, **changes), refusal) for id_ in ids]


class RefusalContract:
    async def test_what_came_too_late_is_kept_once_and_counted_by_nothing(self, store: UsageStore):
        first = await store.keep_refused(BELLA, _late("a", "b"), NOON)
        again = await store.keep_refused(BELLA, _late("a"), NOON + SECOND)

        page = await store.refused(BELLA, after=None, limit=10)

        assert [result.reason for result in (*first, *again)] == ["event_too_late"] * 3
        assert [kept.event.id for kept in page.refused] == ["b", "a"]
        assert {(kept.reason, kept.refused_at) for kept in page.refused} == {
            ("event_too_late", NOON)
        }
        assert (await _events(store)) == 0

    async def test_what_was_stored_in_time_stays_stored_when_it_is_sent_again(
        self, store: UsageStore
    ):
        await store.ingest(BELLA, [usage_event("a"), usage_event("b")])

        late = [*_late("a"), *_late("b", data={"lines": 99}), *_late("c")]
        results = await store.keep_refused(BELLA, late, NOON)

        assert [result.status for result in results] == ["duplicate", "conflict", "rejected"]
        page = await store.refused(BELLA, after=None, limit=10)
        assert [kept.event.id for kept in page.refused] == ["c"]
        assert (await _events(store)) == 2

    async def test_pages_of_refused_events_give_each_once(self, store: UsageStore):
        await store.keep_refused(BELLA, _late(*"abcde"), NOON)

        seen, after = [], None
        while True:
            page = await store.refused(BELLA, after=after, limit=2)
            seen += [kept.event.id for kept in page.refused]
            after = page.after
            if after is None:
                break

        assert seen == list("edcba")

    async def test_another_tenant_sees_nothing_of_it(self, store: UsageStore):
        await store.keep_refused(BELLA, _late("a"), NOON)

        page = await store.refused(TenantId(new_id()), after=None, limit=10)

        assert page.refused == ()
        assert await store.keep_refused(BELLA, [], NOON) == []
