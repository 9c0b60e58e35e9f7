"""A commit is heard in every process; what was missed while nobody heard is found again."""

import asyncio
from contextlib import asynccontextmanager

import psycopg
import pytest

from control_plane.entitlements.changes import EntitlementChanges
from control_plane.entitlements.feeds import SnapshotFeeds
from control_plane.kernel.clock import SystemClock
from control_plane.sdk.envelope import load_public_keys, verify
from control_plane.sdk.snapshot import parse_heartbeat, parse_snapshot
from tests.support.timelines import started

PATIENCE = 10


@pytest.fixture
async def changes(settings, catalog):
    heard = EntitlementChanges(settings, SystemClock(), beat_seconds=0.2)
    yield heard
    await heard.close()


@pytest.fixture
def feeds(changes, parts):
    return SnapshotFeeds(changes, parts.read)


@pytest.fixture
def publish_anew(parts, keep, catalog, tenant_id):
    """Change what the tenant bought, and publish it."""

    async def publish():
        await keep(started(catalog.plan("receiving").id))
        return await parts.publish(tenant_id)

    return publish


async def until(happened):
    async with asyncio.timeout(PATIENCE):
        while not happened():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def following(feeds, tenant_id):
    """All states that are told, as they come."""
    told = []

    async def follow():
        async with feeds.follow(tenant_id) as states:
            async for state in states:
                told.append(state)  # noqa: PERF401 - it is read while it grows

    task = asyncio.create_task(follow())
    try:
        await until(lambda: told)
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def cut(settings):
    """End every listening connection from the server's side."""
    async with await psycopg.AsyncConnection.connect(settings.database_url) as admin:
        answer = await admin.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
            "WHERE application_name = 'listener:tallyard_entitlements' "
            "AND datname = current_database()"
        )
        return (await answer.fetchone())[0]


async def test_every_process_hears_of_a_revision_when_it_is_committed(
    changes, settings, parts, publish_anew, tenant_id
):
    second = EntitlementChanges(settings, SystemClock())
    heard = {"first": [], "second": []}
    changes.subscribe(lambda *told: heard["first"].append(told))
    end = second.subscribe(lambda *told: heard["second"].append(told))
    assert changes.epoch is None
    await until(lambda: changes.epoch and second.epoch)

    await parts.publish(tenant_id)
    await until(lambda: all(heard.values()))
    end()
    await publish_anew()
    await until(lambda: len(heard["first"]) == 2)

    assert heard == {"first": [(tenant_id, 1), (tenant_id, 2)], "second": [(tenant_id, 1)]}
    assert changes.heard_seconds < PATIENCE
    await second.close()


async def test_a_revision_that_is_rolled_back_is_heard_by_nobody(changes, parts, work, tenant_id):
    heard = []
    changes.subscribe(lambda *told: heard.append(told))
    await until(lambda: changes.epoch)

    with pytest.raises(ZeroDivisionError):
        async with work(tenant_id):
            await parts.publish(tenant_id)
            raise ZeroDivisionError
    await parts.publish(tenant_id)
    await until(lambda: heard)

    assert heard == [(tenant_id, 1)]


async def test_followers_get_what_is_newest_then_each_change_and_signed_beats(
    feeds, parts, publish_anew, tenant_id
):
    await parts.publish(tenant_id)
    keys = load_public_keys(parts.signer.public_keys_text())
    async with following(feeds, tenant_id) as one, following(feeds, tenant_id) as two:
        await publish_anew()
        await until(lambda: one[-1].revision == 2 and two[-1].revision == 2)
        told = len(one)
        await until(lambda: len(one) > told + 2)

    assert feeds.followers == 0
    assert one[0].revision == 1
    assert parse_snapshot(verify(one[-1].snapshot, keys)).revision == 2
    beats = [parse_heartbeat(verify(state.heartbeat, keys)) for state in one[told:]]
    assert {beat.revision for beat in beats} == {2}


async def test_a_notification_missed_is_made_good_after_reconnecting(
    changes, feeds, settings, parts, publish_anew, tenant_id
):
    await parts.publish(tenant_id)
    async with following(feeds, tenant_id) as told:
        await until(lambda: changes.epoch == 1)
        changes._tell = lambda payload: None  # what is sent from here on is lost
        assert await cut(settings) == 1
        await publish_anew()
        await until(lambda: told[-1].revision == 2)

    assert changes.epoch == 2


async def test_a_late_read_does_not_overwrite_a_newer_one(feeds, parts, publish_anew, tenant_id):
    await parts.publish(tenant_id)
    old = await parts.read.newest(tenant_id)
    async with following(feeds, tenant_id) as told:
        await publish_anew()
        await until(lambda: told[-1].revision == 2)
        late = SnapshotFeeds(feeds._changes, _Once(parts.read, old))
        late._feeds = feeds._feeds
        await late.fresh(tenant_id, feeds._feeds[tenant_id])
        await asyncio.sleep(0.05)

        assert told[-1].revision == 2


async def test_a_change_is_told_before_any_heartbeat_of_it_is_signed(
    changes, parts, publish_anew, tenant_id
):
    read = _Counting(parts.read)
    await parts.publish(tenant_id)
    async with following(SnapshotFeeds(changes, read), tenant_id) as told:
        await publish_anew()
        await until(lambda: told[-1].revision == 2)
        assert read.signed == []
        state = told[-1]
        assert parse_heartbeat(state.heartbeat.payload).revision == 2
        assert state.beat == state.beat
        assert read.signed == [2]


class _Counting:
    """A reading, and the revisions that heartbeats were signed of."""

    rings = ()

    def __init__(self, read):
        self._heartbeat, self.newest, self.signed = read.heartbeat, read.newest, []

    def heartbeat(self, tenant_id, revision, at):
        self.signed.append(revision)
        return self._heartbeat(tenant_id, revision, at)


class _Once:
    """A reading that took long."""

    rings = ()

    def __init__(self, read, answer):
        self.heartbeat, self._answer = read.heartbeat, answer

    async def newest(self, tenant_id):
        return self._answer


async def test_nobody_but_those_who_listen_may_ask_for_revisions(settings, work, tenant_id):
    from sqlalchemy import text
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError, match="permission denied"):
        async with work(tenant_id) as session:
            await session.execute(text("SELECT newest_entitlement_revisions(ARRAY[]::uuid[])"))
