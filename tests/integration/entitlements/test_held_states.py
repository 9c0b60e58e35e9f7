"""Snapshots held by a web process: newest while news comes, looked for while it does not."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from control_plane.entitlements.errors import SnapshotNotPublished
from control_plane.entitlements.errors_checks import RevisionNotReached
from control_plane.entitlements.held_states import HeldStates
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.entitlements.services.check_entitlements import CheckEntitlements, Question
from control_plane.entitlements.services.follow_entitlements import FollowEntitlements, StreamRoom
from control_plane.sdk.decision import Reason
from tests.support.timelines import at, booked, started

ORDERS = "outbound.orders_per_day"


class News:
    """Word of revisions, as a test gives it."""

    def __init__(self):
        self.epoch = 1
        self.heard_seconds = 0.0
        self.callbacks = []

    def subscribe(self, callback):
        self.callbacks.append(callback)
        return lambda: None

    def tell(self, tenant_id, revision):
        for callback in self.callbacks:
            callback(tenant_id, revision)


class Counted:
    """A unit of work that counts how often it is opened."""

    def __init__(self, work):
        self.work = work
        self.opened = 0

    def __call__(self, tenant_id):
        self.opened += 1
        return self.work(tenant_id)


@pytest.fixture
def news():
    return News()


@pytest.fixture
def counted(work):
    return Counted(work)


@pytest.fixture
def states(counted, news):
    return HeldStates(counted, news)


async def no_accounts(tenant_id, features):
    return {}


async def test_nothing_published_yet_is_said_so(states, tenant_id):
    with pytest.raises(SnapshotNotPublished):
        await states.newest(tenant_id)


async def test_a_snapshot_is_read_once_while_nothing_newer_is_heard_of(
    states, counted, news, parts, keep, catalog, tenant_id
):
    await parts.publish(tenant_id)
    for _ in range(5):
        assert (await states.newest(tenant_id)).revision == 1
    assert counted.opened == 1

    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    news.tell(tenant_id, 2)

    assert (await states.newest(tenant_id)).revision == 2
    assert (await states.newest(tenant_id)).revision == 2
    assert counted.opened == 2


@pytest.mark.parametrize("gap", ["reconnected", "nobody listens", "silent"])
async def test_after_a_gap_in_the_news_the_newest_is_looked_for(
    states, news, parts, keep, catalog, tenant_id, gap
):
    await parts.publish(tenant_id)
    assert (await states.newest(tenant_id)).revision == 1
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)  # and nobody tells

    if gap == "reconnected":
        news.epoch = 2
    elif gap == "nobody listens":
        news.epoch = None
    else:
        news.heard_seconds = 15.1

    assert (await states.newest(tenant_id)).revision == 2


async def test_a_late_read_never_overwrites_a_newer_one(
    work, news, parts, keep, catalog, tenant_id
):
    """Two reads; the one that began first, and saw the older revision, ends last."""
    await parts.publish(tenant_id)
    read, go_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def slow_at_first(owner):
        first = not read.is_set()
        async with work(owner) as session:
            yield session
        read.set()
        if first:
            await go_on.wait()

    held = HeldStates(slow_at_first, news)
    late = asyncio.create_task(held.newest(tenant_id))
    await read.wait()
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    news.tell(tenant_id, 2)
    assert (await held.newest(tenant_id)).revision == 2
    go_on.set()

    assert (await late).revision == 2
    assert (await held.newest(tenant_id)).revision == 2


async def test_the_least_used_tenants_are_let_go_beyond_the_bound(
    counted, news, parts, tenant_id, other_tenant_id, work
):
    await parts.publish(tenant_id)
    await parts.publish(other_tenant_id)
    async with work(tenant_id) as session:
        size = len((await SnapshotRepository(session).latest(tenant_id)).envelope.payload)
    states = HeldStates(counted, news, most_bytes=size + 10)

    for owner in (tenant_id, other_tenant_id, other_tenant_id, tenant_id):
        await states.newest(owner)

    assert counted.opened == 3


async def test_who_waits_is_woken_by_the_news_or_by_the_time(
    states, news, parts, keep, catalog, tenant_id, monkeypatch
):
    await parts.publish(tenant_id)
    assert (await states.wait_beyond(tenant_id, 1, 0.05)).revision == 1

    loop = asyncio.get_running_loop()
    stopped = loop.time()
    monkeypatch.setattr(loop, "time", lambda: stopped)  # no timer runs out: only news can wake
    waiting = asyncio.create_task(states.wait_beyond(tenant_id, 1, 30))
    await asyncio.sleep(0)
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    news.tell(tenant_id, 2)

    assert (await waiting).revision == 2


async def test_who_waits_sees_what_nobody_tells_of(states, news, parts, keep, catalog, tenant_id):
    news.epoch = None
    await parts.publish(tenant_id)
    waiting = asyncio.create_task(states.wait_beyond(tenant_id, 1, 3_600))
    await asyncio.sleep(0.01)
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)

    assert (await asyncio.wait_for(waiting, 60)).revision == 2


async def test_checks_answer_what_modules_decide_by(states, parts, keep, catalog, clock, tenant_id):
    timeline = started(catalog.plan("growth").id)
    await keep(booked(timeline, catalog.addon("peak_618").id, 10, 20, known=0))
    await parts.publish(tenant_id)
    check = CheckEntitlements(states, clock, no_accounts)
    questions = [Question("outbound"), Question(ORDERS), Question("naps")]

    clock.set(at(12))
    checked = await check(tenant_id, questions)

    assert (checked.revision, checked.at, checked.age_seconds) == (1, at(12), 0)
    said = [(a.decision.allowed, a.decision.reason, a.decision.limit) for a in checked.answers]
    assert said == [
        (True, Reason.GRANTED, None),
        (True, Reason.GRANTED, 550),
        (False, Reason.UNKNOWN_FEATURE, None),
    ]


@pytest.mark.parametrize(
    ("free", "hard", "units", "allowed"),
    [(5, True, 5, True), (5, True, 6, False), (0, True, 1, False), (-3, False, 1, True)],
)
async def test_units_that_are_left_decide_a_counted_feature(
    states, parts, keep, catalog, clock, tenant_id, free, hard, units, allowed
):
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    clock.set(at(1))

    class Account:
        pass

    account = Account()
    account.free, account.hard = free, hard

    async def accounts(owner, features):
        assert (owner, set(features)) == (tenant_id, {ORDERS})
        return {ORDERS: account}

    checked = await CheckEntitlements(states, clock, accounts)(
        tenant_id, [Question(ORDERS, units), Question("outbound")]
    )

    answer = checked.answers[0]
    assert (answer.decision.allowed, answer.remaining) == (allowed, free)
    assert answer.decision.reason == (Reason.GRANTED if allowed else Reason.LIMIT_REACHED)
    assert checked.answers[1].remaining is None


async def test_a_revision_that_never_comes_is_told_and_one_that_comes_late_is_waited_for(
    states, news, parts, keep, catalog, clock, tenant_id
):
    await parts.publish(tenant_id)
    impatient = CheckEntitlements(states, clock, no_accounts, patience_seconds=0.05)
    with pytest.raises(RevisionNotReached) as refused:
        await impatient(tenant_id, [Question("outbound")], 2)
    assert refused.value.fields["newest"] == 1

    check = CheckEntitlements(states, clock, no_accounts)
    asked = asyncio.create_task(check(tenant_id, [Question("outbound")], 2))
    await asyncio.sleep(0.01)
    await keep(started(catalog.plan("growth").id))
    await parts.publish(tenant_id)
    news.tell(tenant_id, 2)
    assert (await asked).revision == 2


async def test_a_window_that_opens_is_told_on_its_tick_without_a_revision(
    states, parts, keep, catalog, clock, tenant_id
):
    timeline = started(catalog.plan("growth").id)
    await keep(booked(timeline, catalog.addon("peak_618").id, 10, 20, known=0))
    await parts.publish(tenant_id)
    clock.set(at(10))
    follow = FollowEntitlements(states, clock, beat_seconds=0.02)

    seen, changed = await follow.after(tenant_id, 0, 0)
    assert changed
    assert dict(seen.decisions)[ORDERS].limit == 550
    assert seen.changes_at == at(20)

    assert (await follow.after(tenant_id, 1, 0))[1] is False

    told = follow.follow(tenant_id)
    assert [(await anext(told))[1], (await anext(told))[1]] == [True, False]
    clock.set(at(20))
    second, changed = await anext(told)
    assert (second.revision, changed) == (1, True)
    assert dict(second.decisions)[ORDERS].limit == 150


async def test_a_stream_counts_while_it_is_open(tenant_id, other_tenant_id):
    room = StreamRoom(3, 2)
    with room.entered(tenant_id), room.entered(tenant_id):
        assert room.full(tenant_id) == 2
        assert room.full(other_tenant_id) is None
        with room.entered(other_tenant_id):
            assert room.full(other_tenant_id) == 3
    assert room.full(tenant_id) is None
    assert not room._open
