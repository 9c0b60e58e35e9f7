"""Random histories through previews and confirmations, in a real database."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from billing.domain.discounts.records import Duration, Offer
from billing.domain.life.requests import StartWanted
from billing.domain.tax.parties import Address, BillingProfile
from billing.services.discounts.coupons import CreateCoupon
from billing.services.discounts.grant_credit import GrantCredit
from billing.services.discounts.redeem_coupon import RedeemCoupon
from billing.services.subscriptions.weighing import PROPOSERS
from billing.services.tax.apply_tax_sheet import ApplyTaxSheet
from billing.services.tax.save_billing_profile import SaveBillingProfile
from control_plane.catalog.domain import Text
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import new_id
from control_plane.kernel.money import Money
from control_plane.tenancy.clocks import TenantClock
from tests.integration.billing.test_convergence import lost_connections
from tests.support.billing_world import ACTOR, World
from tests.support.random_lives import KINDS, STEPS, Disturb, Life
from tests.support.random_lives_catalogue import CURRENCIES, LIVES_CATALOGUE

HANDS = 4
"""All steps are dealt to so many lives, each in another currency."""

CONFIRMED = (
    {"start", "extend_trial", "interval", "cancel_at_the_end", "reactivate", "cancel"},
    {"start", "plan", "book", "plan_by_rule", "plan_at_the_end"},
    {"start", "quantity", "back_dated_plan", "book", "move_booking", "give_booking_up"},
    {"start", "pause", "resume", "terms", "list_price_again", "back_dated_quantity"}
    | {"plan_at_the_end", "undo"},
)
"""What each hand confirms, whatever the dice say of when and how much."""

SHEET = """
entities:
  - {code: live, prefix: TY, name: Tallyard GmbH, country: DE, tax_id: DE136695976,
     address: {line1: Hafenstraße 12, city: Hamburg, postcode: "20457"}, tax: {registrations: [DE]}}
rates:
  - {jurisdiction: DE, category: standard, rate: "19", from: 2020-01-01}
