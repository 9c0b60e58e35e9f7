"""The short way of a delivery: one statement that sets its tenant, stores and commits."""

import asyncio
import json

import psycopg
import pytest
from sqlalchemy import text

from control_plane.runtime.unit_of_work import BOUND
from control_plane.tenancy.clocks import TenantClock
from metering.domain.events import IngestStatus
from metering.services.ingest_at_once import IngestAtOnce
from metering.services.meter_book import MeterBook
from metering.stores.at_once import StoreAtOnce
from tests.support.usage import cloud_event, usage_event


class Counting:
    """Stores, and knows how often it was asked to."""

    def __init__(self, store: StoreAtOnce) -> None:
        self.store = store
        self.deliveries = 0

    async def __call__(self, tenant_id, events):
        self.deliveries += 1
        return await self.store(tenant_id, events)


@pytest.fixture
def counting(ingest, work) -> Counting:
    counting = Counting(StoreAtOnce(work))
    ingest.at_once.store = counting
    return counting


def _body(*events) -> bytes:
    return json.dumps(list(events)).encode()


def _stored(admin, tenant_id) -> list[str]:
    rows = admin.execute(
        "SELECT id FROM usage_events WHERE tenant_id = %s ORDER BY id", [tenant_id]
    )
    return [id_ for (id_,) in rows]


async def test_a_tenants_first_delivery_takes_the_long_way_and_the_next_ones_the_short_one(
    ingest, counting, admin, tenant_id
):
    ways = []
    for name in "abc":
        await ingest(tenant_id, _body(cloud_event(name)))
        ways.append(counting.deliveries)

    assert ways == [0, 1, 2]
    assert _stored(admin, tenant_id) == ["a", "b", "c"]


async def test_the_short_way_gives_the_answers_of_the_long_one(ingest, counting, admin, tenant_id):
    await ingest(tenant_id, _body(cloud_event("known")))

    results = await ingest(
        tenant_id,
        _body(
            cloud_event("new"),
            cloud_event("known"),
            cloud_event("known", data={"lines": 99}),
            cloud_event("new"),
        ),
    )

    assert counting.deliveries == 1
    assert [result.status for result in results] == [
        IngestStatus.ACCEPTED,
        IngestStatus.DUPLICATE,
        IngestStatus.CONFLICT,
        IngestStatus.DUPLICATE,
    ]
    assert _stored(admin, tenant_id) == ["known", "new"]


@pytest.mark.parametrize(
    "event",
    [
        cloud_event("odd", type="tallyard.unheard_of"),
        cloud_event("bare", data={}),
        cloud_event("back", retracts="known"),
    ],
    ids=["unknown", "bad", "taking back"],
)
async def test_what_is_not_ordinary_takes_the_long_way(ingest, counting, tenant_id, event):
    await ingest(tenant_id, _body(cloud_event("known")))

    await ingest(tenant_id, _body(event))

    assert counting.deliveries == 0


async def test_a_catalogue_that_is_older_than_a_second_is_looked_at_again(
    ingest, counting, clock, tenant_id
):
    await ingest(tenant_id, _body(cloud_event("a")))
    clock.advance(seconds=2)

    await ingest(tenant_id, _body(cloud_event("b")))
    await ingest(tenant_id, _body(cloud_event("c")))

    assert counting.deliveries == 1


async def test_a_sandbox_never_takes_it_since_it_may_get_a_time_of_its_own(
    ingest, counting, admin, clock, tenant_id
):
    admin.execute("UPDATE organisations SET sandbox = true WHERE id = %s", [tenant_id])
    await ingest(tenant_id, _body(cloud_event("a")))
    admin.execute(
        "INSERT INTO test_clocks (tenant_id, now_at) VALUES (%s, '2025-01-01Z')", [tenant_id]
    )

    (result,) = await ingest(tenant_id, _body(cloud_event("b")))

    assert (result.reason, counting.deliveries) == ("time_in_future", 0)


