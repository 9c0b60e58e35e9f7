"""Events of before lie in months after the migration, and nothing is refused for its time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command

from control_plane.kernel.ids import TenantId, new_id
from control_plane.kernel.period import Period
from control_plane.runtime import migrate as migrations
from control_plane.runtime.database import Database
from control_plane.runtime.roles import ensure_cluster
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.events import IngestStatus
from metering.stores.months_sql import make_month
from metering.stores.postgres import PostgresUsageStore
from tests.support import cluster as clusters
from tests.support.usage import LINES, SHIPMENT, usage_event

BELLA = TenantId(new_id())
TIMES = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(2026, 9, 30, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 10, 1, tzinfo=UTC),
    datetime(2031, 6, 1, tzinfo=UTC),
]


@pytest.fixture
def old(cluster: str, tmp_path: Path) -> Iterator[Settings]:
    """A database with events of before there were months."""
    settings = clusters.settings_for_new(tmp_path)
    clusters.drop_database(settings)
    ensure_cluster(settings)
    command.upgrade(migrations._config(settings), "0023")
    with psycopg.connect(settings.database_url) as admin:
        for n, time in enumerate(TIMES):
            event = usage_event(f"old-{n}", time=time, data={"lines": 1})
            admin.execute(
                "INSERT INTO usage_identities VALUES (%s, %s, %s, %s, %s)",
                [BELLA, event.source, event.id, event.body_hash, time],
            )
            admin.execute(
                "INSERT INTO usage_events (tenant_id, type, time, source, id, data, hash) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [BELLA, SHIPMENT, time, event.source, event.id, '{"lines": 1}', event.body_hash],
            )
    yield settings
    clusters.drop_database(settings)


async def test_events_of_before_the_migration_are_counted_as_they_were(old: Settings):
    with psycopg.connect(old.database_url) as admin:
        before = admin.execute("SELECT id, seq, recorded FROM usage_events ORDER BY id").fetchall()

    migrations.migrate(old)

    with psycopg.connect(old.database_url) as admin:
        after = admin.execute("SELECT id, seq, recorded FROM usage_events ORDER BY id").fetchall()
        apart = admin.execute("SELECT count(*) FROM usage_events_default").fetchone()
        [last] = admin.execute("SELECT max(seq) FROM usage_events").fetchone() or [0]
    assert after == before
    assert apart == (2,)  # a year 1 and a year to come have no month of their own
    database = Database(old)
    store = PostgresUsageStore(UnitOfWork(database), SystemWork(database))
    again = await store.ingest(
        BELLA,
        [usage_event("old-1", time=TIMES[1], data={"lines": 1}), usage_event("new", time=TIMES[2])],
    )
    whole = Period(TIMES[0], datetime(2032, 1, 1, tzinfo=UTC))
    cutoff = await store.cutoff()
    total = await store.total(BELLA, LINES, whole, cutoff=cutoff, since=None)
    # Far-off events move where their month is made, and count as before.
    async with SystemWork(database)() as session:
        await make_month(session, TIMES[3])
    moved = await store.total(BELLA, LINES, whole, cutoff=cutoff, since=None)
    await database.close()

    assert [r.status for r in again] == [IngestStatus.DUPLICATE, IngestStatus.ACCEPTED]
    assert (total.events, moved) == (5, total)
    with psycopg.connect(old.database_url) as admin:
        assert admin.execute("SELECT count(*) FROM usage_events_2031_06").fetchone() == (1,)
        [newest] = admin.execute("SELECT seq FROM usage_events WHERE id = 'new'").fetchone() or [0]
    assert newest > last