"""


async def calmly(call: Callable[[], Awaitable[Any]]) -> Any:
    return await call()


async def twice_at_once(call: Callable[[], Awaitable[Any]]) -> Any:
    """Two workers do the same at the same time; whoever comes second may be refused."""
    done = await asyncio.gather(call(), call(), return_exceptions=True)
    for result in done:
        if not isinstance(result, BaseException):
            return result
    raise done[0]


def losing_connections(world: World, dice: random.Random) -> Disturb:
    """Break connections at random statements, and do again what was broken off."""

    async def disturbed(call: Callable[[], Awaitable[Any]]) -> Any:
        while True:
            try:
                with lost_connections(world, lambda _: dice.random() < 0.02):
                    return await call()
            except OperationalError:
                continue

    return disturbed


async def documents(world: World, tenant) -> list[tuple[str, int, list[tuple[str, str, int]]]]:
    """What was issued, without ids."""
    found = [*await world.invoices(tenant), *await world.notes(tenant)]
    return sorted(
        (
            d.content["due_at"],
            d.content["total_minor"],
            [(x["charge"], x["start"], x["amount_minor"]) for x in d.content["lines"]],
        )
        for d in found
    )


async def proven(world: World, tenant) -> None:
    """The books balance, and every document comes out of its manifest again byte for byte."""
    assert await world.check_books(tenant) == []
    for invoice in await world.invoices(tenant):
        verdict = await world.verify(tenant_id=tenant, invoice_id=invoice.summary.id)
        assert (verdict.differences, verdict.newest) == ((), ())
    for note in await world.notes(tenant):
        found = await world.verify_note(tenant_id=tenant, note_id=note.summary.id)
        assert found.differences == ()


async def equip(world: World, tenant, seed: int, code: str) -> None:
    """Give a customer what makes it another one: a currency, tax, a coupon, a credit."""
    clock = TenantClock(world.clock)
    with psycopg.connect(world.database.settings.database_url) as admin:
        admin.execute("UPDATE organisations SET currency = %s WHERE id = %s", [code, tenant])
    if seed % 2:
        address = Address("Alsterweg 1", "Hamburg", "DE", postcode="20095")
        profile = BillingProfile(legal_name="Bella Pizza", business=False, address=address)
        await SaveBillingProfile(world.work, clock)(tenant_id=tenant, profile=profile, actor=ACTOR)
    if seed // 2 % 2:
        await RedeemCoupon(world.work, clock)(tenant_id=tenant, code="SEVENTH", actor=ACTOR)
        amount = Money(123_457, currency(code))
        grant = GrantCredit(world.work, clock)
        await grant(tenant_id=tenant, amount=amount, reason="welcome", actor=ACTOR)


@pytest.fixture
async def lives(world: World, database, clock) -> World:
    await ApplyCatalog(database, clock)(LIVES_CATALOGUE)
    await ApplyTaxSheet(database, clock)(SHEET)
    seventh = Text(en="A seventh", zh="七分之一")
    coupon = Offer(new_id(), "SEVENTH", seventh, Decimal("14.2857"), duration=Duration.FOREVER)
    await CreateCoupon(database, clock)(coupon)
    return world


async def live(world: World, tenant, seed: int, disturb: Disturb = calmly) -> Life:
    """One life with its hand of steps; every preview is what was charged, see `Life.ask`."""
    dice = random.Random(seed)
    code = list(CURRENCIES)[seed % len(CURRENCIES)]
    await equip(world, tenant, seed, code)
    life = Life(world, tenant, dice, code, disturb)
    hand = list(STEPS[seed % HANDS :: HANDS])
    trial = Life.extend_trial in hand
    first, later = hand[: int(trial)], hand[int(trial) :]
    dice.shuffle(later)

    await life.begin(trial=trial)
    for step in [*first, *later]:
        await life.make(step)
        await life.go_on(40)
    world.clock.advance(days=40)
    await life.close()
    await proven(world, tenant)
    return life


async def disturbed_like_calm(world: World, calm, tenant, seed: int, disturb: Disturb) -> None:
    """The same life, disturbed, ends with the same documents."""
    began = world.clock.now()
    expected = await live(world, calm, seed)
    world.clock.set(began)
    lived = await live(world, tenant, seed, disturb)

    assert lived.confirmed == expected.confirmed
    assert await documents(world, tenant) == await documents(world, calm)


@pytest.mark.parametrize("seed", range(HANDS))
async def test_previewed_is_charged_and_the_books_and_documents_prove_it(
    lives: World, tenant_id, seed
):
    life = await live(lives, tenant_id, seed)

    # Nothing that was dealt was left out because it was refused.
    assert set(life.confirmed) == CONFIRMED[seed]
    assert len(await lives.invoices(tenant_id)) > 2


def test_the_hands_together_ask_for_whatever_can_be_asked():
    assert set[str]().union(*CONFIRMED) == set(KINDS)
    assert set(KINDS.values()) == {*PROPOSERS, StartWanted}


@pytest.mark.parametrize("seed", [1])
async def test_crashes_at_random_statements_leave_the_documents_of_an_undisturbed_run(
    lives: World, tenant_id, other_tenant_id, seed
):
    disturb = losing_connections(lives, random.Random(seed))
    await disturbed_like_calm(lives, tenant_id, other_tenant_id, seed, disturb)


async def test_two_workers_at_once_issue_the_documents_of_one(
    lives: World, tenant_id, other_tenant_id
):
    await disturbed_like_calm(lives, tenant_id, other_tenant_id, 3, twice_at_once)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 300))
async def test_many_histories_prove_themselves(lives: World, tenant_id, seed):
    life = await live(lives, tenant_id, seed)

    assert set(life.confirmed) == CONFIRMED[seed % HANDS]


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 150))
async def test_many_crashes_leave_nothing_behind(lives: World, tenant_id, other_tenant_id, seed):
    disturb = losing_connections(lives, random.Random(seed))
    await disturbed_like_calm(lives, tenant_id, other_tenant_id, seed, disturb)
