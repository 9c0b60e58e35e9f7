"""Credits that come again: granted once a cycle however late, conserved, seen by previews."""

import asyncio
import random
from datetime import timedelta

import pytest

from billing.credits_desk import CreditDesk
from billing.domain.discounts.recurring import Rollover
from billing.errors_tax import BalanceNotFound, BalanceTooSmall, DiscountInvalid
from billing.services.discounts.recur_credit import Cycle
from control_plane.kernel.anchor import Interval
from tests.support.assembling import money

FOREVER = Rollover(None)


async def grants(counter):
    """Every grant by its place: granted, spent, free, expired."""
    found = (await counter.holdings()).grants
    rows = sorted(found, key=lambda g: g.nth)
    return [(g.granted.minor, g.spent.minor, g.free.minor, g.expired.minor) for g in rows]


def open_account(counter, next_due_at):
    counter.admin.execute(
        "INSERT INTO billing_accounts (tenant_id, entity, next_due_at, created_at) "
        "VALUES (%s, 'live', %s, %s)",
        [counter.tenant_id, next_due_at, next_due_at],
    )


async def test_the_first_is_granted_at_once_and_the_next_when_its_cycle_begins(counter):
    schedule = await counter.monthly(100)

    assert await grants(counter) == [(100, 0, 100, 0)]
    assert schedule.following == 1
    assert await counter.job.run() == 0
    counter.clock.set(schedule.next_at)
    assert await counter.job.run() == 2
    assert await grants(counter) == [(100, 0, 0, 100), (100, 0, 100, 0)]


async def test_one_that_starts_later_grants_nothing_before(counter):
    starts = counter.clock.now() + timedelta(days=3)
    schedule = await counter.recur(
        tenant_id=counter.tenant_id,
        amount=money(100),
        reason="later",
        cycle=Cycle(Interval.WEEK, 2, starts_at=starts),
        actor="usr_test",
    )
    assert (schedule.next_at, await grants(counter)) == (starts, [])
    counter.clock.set(starts)
    await counter.job.run()
    assert await grants(counter) == [(100, 0, 100, 0)]


async def test_a_scheduler_that_was_down_for_months_grants_every_cycle_once(counter):
    await counter.monthly(100, rollover=FOREVER)
    counter.clock.advance(days=100)

    await counter.job.run()

    assert await counter.job.run() == 0
    assert await grants(counter) == [(100, 0, 100, 0)] * 4
    assert (await counter.bill(400)).net.minor == 0


async def test_two_workers_grant_one_credit(counter, work):
    schedule = await counter.monthly(100)
    counter.clock.set(schedule.next_at)

    async def pass_it():
        async with work(counter.tenant_id) as session:
            return await CreditDesk(session).bring_up(counter.tenant_id, schedule.next_at)

    changed = await asyncio.gather(*(pass_it() for _ in range(8)))

    assert sorted(changed) == [0] * 7 + [2]
    assert await grants(counter) == [(100, 0, 0, 100), (100, 0, 100, 0)]


async def test_an_invoice_due_as_a_cycle_begins_uses_its_credit_though_the_job_is_late(counter):
    schedule = await counter.monthly(100)
    at = schedule.next_at
    counter.clock.set(at + timedelta(days=2))

    assert (await counter.bill(130, at=at)).net.minor == 30
    assert await grants(counter) == [(100, 0, 0, 100), (100, 100, 0, 0)]
    assert await counter.job.run() == 0


async def test_an_invoice_due_before_a_boundary_is_waited_for(counter):
    schedule = await counter.monthly(100)
    due_at = schedule.next_at - timedelta(hours=1)
    open_account(counter, due_at)
    counter.clock.set(schedule.next_at + timedelta(days=1))

    assert await counter.job.run() == 0
    assert (await counter.bill(130, at=due_at)).net.minor == 30
    counter.admin.execute("UPDATE billing_accounts SET next_due_at = NULL")
    await counter.job.run()
    assert await grants(counter) == [(100, 100, 0, 0), (100, 0, 100, 0)]


async def test_a_look_ahead_sees_the_credit_to_come_and_writes_nothing(counter):
    schedule = await counter.monthly(100, rollover=Rollover(1))

    held = await counter.held(at=schedule.next_at)

    assert [credit.amount.minor for credit in held.credits] == [100, 100]
    assert await grants(counter) == [(100, 0, 100, 0)]
    counter.clock.set(schedule.next_at)
    await counter.job.run()
    assert [c.id for c in (await counter.held()).credits] == [c.id for c in held.credits]