async def test_a_row_of_another_tenant_is_refused(work, tenant_id, other_tenant_id):
    """`BOUND` opens the one tenant's rows and no others, whatever the statement says."""
    insert = (
        f"WITH {BOUND} INSERT INTO usage_commits (tenant_id, events) "
        "SELECT CAST(:whose AS uuid), 1 FROM bound RETURNING events"
    )
    await work.at_once(tenant_id, text(insert), {"whose": tenant_id})

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        await work.at_once(tenant_id, text(insert), {"whose": other_tenant_id})


async def test_the_tenant_is_forgotten_and_the_connection_transacts_as_before(
    database, work, admin, tenant_id
):
    await StoreAtOnce(work)(tenant_id, [usage_event("a")])

    pool = database.engine("tenant")
    async with pool.connect() as connection:
        assert connection.sync_connection.connection.driver_connection.autocommit is False
        assert not await connection.scalar(text("SELECT current_setting('app.tenant_id', true)"))
    with pytest.raises(ZeroDivisionError):
        async with work(tenant_id) as session:
            await session.execute(
                text("INSERT INTO usage_commits (tenant_id, events) VALUES (:t, 7)"),
                {"t": tenant_id},
            )
            raise ZeroDivisionError
    rows = admin.execute("SELECT events FROM usage_commits WHERE tenant_id = %s", [tenant_id])
    assert rows.fetchall() == [(1,)]


async def test_a_connection_killed_on_the_way_leaves_nothing_and_is_not_used_again(
    database, work, admin, tenant_id
):
    store = StoreAtOnce(work)
    events = [usage_event("a"), usage_event("held")]
    async with work(tenant_id) as session:  # holds the identity that the other one waits for
        await session.execute(
            text(
                "INSERT INTO usage_identities (tenant_id, source, id, hash, event_time) "
                "VALUES (:tenant_id, :source, 'held', '', now())"
            ),
            {"tenant_id": tenant_id, "source": events[0].source},
        )
        under_way = asyncio.create_task(store(tenant_id, events))
        waiting = (
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not admin.execute(waiting).fetchall():
            await asyncio.sleep(0.01)
        with pytest.raises(psycopg.OperationalError):
            await under_way
        await session.rollback()

    assert _stored(admin, tenant_id) == []
    results = await store(tenant_id, events)
    assert [result.status for result in results] == [IngestStatus.ACCEPTED] * 2
    assert _stored(admin, tenant_id) == ["a", "held"]


async def test_a_caller_that_goes_away_leaves_a_connection_that_works(work, admin, tenant_id):
    store = StoreAtOnce(work)
    for n in range(20):
        under_way = asyncio.create_task(store(tenant_id, [usage_event(f"lost-{n}")]))
        await asyncio.sleep(0.0005 * n)
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)

    results = await asyncio.gather(*[store(tenant_id, [usage_event(f"e-{n}")]) for n in range(20)])

    assert {result.status for (result,) in results} == {IngestStatus.ACCEPTED}


async def test_it_is_on_disk_whatever_the_database_says(database, work, admin, tenant_id):
    name = admin.execute("SELECT current_database()").fetchone()[0]
    admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    admin.execute(
        "CREATE TABLE said (how text); GRANT ALL ON said TO PUBLIC; "
        "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO said VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$; "
        "CREATE CONSTRAINT TRIGGER said AFTER INSERT ON usage_commits DEFERRABLE "
        "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION say()"
    )
    await database.close()  # what is connected from now on begins with the database's default

    await StoreAtOnce(work)(tenant_id, [usage_event("a")])

    assert admin.execute("SELECT how FROM said").fetchall() == [("on",)]


async def test_nobody_is_known_to_live_in_real_time_before_that_was_read(
    ingest, work, clock, tenant_id
):
    at_once = IngestAtOnce(StoreAtOnce(work), TenantClock(clock), MeterBook(clock))

    assert await at_once(tenant_id, [usage_event("a")]) is None
