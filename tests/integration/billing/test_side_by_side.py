"""Two at once, and one after another that went wrong: each thing once, and nobody else's loss."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from billing.domain.documents.heading import Kind
from billing.domain.life.migrations import MigrationMode, MoveState
from billing.domain.records import InvoiceState
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.issued import IssuedRepository
from billing.repositories.migrations import MigrationRepository
from billing.services.migrations.preview_migration import PreviewMigration
from billing.services.migrations.run_migration import MoveTenant, StartMigration
from billing.services.subscriptions.weighing import Weighing
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.money import Money
from tests.support.billing_world import ACTOR, CATALOGUE, World

CNY = currency("CNY")
FEBRUARY = datetime(2026, 2, 10, 2, tzinfo=UTC)


async def test_one_transfer_recorded_for_two_invoices_at_once_pays_one(world: World, tenant_id):
    await world.subscribe(tenant_id)
    world.clock.set(FEBRUARY)
    await world.close_due(tenant_id)
    invoices = [invoice.summary for invoice in await world.invoices(tenant_id)]

    async def pay(invoice) -> bool:
        try:
            await world.record_payment(
                tenant_id=tenant_id,
                invoice_id=invoice.id,
                amount=Money(199900, CNY),
                reference="one transfer",
                actor=ACTOR,
            )
        except TallyardError:
            return False
        return True

    done = await asyncio.gather(*map(pay, invoices))

    states = [invoice.summary.state for invoice in await world.invoices(tenant_id)]
    assert sorted(done) == [False, True]
    assert sorted(states) == [InvoiceState.ISSUED, InvoiceState.PAID]
    assert await world.check_books(tenant_id) == []


async def test_what_a_note_takes_off_a_written_off_invoice_is_no_loss_any_more(
    world: World, tenant_id
):
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    what = {"tenant_id": tenant_id, "invoice_id": invoice.summary.id, "actor": ACTOR}
    key = invoice.content["lines"][0]["key"]
    await world.write_off(**what, reason="gone")

    await world.give(**what, reason="an outage", lines={key: Money(50000, CNY)})

    async with world.work(tenant_id) as session:
        found = await InvoiceRepository(session).summary(invoice.summary.id)
    assert (found.state, found.unsettled.minor) == (InvoiceState.UNCOLLECTIBLE, 149900)
    assert await world.check_books(tenant_id) == []
    await world.give(**what, reason="all of it")
    assert await world.check_books(tenant_id) == []


async def test_numbers_of_both_series_are_drawn_in_any_order(world: World, tenant_id):
    barrier = asyncio.Barrier(2)

    async def draw(first: Kind, second: Kind) -> tuple[int, int]:
        async with world.work(tenant_id) as session:
            issued = IssuedRepository(session)
            one = await issued.draw_place("live", first, 2026)
            try:
                async with asyncio.timeout(0.2):
                    await barrier.wait()
            except (TimeoutError, asyncio.BrokenBarrierError):
                pass
            return one, await issued.draw_place("live", second, 2026)

    drawn = await asyncio.gather(
        draw(Kind.INVOICE, Kind.CREDIT_NOTE), draw(Kind.CREDIT_NOTE, Kind.INVOICE)
    )

    assert sorted(drawn) == [(1, 1), (2, 2)]


async def test_a_move_that_another_worker_holds_puts_no_blame_on_the_next(
    world: World, admin, staff, tenant_id
):
    first = await world.subscribe(tenant_id)
    await world.cancel(tenant_id=tenant_id, subscription_id=first, actor=ACTOR, at_once=True)
    world.clock.advance(days=2)
    second = await world.subscribe(tenant_id)
    await ApplyCatalog(world.database, world.clock)(CATALOGUE.replace('"1999.00"', '"2099.00"'))
    weighing = Weighing.of(world.changing)
    preview = PreviewMigration(staff, world.work, weighing, world.clock)
    migration = await StartMigration(world.system, preview)(
        plan_code="growth", mode=MigrationMode.AT_RENEWAL, actor=ACTOR
    )
    asked = 0

    @asynccontextmanager
    async def work(tenant):
        """Fail the first move, which another worker has taken up before that is written down."""
        nonlocal asked
        asked += 1
        why = "2026-01-01" if asked == 1 else None
        admin.execute(
            "UPDATE billing_accounts SET parked_at = %(why)s::text::date, parked_reason = %(why)s",
            {"why": why},
        )
        if asked == 2:
            admin.execute("BEGIN")
            admin.execute(
                "SELECT 1 FROM plan_migration_moves WHERE subscription_id = %s FOR UPDATE", [first]
            )
        async with world.work(tenant) as session:
            yield session
        if asked == 2:
            admin.execute("COMMIT")

    await MoveTenant(work, weighing)(tenant_id, migration.id)

    async with world.work(tenant_id) as session:
        moves = await MigrationRepository(session).moves(migration.id)
    states = {move.subscription_id: move.state for move in moves}
    assert states == {first: MoveState.SKIPPED, second: MoveState.MOVED}
