"""Closing stays as cheap: with many tenants as with few, and for an old subscription as for a new.

Tenants are the rows of one that the engine really billed, under other ids. Batches of both kinds
are closed by the same job in turns; a batch waits only when its turn comes. The old one was renewed
every month, changed plans twice a year, with credit notes, and booked a season each year.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from tests.support import cluster
from tests.support.billing_world import billing_world
from tests.support.cloned_tenants import clone, make_due
from tests.support.close_bench import START, catalogue, make_tenants
from tests.support.long_life import BOUNDARIES, live

TENANTS = {"small": (500, 10_000), "full": (1_000, 100_000)}
BATCH = {"small": 20, "full": 50}
AGES = (1, 60)
EVENTS = 5
ROUNDS = 18
AGE_ROUNDS = 30
"""Many, as what is compared differs by less than the noise of a batch; even, so that either is
first as often as the other.
"""


class Side:
    """One database, and batches of tenants of one age in it."""

    def __init__(self, settings: Settings) -> None:
        self.clock = FakeClock(START)
        self.database = Database(settings)
        self.superuser: psycopg.Connection[Any] = psycopg.connect(settings.database_url)
        self.world = billing_world(self.database, self.clock)
        self.made = 0

    async def model(self, months: int) -> TenantId:
        """Let one tenant live so many months, each invoiced by the engine."""
        if not self.made:
            await ApplyCatalog(self.database, self.clock)(catalogue())
        self.clock.set(START)
        [tenant] = make_tenants(self.superuser, 1, due=False, events=EVENTS)
        await live(self.world, self.superuser, tenant, months, EVENTS)
        return tenant

    def clones(self, model: TenantId, count: int) -> list[TenantId]:
        """Make tenants like a model."""
        found = clone(self.superuser, model, count, self.made)
        self.made += count
        return found

    def settle(self) -> None:
        """Let PostgreSQL know what it holds."""
        self.superuser.autocommit = True
        self.superuser.execute("VACUUM ANALYZE")
        self.superuser.autocommit = False

    def known(self, model: TenantId) -> dict[str, int]:
        """Count what a model's history is made of."""
        found = self.superuser.execute(_KNOWN, {"tenant": model}).fetchone()
        self.superuser.commit()
        return dict(zip(("changes", "invoices", "lines", "credit_notes"), found or (), strict=True))

    async def close(self, tenants: list[TenantId], at: datetime) -> float:
        """Close a batch, and give the seconds an invoice."""
        self.clock.set(at)
        make_due(self.superuser, tenants, at)
        started = time.perf_counter()
        issued = await self.world.close_due_periods.run()
        taken = time.perf_counter() - started
        make_due(self.superuser, tenants, None)  # a later instant is for others
        if issued != len(tenants):
            raise AssertionError(f"{issued} invoices of {len(tenants)}")
        return taken / issued

    async def end(self) -> None:
        """Close every connection."""
        self.superuser.close()
        await self.database.close()


_KNOWN = """
    SELECT (SELECT count(*) FROM subscription_changes WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM invoices WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM invoice_lines WHERE tenant_id = %(tenant)s),
        (SELECT count(*) FROM credit_notes WHERE tenant_id = %(tenant)s)
"""


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield what an invoice costs among many tenants, and at a great age."""
    few, many = TENANTS[size]
    pairs = asyncio.run(_by_count(size))
    yield _figure("tenants", few, many, size, pairs)
    pairs, history = asyncio.run(_by_age(size))
    yield _figure("age in months", *AGES, size, pairs, history)


async def _by_count(size: str) -> list[tuple[float, float]]:
    batch, at = BATCH[size], BOUNDARIES.boundary(2)
    with tempfile.TemporaryDirectory() as folder:
        settings = [cluster.create_database(Path(folder)) for _ in TENANTS[size]]
        sides = [Side(one) for one in settings]
        try:
            held = []
            for side, count in zip(sides, TENANTS[size], strict=True):
                held.append(side.clones(await side.model(1), count))
                side.settle()
            pairs = []
            for n in range(ROUNDS + 1):
                part = slice(n * batch, (n + 1) * batch)
                taken = {
                    which: await sides[which].close(held[which][part], at)
                    for which in ((0, 1) if n % 2 else (1, 0))
                }
                pairs.append((taken[0], taken[1]))
            return pairs[1:]
        finally:
            for side, one in zip(sides, settings, strict=True):
                await side.end()
                cluster.drop_database(one)


async def _by_age(size: str) -> tuple[list[tuple[float, float]], dict[str, int]]:
    batch = BATCH[size]
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        side = Side(settings)
        try:
            held, history = {}, {}
            for age in AGES:
                model = await side.model(age)
                history = side.known(model)
                held[age] = side.clones(model, batch * (AGE_ROUNDS + 1))
            side.settle()
            pairs = []
            for n in range(AGE_ROUNDS + 1):
                part = slice(n * batch, (n + 1) * batch)
                taken = {
                    age: await side.close(held[age][part], BOUNDARIES.boundary(age + 1))
                    for age in (AGES if n % 2 else AGES[::-1])
                }
                pairs.append((taken[AGES[0]], taken[AGES[1]]))
            return pairs[1:], history
        finally:
            await side.end()
            cluster.drop_database(settings)


def _figure(
    what: str,
    less: int,
    more: int,
    size: str,
    pairs: list[tuple[float, float]],
    history: dict[str, int] | None = None,
) -> dict[str, object]:
    base, value = (median(side) for side in zip(*pairs, strict=True))
    return {
        "name": "period_close_flat",
        "value": round(value * 1000, 2),
        "unit": "ms/invoice",
        "baseline": round(base * 1000, 2),
        "ratio": round(median(more_ / less_ for less_, more_ in pairs), 3),
        "conditions": {
            "of": what,
            "from": less,
            "to": more,
            "history": history,
            "events_per_meter": EVENTS,
            "invoices_per_batch": BATCH[size],
            "rounds": len(pairs),
            "from_rollups": False,
            "ratio_is": "time an invoice, batches in turns, median of rounds",
        },
    }
