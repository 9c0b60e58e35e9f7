"""Following unpaid invoices: whom, when, with which letters, and back again."""

import asyncio
from datetime import timedelta

import pytest

from billing.repositories.debts import read_debt, tenants_to_look_at
from billing.services.standing.follow_ladder import FollowLadder
from billing.standing_jobs import FollowLadders
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.clock import SystemClock
from control_plane.notifications.adapters.memory import MemoryMailer
from control_plane.notifications.handler import DeliverMail
from control_plane.runtime.outbox import OutboxRelay
from control_plane.runtime.topics import (
    ENTITLEMENTS_CHANGED,
    INVOICE_ENDED,
    INVOICE_ISSUED,
    MAIL_REQUESTED,
    STANDING_DUE,
)
from control_plane.sdk.snapshot import Standing
from control_plane.standing.repository import StandingRepository
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.links import InvitationLinks
from tests.integration.billing.test_invoice_mail import join
from tests.support.billing_world import ACTOR, CATALOGUE, World, ignore, organisation

LADDERED = CATALOGUE.replace("  - code: growth\n", "  - code: growth\n    ladder: {}\n")


@pytest.fixture
async def laddered(world: World):
    await ApplyCatalog(world.database, world.clock)(LADDERED)
    return world


@pytest.fixture
def follow(world: World):
    return FollowLadder(world.work, TenantClock(world.clock))


@pytest.fixture
def job(world: World, follow):
    return FollowLadders(world.system, follow, world.clock)


async def live_on(world: World, job, days: int):
    for _ in range(days):
        world.clock.advance(days=1)
        await job.run()


async def standing_of(world: World, tenant_id):
    async with world.work(tenant_id) as session:
        return (await StandingRepository(session).read(tenant_id)).standing


async def test_each_step_is_written_of_before_it_is_taken(laddered, job, tenant_id, admin):
    join(admin, tenant_id, "Ada", "owner")
    join(admin, tenant_id, "Di", "viewer")
    await laddered.subscribe(tenant_id)
    mailer, mails = MemoryMailer(), []
    handlers = dict.fromkeys((INVOICE_ISSUED, ENTITLEMENTS_CHANGED, STANDING_DUE), ignore)
    deliver = DeliverMail(mailer, InvitationLinks("https://tallyard.test", "secret"))
    relay = OutboxRelay(laddered.system, {**handlers, MAIL_REQUESTED: deliver}, SystemClock())

    for _ in range(14 + 1 + 30):
        await live_on(laddered, job, 1)
        await relay.run_once()
        standing = await standing_of(laddered, tenant_id)
        mails += [(mail, standing) for mail in mailer.sent[len(mails) :]]

    told = [(m.to, m.subject, s.value) for m, s in mails if "issued" not in m.subject]
    told = [row for row in told if not row[1].startswith("Invoice ")]
    [due, read_only, suspended] = told
    assert due[0] == "ada@example.com"
    assert due[1].startswith("Payment due: 1999.00 CNY of")
    assert due[2] == "active"
    assert "becomes read-only on 2026" in read_only[1]
    assert read_only[2] == "grace"
    assert "is suspended on 2026" in suspended[1]
    assert suspended[2] == "read_only"
    assert await standing_of(laddered, tenant_id) is Standing.SUSPENDED
    [letter] = [mail for mail, _ in mails if "read-only" in mail.subject]
    assert "TY-2026-000001" in letter.body
    assert "https://tallyard.test/portal/standing" in letter.body


@pytest.mark.parametrize("way", ["paid", "written_off", "credited"])
async def test_whatever_settles_the_invoice_restores(laddered, job, follow, tenant_id, way):
    await laddered.subscribe(tenant_id)
    await live_on(laddered, job, 30)
    assert await standing_of(laddered, tenant_id) is Standing.READ_ONLY
    await laddered.mark_overdue(tenant_id)
    handlers = dict.fromkeys((INVOICE_ISSUED, ENTITLEMENTS_CHANGED, MAIL_REQUESTED), ignore)
    handlers |= {INVOICE_ENDED: ignore, STANDING_DUE: follow.deliver}
    handlers["credit_note.issued"] = ignore
    [invoice] = await laddered.invoices(tenant_id)
    about = {"tenant_id": tenant_id, "invoice_id": invoice.summary.id, "actor": ACTOR}

    if way == "paid":
        await laddered.record_payment(amount=invoice.summary.open, reference="BK-1", **about)
    elif way == "written_off":
        await laddered.write_off(reason="insolvent", **about)
    else:
        await laddered.give(reason="goodwill", **about)
    # No job: the settling itself asked for the look.
    while await OutboxRelay(laddered.system, handlers, SystemClock()).run_once():
        pass

    assert await standing_of(laddered, tenant_id) is Standing.ACTIVE
    async with laddered.work(tenant_id) as session:
        kept = await StandingRepository(session).read(tenant_id)
        assert (kept.since, kept.next_at) == (None, None)


async def test_the_job_restores_what_nobody_told_it(laddered, job, tenant_id, admin):
    await laddered.subscribe(tenant_id)
    await live_on(laddered, job, 30)
    admin.execute(
        "UPDATE invoices SET state = 'paid', paid_minor = due_minor, paid_at = now() "
        "WHERE tenant_id = %s",
        [tenant_id],
    )

    await job.run()

    assert await standing_of(laddered, tenant_id) is Standing.ACTIVE


async def test_nobody_is_left_out_however_many_fail_before(laddered, follow, admin):
    tenants = [organisation(admin, f"shop{n}") for n in range(4)]
    for tenant in tenants:
        await laddered.subscribe(tenant)
    broken = sorted(tenants)[:2]

    class Breaks(FollowLadder):
        async def __call__(self, tenant_id):
            if tenant_id in broken:
                raise RuntimeError("planted")
            return await super().__call__(tenant_id)

    fragile = Breaks(follow.work, follow.tenant_clock)
    job = FollowLadders(laddered.system, fragile, laddered.clock, batch=1)

    laddered.clock.advance(days=20)
    assert await job.run() == len(tenants) - len(broken)

    async with laddered.system() as session:
        still = await tenants_to_look_at(session, laddered.clock.now(), 10)
    assert sorted(still) == broken


async def test_two_workers_take_no_step_twice(laddered, follow, tenant_id):
    await laddered.subscribe(tenant_id)
    laddered.clock.advance(days=100)

    taken = await asyncio.gather(*(follow(tenant_id) for _ in range(5)))

    assert sorted(len(steps) for steps in taken) == [0, 0, 0, 0, 1]
    async with laddered.work(tenant_id) as session:
        steps = await StandingRepository(session).steps(tenant_id)
        debt = await read_debt(session, tenant_id)
    # A hundred days late, the letter still comes first, and nothing has happened yet.
    assert [(s.kind.value, s.standing.value) for s in steps] == [("announced", "grace")]
    assert steps[0].effective_at >= laddered.clock.now() + timedelta(days=2, hours=23)
    assert debt.invoices[0] == "TY-2026-000001"


async def test_who_has_no_ladder_is_looked_at_once_and_then_left_alone(
    world: World, job, tenant_id
):
    await world.subscribe(tenant_id)

    world.clock.advance(days=60)
    await job.run()

    async with world.system() as session:
        assert await tenants_to_look_at(session, world.clock.now(), 10) == []
    assert await standing_of(world, tenant_id) is Standing.ACTIVE
