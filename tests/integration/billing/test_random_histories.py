"""Random histories through previews and confirmations, in a real database."""

import random
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from billing.domain.life.requests import (
    CancelWanted,
    Moment,
    PauseWanted,
    PlanWanted,
    ReactivateWanted,
    ResumeWanted,
    StartWanted,
)
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.preview_change import PreviewChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.kernel.errors import TallyardError
from tests.integration.billing.test_convergence import lost_connections
from tests.support.billing_world import ACTOR, World

STEPS = 5


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
    assert await world.check_books(tenant) == []
    for invoice in await world.invoices(tenant):
        verdict = await world.verify(tenant_id=tenant, invoice_id=invoice.summary.id)
        assert (verdict.differences, verdict.newest) == ((), ())
    for note in await world.notes(tenant):
        found = await world.verify_note(tenant_id=tenant, note_id=note.summary.id)
        assert found.differences == ()


def wanted(dice: random.Random):
    when = dice.choice((Moment.NOW, Moment.PERIOD_END, Moment.BY_RULE))
    return dice.choice(
        (
            PlanWanted(dice.choice(("growth", "scale", "wide")), when=when),
            PlanWanted(dice.choice(("growth", "scale", "wide")), when=Moment.NOW),
            PauseWanted(),
            ResumeWanted(),
            CancelWanted(dice.choice((Moment.NOW, Moment.PERIOD_END))),
            ReactivateWanted(),
        )
    )


async def retried(world: World, lost, call):
    """Call until it comes through; ``lost`` names statements at which the connection breaks."""
    while True:
        try:
            with lost_connections(world, lost):
                return await call()
        except OperationalError:
            continue


async def live(world: World, tenant, seed: int, crashes: random.Random | None = None) -> None:
    """One history; with ``crashes``, connections break at random statements of it."""
    dice = random.Random(seed)
    weighing = Weighing.of(world.changing)
    preview, confirm = PreviewChange(world.work, weighing), ConfirmChange(world.work, weighing)

    def lost(_: int) -> bool:
        return crashes is not None and crashes.random() < 0.02

    async def ask(request, subscription):
        what = {"tenant_id": tenant, "request": request, "subscription_id": subscription}
        try:
            shown = await retried(world, lost, lambda: preview(**what))
        except TallyardError:
            return subscription
        token = shown.token
        made = await retried(world, lost, lambda: confirm(**what, token=token, actor=ACTOR))
        charged = 0 if made.invoice is None else made.invoice.total.minor
        assert charged == shown.total.minor
        assert sum(n.total.minor for n in made.notes) == shown.quote.credited.minor
        return made.subscription_id

    subscription = await ask(StartWanted("growth"), None)
    for _ in range(STEPS):
        world.clock.advance(hours=dice.randint(1, 24 * 25))
        await world.ship(tenant, world.clock.now() - timedelta(minutes=5), dice.randint(0, 9000))
        await retried(world, lost, lambda: world.close_due(tenant))
        await ask(wanted(dice), subscription)
        if crashes is None:
            await proven(world, tenant)
    world.clock.advance(days=40)
    await retried(world, lost, lambda: world.close_due(tenant))
    await proven(world, tenant)


@pytest.mark.parametrize("seed", range(6))
async def test_previewed_is_charged_and_the_books_and_documents_prove_it(
    world: World, tenant_id, seed
):
    await live(world, tenant_id, seed)


@pytest.mark.parametrize("seed", range(3))
async def test_crashes_at_random_statements_leave_the_documents_of_an_undisturbed_run(
    world: World, tenant_id, other_tenant_id, seed
):
    began = world.clock.now()
    await live(world, tenant_id, seed)
    world.clock.set(began)
    await live(world, other_tenant_id, seed, random.Random(seed))

    undisturbed = await documents(world, tenant_id)
    assert await documents(world, other_tenant_id) == undisturbed


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 300))
async def test_many_histories_prove_themselves(world: World, tenant_id, seed):
    await live(world, tenant_id, seed)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 150))
async def test_many_crashes_leave_nothing_behind(world: World, tenant_id, other_tenant_id, seed):
    began = world.clock.now()
    await live(world, tenant_id, seed)
    world.clock.set(began)
    await live(world, other_tenant_id, seed, random.Random(seed))

    assert await documents(world, other_tenant_id) == await documents(world, tenant_id)
