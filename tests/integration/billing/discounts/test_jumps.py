"""A clock that jumps comes to what one that walks comes to: trials, seasons, and all that ends."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from billing.bookkeeping import RevenueParticipant
from billing.domain.discounts.records import Duration
from billing.domain.discounts.recurring import Rollover
from billing.services.revenue.recognise_revenue import RecogniseRevenue
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.ids import TenantId
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.services.advance_test_clock import AdvanceTestClocks
from control_plane.tenancy.test_clocks import TestClockRepository
from tests.integration.billing.discounts.conftest import Counter
from tests.support.assembling import money
from tests.support.billing_world import (
    ACTOR,
    CATALOGUE,
    World,
    billing_world,
    organisation,
)

TRIAL = CATALOGUE.replace("- code: growth\n", "- code: growth\n    trial_days: 14\n")


async def no_pause(_seconds: float) -> None:
    """Nobody is waited for."""


@dataclass
class Sandbox:
    """A tenant on a clock of its own, and everything that moves with it."""

    world: World
    counter: Counter
    admin: psycopg.Connection
    pace: int | None

    @property
    def tenant_id(self) -> TenantId:
        return self.counter.tenant_id

    def steps(self, days: int) -> Iterator[int]:
        """One jump, or so many days at a time."""
        pace = self.pace or days
        while days > 0:
            yield min(pace, days)
            days -= pace

    async def advance(self, days: int) -> None:
        work = self.world.work
        recognise = RecogniseRevenue(work, TenantClock(self.world.clock))
        participants = (
            self.world.participant,
            self.counter.participant,
            RevenueParticipant(work, recognise),
        )
        clocks = AdvanceTestClocks(self.world.system, participants, no_pause)
        for step in self.steps(days):
            async with work(self.tenant_id) as session:
                kept = TestClockRepository(session)
                now = (await kept.get(self.tenant_id)).now
                await kept.aim(self.tenant_id, now + timedelta(days=step))
            await clocks.run()

    async def live(self, days: int) -> None:
        """A trial; a coupon for a time, credit and money that lapse; an upgrade at once, a season
        ahead, a downgrade at the period's end; then ``days`` more."""
        world, counter, now = self.world, self.counter, self.world.clock.now()
        plan = await world.subscribe(self.tenant_id)
        await counter.redeem(tenant_id=self.tenant_id, code="WINTER", actor=ACTOR)
        await counter.credit(700_000, expires_at=now + timedelta(days=20))
        await counter.monthly(5_000, times=9, rollover=Rollover(1, money(6_000)))
        await counter.prepay(20_000, expires_at=now + timedelta(days=80))
        await self.advance(25)
        await world.ship(self.tenant_id, now + timedelta(days=24), 3_100)
        await world.move(self.tenant_id, plan, "scale")
        await world.book(self.tenant_id, plan)
        await self.advance(40)
        await world.move(self.tenant_id, plan, "growth")
        await world.ship(self.tenant_id, now + timedelta(days=64), 9_000)
        await self.advance(days)

    async def told(self) -> dict[str, Any]:
        """Everything that came of it, without ids and numbers."""
        invoices = [(i.summary.state.value, *_bare(i.content)) for i in
                    await self.world.invoices(self.tenant_id)]  # fmt: skip
        notes = [_bare(n.content) for n in await self.world.notes(self.tenant_id)]
        held = await self.counter.holdings()
        posted = self.admin.execute(
            "SELECT t.kind, t.booked_on, e.account, sum(e.amount_minor)::bigint "
            "FROM ledger_transactions t JOIN ledger_entries e "
            "ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id "
            "WHERE t.tenant_id = %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            [self.tenant_id],
        ).fetchall()
        return {
            "invoices": invoices,
            "notes": notes,
            "grants": [(g.expires_at, g.spent, g.expired, g.free) for g in held.grants],
            "topups": [(t.expires_at, t.free) for t in held.topups],
            "posted": posted,
        }


def _bare(body: Any) -> tuple[Any, ...]:
    lines = [
        (n["charge"], n["first_day"], n["last_day"], n["net_minor"], _steps(n))
        for n in body["lines"]
    ]
    return body["date"], body["total_minor"], lines


def _steps(line: Any) -> list[dict[str, Any]]:
    """How a line came about, without the digest: each tenant has events of its own."""
    return [{k: v for k, v in step.items() if k != "digest"} for step in line["steps"]]


async def compared(world: World, counter: Counter, days: int, pace: int) -> dict[str, Any]:
    """Let one tenant jump and another walk, and return what both came to."""
    await ApplyCatalog(world.database, world.clock)(TRIAL)
    await counter.offer("WINTER", percent=Decimal(15), duration=Duration.PERIODS, periods=2)
    found = []
    for name, steps in (("jumper", None), ("walker", pace)):
        tenant_id = organisation(counter.admin, name, sandbox=True)
        async with world.work(tenant_id) as session:
            await TestClockRepository(session).add(tenant_id, world.clock.now())
        sandbox = Sandbox(world, replace(counter, tenant_id=tenant_id), counter.admin, steps)
        await sandbox.live(days)
        found.append(await sandbox.told())
        assert await world.check_books(tenant_id) == []
    jumped, walked = found
    assert jumped == walked
    return jumped


@pytest.fixture
def world(database, clock) -> World:
    return billing_world(database, clock)


async def test_a_jump_is_what_a_walk_is(world, counter):
    found = await compared(world, counter, days=60, pace=10)

    kinds = {line[0] for _, _, _, lines in found["invoices"] for line in lines}
    assert kinds == {"base", "lines", "peak_618"}
    assert any(expired.minor for _, _, expired, _ in found["grants"])
    assert [free.minor for _, free in found["topups"]] == [0]


@pytest.mark.nightly
async def test_five_years_in_one_jump_are_five_years_of_single_days(world, counter):
    found = await compared(world, counter, days=1_826, pace=1)

    assert len(found["invoices"]) > 60