async def test_a_rest_that_rolls_over_pays_for_the_next_cycle(counter):
    schedule = await counter.monthly(100, rollover=Rollover(1, money(30)))
    assert (await counter.bill(60)).net.minor == 0

    counter.clock.set(schedule.next_at)
    assert (await counter.bill(200)).net.minor == 70
    assert await grants(counter) == [(100, 90, 0, 10), (100, 100, 0, 0)]


async def test_a_test_clock_stops_at_every_cycle(counter):
    schedule = await counter.monthly(100, times=2, rollover=Rollover(1))
    stops, at = [], counter.clock.now()
    while (stop := await counter.participant.next_boundary(counter.tenant_id, at)) is not None:
        at = stop
        stops.append(at)
        counter.clock.set(at)
        assert await counter.participant.settle(counter.tenant_id) is True
        assert await counter.participant.settle(counter.tenant_id) is False

    assert stops == [schedule.anchor.boundary(n) for n in (1, 2, 3)]
    assert await grants(counter) == [(100, 0, 0, 100), (100, 0, 0, 100)]


async def test_ended_it_grants_nothing_more(counter):
    schedule = await counter.monthly(100)
    which = {
        "tenant_id": counter.tenant_id,
        "schedule_id": schedule.id,
        "actor": "usr_test",
    }
    counter.clock.advance(days=1)
    await counter.recur.end(**which)
    with pytest.raises(BalanceNotFound):
        await counter.recur.end(**which)
    counter.clock.advance(days=300)
    await counter.job.run()

    assert await grants(counter) == [(100, 0, 0, 100)]


async def test_a_schedule_says_how_much_how_often_and_why(counter):
    good = {
        "tenant_id": counter.tenant_id,
        "amount": money(1),
        "reason": "why",
        "cycle": Cycle(Interval.MONTH),
        "actor": "usr_test",
    }
    earlier = counter.clock.now() - timedelta(seconds=1)
    for wrong in (
        {"amount": money(0)},
        {"reason": " "},
        {"priority": 10**7},
        {"cycle": Cycle(Interval.MONTH, 0)},
        {"cycle": Cycle(Interval.MONTH, times=0)},
        {"cycle": Cycle(Interval.MONTH, starts_at=earlier)},
        {"rollover": Rollover(-1)},
        {"rollover": Rollover(1, money(0))},
        {"rollover": Rollover(0, money(5))},
        {"rollover": Rollover(1, money(5, "USD"))},
    ):
        with pytest.raises(DiscountInvalid):
            await counter.recur(**{**good, **wrong})
    assert (await counter.holdings()).schedules == ()


async def test_random_lives_conserve_every_unit_at_every_commit(counter, work):
    """PostgreSQL checks each row at each statement; here the sums over all rows are checked."""
    chance = random.Random(20261122)
    await counter.monthly(500, rollover=Rollover(2, money(700)))
    await counter.monthly(300, times=4)
    await counter.credit(900, expires_at=counter.clock.now() + timedelta(days=70))
    billed = 0
    for _ in range(24):
        counter.clock.advance(days=chance.randint(0, 12))
        deed = chance.choice(["bill", "bill", "job", "hold", "release"])
        if deed == "bill":
            billed += (await counter.bill(chance.randint(1, 400))).discount.minor
        elif deed == "job":
            await counter.job.run()
        else:
            grant = chance.choice((await counter.holdings()).grants)
            which = {"tenant_id": counter.tenant_id, "grant_id": grant.id, "actor": "usr_test"}
            try:
                await getattr(counter.grant, deed)(**which)
            except BalanceNotFound:
                continue
        wrong = counter.admin.execute(
            "SELECT count(*) FROM credit_grants WHERE granted_minor <> "
            "spent_minor + held_minor + expired_minor + free_minor"
        ).fetchone()
        spent, used = counter.admin.execute(
            "SELECT (SELECT coalesce(sum(spent_minor), 0) FROM credit_grants), "
            "(SELECT coalesce(sum(amount_minor), 0) FROM credit_uses)"
        ).fetchone()
        assert (wrong, spent, used) == ((0,), billed, billed)


async def test_credit_taken_by_another_meanwhile_refuses_the_invoice(counter, work):
    schedule = await counter.monthly(100)
    at = schedule.next_at
    assembled = await counter.bill(100, at=at)
    counter.clock.set(at)

    with pytest.raises(BalanceTooSmall):
        async with work(counter.tenant_id) as session:
            await counter.discounts.apply(
                session, counter.tenant_id, counter.invoice(at), assembled, at=at
            )
