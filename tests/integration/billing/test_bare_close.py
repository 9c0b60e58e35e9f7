"""What closing is measured against does what closing does: the benchmark `period_close` is fair."""

import re
from collections import Counter
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.runtime.database import Database
from control_plane.runtime.roles import Role
from metering.services.roll_usage import RollUsage
from tests.support.bare_close import BareClose
from tests.support.billing_world import World, billing_world
from tests.support.cloned_tenants import make_due
from tests.support.close_bench import DUE, catalogue, make_tenants

_ROWS = ("invoice_lines", "ledger_transactions", "ledger_entries", "outbox", "audit_entries")
_TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)")
_LOOK = "SELECT snapshot"
_SNAPSHOT = r'"\d+:\d+:[\d,]*"'
"""How a ``pg_snapshot`` is written: the longer, the more transactions were under way."""

Sent = list[str]


def teller(base: Any, sent: Sent) -> Any:
    """Return a kind of cursor that tells what it sends."""

    class Telling(base):  # type: ignore[misc]
        def execute(self, query: Any, *args: Any, **options: Any) -> Any:
            said = query.decode() if isinstance(query, bytes) else query
            sent.append(" ".join(said.split()))
            return super().execute(query, *args, **options)

    return Telling


def listen(database: Database, sent: Sent) -> None:
    """Tell what a database's connections for tenants and for the system send, from the first on."""
    factory = teller(psycopg.AsyncCursor, sent)

    def connected(connection: Any, _record: object) -> None:
        connection.driver_connection.cursor_factory = factory

    for role in (Role.TENANT, Role.SYSTEM):
        event.listen(database.engine(role).sync_engine, "connect", connected)


@pytest.fixture
async def world(database, clock) -> World:
    await ApplyCatalog(database, clock)(catalogue())
    return billing_world(database, clock)


async def test_a_bare_close_reads_and_writes_what_a_close_does(
    database, settings, world: World, admin, clock
):
    ours: Sent = []
    bare: Sent = []
    listen(database, ours)
    clock.set(DUE)
    with ExitStack() as stack:
        superuser = stack.enter_context(psycopg.connect(settings.database_url))
        model, closed, theirs = tenants = make_tenants(superuser, 3, due=False)
        for tenant in tenants:
            await RollUsage(world.work, clock)(tenant)
        make_due(superuser, [model, closed], DUE)
        await world.close_due(model)  # what is sold is known from here on

        under_way = stack.enter_context(psycopg.connect(settings.database_url))
        for connection in (under_way, superuser):
            connection.execute("SELECT pg_current_xact_id()")
        superuser.commit()  # the later one is over, the earlier is not: as on any busy server
        ours.clear()
        assert len(await world.close_due(closed)) == 1
        superuser.cursor_factory = teller(psycopg.Cursor, bare)
        loop = BareClose(superuser, model)
        bare.clear()
        loop.close(theirs)

    assert reads(bare) == reads(ours)
    assert tables(admin, bare) == tables(admin, ours)
    assert left(admin, theirs) == left(admin, closed)


def reads(sent: Sent) -> Sent:
    """Keep what asks, in order; whose rows are asked for is told once, and to the bare never."""
    return [
        _LOOK if "pg_current_snapshot()" in said[:40] else said
        for said in sent
        if said.startswith("SELECT") and "'app.tenant_id'" not in said
    ]


def tables(admin: psycopg.Connection, sent: Sent) -> Counter[str]:
    """Count how often each table is named to be read or written."""
    known = {
        row[0] for row in admin.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')")
    }
    return Counter(name for said in sent for name in _TABLE.findall(said) if name in known)


def left(admin: psycopg.Connection, tenant: object) -> list[Any]:
    """Tell what a close left: how many rows, what is owed, and how the account goes on."""
    counts = [
        admin.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", [tenant]).fetchone()
        for table in _ROWS
    ]
    invoices = admin.execute(
        "SELECT total_minor, length(body), "
        "length(regexp_replace(convert_from(manifest, 'UTF8'), %s, '', 'g')), state, overdue_at "
        "FROM invoices WHERE tenant_id = %s",
        [_SNAPSHOT, tenant],
    ).fetchall()
    accounts = admin.execute(
        "SELECT closed_through, next_due_at, reach, usage_cutoff IS NULL FROM billing_accounts "
        "WHERE tenant_id = %s",
        [tenant],
    ).fetchall()
    return [*counts, *invoices, *accounts]
