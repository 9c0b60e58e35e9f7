import asyncio
import contextlib
import gc
import weakref

import pytest

from control_plane.kernel.ids import TenantId, new_id
from metering.domain.events import IngestResult, IngestStatus
from metering.errors import IngestInterrupted, IngestOverloaded
from metering.services.group_commit import GroupCommit
from tests.support.usage import usage_event

BELLA, RIVAL = TenantId(new_id()), TenantId(new_id())


class Ledger:
    """Takes every delivery, slowly, and remembers the groups by their events."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.groups: list[tuple[TenantId, list[str]]] = []
        self.gate = asyncio.Event()
        self.failure: BaseException | None = None
        self.refusals: dict[str, Exception] = {}

    async def __call__(self, tenant_id, deliveries):
        events = [event for delivery in deliveries for event in delivery]
        self.begun.append(len(events))
        await self.gate.wait()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.groups.append((tenant_id, [event.id for event in events]))
        return [
            self.refusals.get(delivery[0].id)
            or [IngestResult(e.source, e.id, IngestStatus.ACCEPTED) for e in delivery]
            for delivery in deliveries
        ]


@pytest.fixture
async def ledger() -> Ledger:
    return Ledger()


class Watched(ValueError):
    """An error that can be watched."""


def _send(commit: GroupCommit, name: str, size: int = 1, tenant: TenantId = BELLA):
    events = [usage_event(f"{name}-{n}") for n in range(size)]
    return asyncio.create_task(commit(tenant, events, size))


async def test_what_arrives_together_is_committed_together(ledger):
    commit = GroupCommit(ledger)
    ledger.gate.set()

    answers = await asyncio.gather(*[_send(commit, name, 2) for name in "abc"])

    assert len(ledger.groups) == 1
    assert [[r.id for r in answer] for answer in answers] == [
        [f"{name}-0", f"{name}-1"] for name in "abc"
    ]


async def test_what_arrives_during_a_commit_shares_the_next_one(ledger):
    commit = GroupCommit(ledger, linger_seconds=0)
    first = _send(commit, "a")
    await asyncio.sleep(0.01)
    later = [_send(commit, name) for name in "bcd"]
    await asyncio.sleep(0.01)
    ledger.gate.set()
    await asyncio.gather(first, *later)

    assert [ids for _, ids in ledger.groups] == [["a-0"], ["b-0", "c-0", "d-0"]]


async def test_who_finds_nobody_on_the_way_waits_for_no_company(ledger):
    commit = GroupCommit(ledger, linger_seconds=3_600, most_at_once=2)
    ledger.gate.set()

    for name in "ab":
        async with asyncio.timeout(10):
            await _send(commit, name)

    assert [ids for _, ids in ledger.groups] == [["a-0"], ["b-0"]]


async def test_who_waits_for_company_goes_with_the_next_group_at_the_latest(ledger):
    commit = GroupCommit(ledger, linger_seconds=3_600, most_at_once=2)
    sent = [_send(commit, "a")]
    for later in ("b", "c"):
        await asyncio.sleep(0.01)
        sent.append(_send(commit, later))
    await asyncio.sleep(0.01)
    ledger.gate.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*sent)

    assert [ids for _, ids in ledger.groups] == [["a-0"], ["b-0", "c-0"]]


async def test_who_comes_during_a_commit_waits_for_half_as_many_as_there_usually_are(ledger):
    commit = GroupCommit(ledger, linger_seconds=3_600, most_at_once=2)
    sent = [_send(commit, f"first-{n}") for n in range(8)]
    await asyncio.sleep(0.01)
    sent += [_send(commit, f"later-{n}") for n in range(3)]
    await asyncio.sleep(0.01)
    assert ledger.begun == [8]

    sent.append(_send(commit, "fourth"))
    await asyncio.sleep(0.01)
    assert ledger.begun == [8, 4]

    ledger.gate.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*sent)
    assert commit._lanes == {}


async def test_who_gets_no_company_goes_when_the_time_is_over(ledger):
    commit = GroupCommit(ledger, linger_seconds=0.001, most_at_once=2)
    sent = [_send(commit, f"first-{n}") for n in range(8)]
    await asyncio.sleep(0.01)
    sent.append(_send(commit, "alone"))
    await asyncio.sleep(0.05)

    assert ledger.begun == [8, 1]
    ledger.gate.set()
    async with asyncio.timeout(10):
        await asyncio.gather(*sent)


async def test_who_comes_as_the_last_group_is_stopped_is_told_to_send_again(ledger):
    commit = GroupCommit(ledger, most_at_once=2)
    in_commit = _send(commit, "a")
    await asyncio.sleep(0.01)
    (runner,) = commit._running
    runner.cancel()
    waiting = [_send(commit, name) for name in "bc"]  # of whom a group is about to be formed

    async with asyncio.timeout(10):
        for task in (in_commit, *waiting):
            with pytest.raises(IngestInterrupted):
                await task
    await asyncio.sleep(0.01)
    assert (commit._lanes, commit._waiting, ledger.begun) == ({}, 0, [1])


async def test_a_group_that_is_stopped_before_it_begins_leaves_nobody_waiting(ledger):
    commit = GroupCommit(ledger)
    sent = [_send(commit, name) for name in "ab"]
    while not commit._running:
        await asyncio.sleep(0)
    (group,) = commit._running
    group.cancel()

    async with asyncio.timeout(10):
        for task in sent:
            with pytest.raises(IngestInterrupted):
                await task
    assert (commit._lanes, commit._waiting, ledger.begun) == ({}, 0, [])


async def test_with_two_at_once_nobody_waits_for_one_commit_and_then_for_another(ledger):
    commit = GroupCommit(ledger, linger_seconds=0, most_at_once=2)
    sent = [_send(commit, "a")]
    for later in ("bc", "de"):
        await asyncio.sleep(0.01)
        sent += [_send(commit, name) for name in later]
    await asyncio.sleep(0.01)
    ledger.gate.set()
    await asyncio.gather(*sent)

    # Two were under way when the gate opened; the rest shared the next.
    groups = sorted(ids for _, ids in ledger.groups)
    assert groups == [["a-0"], ["b-0", "c-0"], ["d-0", "e-0"]]
    assert commit._lanes == {}
    assert commit._waiting == 0


async def test_groups_never_mix_tenants(ledger):
    commit = GroupCommit(ledger)
    ledger.gate.set()

    await asyncio.gather(_send(commit, "a"), _send(commit, "b", tenant=RIVAL))

    assert sorted(ids for _, ids in ledger.groups) == [["a-0"], ["b-0"]]


async def test_a_group_has_a_bound(ledger):
    commit = GroupCommit(ledger, most_in_group=4)
    ledger.gate.set()

    await asyncio.gather(*[_send(commit, name, 3) for name in "ab"], _send(commit, "c", 9))

    assert [len(ids) for _, ids in ledger.groups] == [3, 3, 9]


async def test_nothing_is_taken_beyond_the_bound_and_room_comes_back(ledger):
    commit = GroupCommit(ledger, linger_seconds=0, most_waiting=4)
    running = _send(commit, "running")
    await asyncio.sleep(0.01)
    waiting = _send(commit, "waiting", 3)
    await asyncio.sleep(0)

    with pytest.raises(IngestOverloaded):
        await _send(commit, "beyond", 2)

    ledger.gate.set()
    await asyncio.gather(running, waiting)
    assert len(await _send(commit, "e", 4)) == 4


async def test_a_failed_commit_fails_its_own_group_only(ledger):
    commit = GroupCommit(ledger, linger_seconds=0)
    ledger.failure = ConnectionError("gone")
    doomed = _send(commit, "doomed")
    await asyncio.sleep(0.01)
    fine = _send(commit, "fine")
    ledger.gate.set()

    with pytest.raises(ConnectionError):
        await doomed
    assert [result.id for result in await fine] == ["fine-0"]


async def test_a_delivery_that_is_refused_costs_the_others_nothing(ledger):
    commit = GroupCommit(ledger)
    ledger.refusals["bad-0"] = ValueError("unreadable")
    ledger.gate.set()
    bad, fine = _send(commit, "bad"), _send(commit, "fine")

    with pytest.raises(ValueError, match="unreadable"):
        await bad
    assert [result.id for result in await fine] == ["fine-0"]
    assert len(ledger.groups) == 1


async def test_a_refusal_is_not_kept_until_somebody_collects(ledger):
    commit = GroupCommit(ledger)
    ledger.gate.set()
    ledger.refusals["bad-0"] = Watched("unreadable")
    kept = weakref.ref(ledger.refusals["bad-0"])
    gc.disable()
    try:
        with contextlib.suppress(ValueError):
            await commit(BELLA, [usage_event("bad-0")], 1)
        ledger.refusals.clear()
        await asyncio.sleep(0.01)
        assert kept() is None
    finally:
        gc.enable()


async def test_a_caller_that_goes_away_takes_nobody_along(ledger):
    commit = GroupCommit(ledger)
    leaving, staying = _send(commit, "leaving"), _send(commit, "staying")
    await asyncio.sleep(0)
    leaving.cancel()
    ledger.gate.set()

    assert [result.id for result in await staying] == ["staying-0"]
    assert ledger.groups == [(BELLA, ["leaving-0", "staying-0"])]


async def test_a_stopping_process_tells_everybody_to_send_again(ledger):
    commit = GroupCommit(ledger, linger_seconds=0)
    in_commit = _send(commit, "a")
    await asyncio.sleep(0.01)
    waiting = _send(commit, "b")
    await asyncio.sleep(0)
    (runner,) = [task for task in asyncio.all_tasks() if "_run" in repr(task.get_coro())]
    runner.cancel()

    for task in (in_commit, waiting):
        with pytest.raises(IngestInterrupted):
            await task
