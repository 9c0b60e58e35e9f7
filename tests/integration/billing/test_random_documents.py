"""Random dealings with documents between random changes: the books agree, and all of it replays."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.life.requests import (
    CancelWanted,
    Moment,
    PauseWanted,
    PlanWanted,
    QuantityWanted,
    ReactivateWanted,
    Request,
    ResumeWanted,
    StartWanted,
)
from billing.repositories.accounts import AccountRepository
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.preview_change import PreviewChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.catalog.policies import POLICY_NAMES, policy_choices
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.money import Money
from tests.support.billing_world import ACTOR, World
from tests.support.life_catalogue import WITH_OURS

CNY = currency("CNY")
INTERVALS = (None, Interval.MONTH, Interval.QUARTER, Interval.YEAR)


class Dealings:
    """One tenant, and everything that customers and finance do to its documents."""

    def __init__(self, world: World, tenant: Any, seed: int) -> None:
        self.world, self.tenant, self.dice = world, tenant, random.Random(seed)
        weighing = Weighing.of(world.changing)
        self.preview = PreviewChange(world.work, weighing)
        self.confirm = ConfirmChange(world.work, weighing)
        self.subscription: Any = None
        self.refused = 0

    async def begin(self) -> None:
        names = [n for n in POLICY_NAMES if policy_choices(n) and self.dice.random() < 0.3]
        await self.world.set_terms(
            tenant_id=self.tenant,
            policies={name: str(self.dice.choice(policy_choices(name))) for name in names},
            grace=timedelta(days=self.dice.choice([0, 0, 3])),
            threshold_minor=self.dice.choice([None, 100, 5000]),
            actor=ACTOR,
        )
        wanted = StartWanted("team", self.dice.choice([Interval.MONTH, Interval.YEAR]))
        started = await self.confirm(tenant_id=self.tenant, request=wanted, actor=ACTOR)
        self.subscription = started.subscription_id

    async def step(self) -> None:
        acts: list[Callable[[], Awaitable[None]]] = [
            *[self.change] * 6,
            *[self.time] * 3,
            *[self.ship] * 3,
            self.pay,
            self.void,
            self.give,
            self.write_off,
            self.refund,
            self.look_at_threshold,
        ]
        try:
            await self.dice.choice(acts)()
        except TallyardError:
            self.refused += 1
        async with self.world.work(self.tenant) as session:
            account = await AccountRepository(session).get(self.tenant)
        assert account is not None
        assert account.parked_reason is None

    def request(self) -> Request:
        dice = self.dice
        past = self.world.clock.now() + timedelta(days=dice.randint(-40, 40))
        when = dice.choice([Moment.NOW, Moment.PERIOD_END, past])
        plan = dice.choice(["team", "free", "tiny", "growth"])
        made: list[Request] = [
            PlanWanted(plan, dice.choice(INTERVALS), when=when),
            QuantityWanted("seats", dice.randint(0, 5), when),
            PauseWanted(when),
            ResumeWanted(when),
            CancelWanted(when),
            ReactivateWanted(),
        ]
        return dice.choice(made)

    async def change(self) -> None:
        what = {
            "tenant_id": self.tenant,
            "request": self.request(),
            "subscription_id": self.subscription,
            "staff": True,
        }
        shown = await self.preview(**what)
        before = await self.totals()
        if self.dice.random() < 0.3:
            await self.ship()
        await self.confirm(**what, actor=ACTOR, token=shown.token)
        invoiced, credited = await self.totals()
        assert invoiced - before[0] == shown.quote.total.minor
        assert credited - before[1] == shown.quote.credited.minor

    async def totals(self) -> tuple[int, int]:
        invoices = await self.world.invoices(self.tenant)
        notes = await self.world.notes(self.tenant)
        return tuple(sum(d.summary.total.minor for d in found) for found in (invoices, notes))

    async def time(self) -> None:
        self.world.clock.advance(days=self.dice.choice([1, 3, 10, 31, 70]))
        await self.world.close_due(self.tenant)

    async def ship(self) -> None:
        at = self.world.clock.now() - timedelta(days=self.dice.choice([0, 0, 9, 40]))
        await self.world.ship(self.tenant, at, self.dice.randint(1, 4000))

    async def look_at_threshold(self) -> None:
        await self.world.bill_threshold(self.tenant)

    async def document(self) -> tuple[dict[str, Any], Any]:
        found = self.dice.choice((await self.world.invoices(self.tenant))[-4:])
        named = {"tenant_id": self.tenant, "invoice_id": found.summary.id, "actor": ACTOR}
        return named, found

    async def pay(self) -> None:
        named, found = await self.document()
        amount = Money(max(1, found.summary.due.minor // self.dice.choice([1, 2])), CNY)
        reference = str(self.dice.random())
        await self.world.record_payment(**named, amount=amount, reference=reference)

    async def void(self) -> None:
        named, _ = await self.document()
        await self.world.void(**named, reason="wrong name")

    async def write_off(self) -> None:
        named, _ = await self.document()
        await self.world.write_off(**named, reason="gone")

    async def give(self) -> None:
        named, found = await self.document()
        line = self.dice.choice(found.content["lines"])
        part = {line["key"]: Money(max(1, line["amount_minor"] // 3), CNY)}
        await self.world.give(**named, reason="an outage", lines=self.dice.choice([None, part]))

    async def refund(self) -> None:
        for left in (await self.world.credit(self.tenant)).totals:
            reference = str(self.dice.random())
            await self.world.refund(
                tenant_id=self.tenant, amount=left, reference=reference, actor=ACTOR
            )

    async def prove(self) -> None:
        assert await self.world.check_books(self.tenant) == []
        for invoice in await self.world.invoices(self.tenant):
            said = await self.world.verify(tenant_id=self.tenant, invoice_id=invoice.summary.id)
            assert said.differences == ()
        for note in await self.world.notes(self.tenant):
            told = await self.world.verify_note(tenant_id=self.tenant, note_id=note.summary.id)
            assert told.differences == ()


async def deal(world: World, tenant, seed: int, steps: int) -> None:
    await ApplyCatalog(world.database, world.clock)(WITH_OURS)
    dealings = Dealings(world, tenant, seed)
    await dealings.begin()
    for _ in range(steps):
        await dealings.step()
    await dealings.prove()
    assert dealings.refused < steps


async def test_dealings_with_documents_prove_themselves(world: World, tenant_id):
    await deal(world, tenant_id, 7, 12)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(40))
async def test_many_dealings_with_documents_prove_themselves(world: World, tenant_id, seed):
    await deal(world, tenant_id, seed, 40)
