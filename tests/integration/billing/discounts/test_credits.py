"""Promotional credits: granted, burnt in order, lapsed, conserved."""

from datetime import timedelta

import pytest

from billing.domain.assembling import Scope
from billing.errors_tax import BalanceNotFound, DiscountInvalid
from control_plane.catalog.policies import BurnOrder
from tests.support.assembling import money


async def test_credit_lowers_invoices_until_it_is_spent(counter):
    await counter.credit(1500)

    nets = [(await counter.bill(1000)).net.minor for _ in range(2)]

    assert nets == [0, 500]
    [grant] = (await counter.holdings()).grants
    assert (grant.spent.minor, grant.free.minor) == (1500, 0)


async def test_credits_burn_by_priority_then_expiry_then_age(counter):
    soon, later = (counter.clock.now() + timedelta(days=days) for days in (5, 50))
    last = await counter.credit(1, priority=2, expires_at=soon)
    oldest = await counter.credit(1)
    younger = await counter.credit(1)
    dated = await counter.credit(1, expires_at=later)
    sooner = await counter.credit(1, expires_at=soon)

    held = await counter.held()

    assert [credit.id for credit in held.credits] == [sooner, dated, oldest, younger, last]


async def test_what_ends_can_be_burnt_before_anything_else(counter, work):
    lasting = await counter.credit(1, priority=0)
    ending = await counter.credit(1, priority=9, expires_at=counter.clock.now() + timedelta(days=5))
    from billing.domain.discounts.burning import grants_in_order

    grants = (await counter.holdings()).grants

    default = grants_in_order(grants, BurnOrder.PRIORITY_EXPIRY_AGE)
    ending_first = grants_in_order(grants, BurnOrder.NON_ROLLOVER_FIRST)
    assert [g.id for g in default] == [lasting, ending]
    assert [g.id for g in ending_first] == [ending, lasting]


async def test_credit_is_for_the_charges_in_its_scope(counter):
    await counter.credit(1000, scope=Scope(charges=("calls",)))

    assert (await counter.bill(1000)).net.minor == 1000


async def test_credit_lapses_at_its_instant(counter):
    await counter.credit(1000, expires_at=counter.clock.now() + timedelta(days=1))
    before = await counter.held()
    counter.clock.advance(days=1)
    ended = await counter.held()

    assert (len(before.credits), len(ended.credits)) == (1, 0)
    assert await counter.job.run() == 1
    assert await counter.job.run() == 0
    [grant] = (await counter.holdings()).grants
    assert (grant.expired.minor, grant.free.minor) == (1000, 0)


async def test_an_invoice_due_before_its_end_still_uses_it_however_late_it_is_issued(counter):
    due_at = counter.clock.now()
    counter.admin.execute(
        "INSERT INTO billing_accounts (tenant_id, entity, next_due_at, created_at) "
        "VALUES (%s, 'live', %s, %s)",
        [counter.tenant_id, due_at, due_at],
    )
    await counter.credit(1000, expires_at=due_at + timedelta(days=1))
    counter.clock.advance(days=3)

    assert await counter.job.run() == 0
    assert await counter.expire(counter.tenant_id) == 0
    assert (await counter.bill(400, at=due_at)).net.minor == 0
    counter.admin.execute("UPDATE billing_accounts SET next_due_at = NULL")
    assert await counter.job.run() == 1
    [grant] = (await counter.holdings()).grants
    assert (grant.spent.minor, grant.expired.minor) == (400, 600)


async def test_a_test_clock_stops_where_credit_ends(counter):
    ends = counter.clock.now() + timedelta(days=1)
    await counter.credit(1000, expires_at=ends)
    stop = await counter.participant.next_boundary(counter.tenant_id, counter.clock.now())

    assert stop == ends
    assert await counter.participant.settle(counter.tenant_id) is False
    counter.clock.set(ends)
    assert await counter.participant.settle(counter.tenant_id) is True
    assert await counter.participant.next_boundary(counter.tenant_id, ends) is None


async def test_what_is_set_aside_is_not_used(counter):
    grant_id = await counter.credit(1000)
    which = {"tenant_id": counter.tenant_id, "grant_id": grant_id, "actor": "usr_test"}

    await counter.grant.hold(**which)
    assert (await counter.bill(1000)).net.minor == 1000
    await counter.grant.release(**which)
    assert (await counter.bill(1000)).net.minor == 0

    for refused in (counter.grant.hold, counter.grant.release):
        with pytest.raises(BalanceNotFound):
            await refused(**which)


async def test_conservation_is_the_databases_own_rule(counter):
    import psycopg

    await counter.credit(1000)
    with pytest.raises(psycopg.errors.CheckViolation):
        counter.admin.execute("UPDATE credit_grants SET spent_minor = 1")
    with pytest.raises(psycopg.errors.CheckViolation):
        counter.admin.execute("UPDATE credit_grants SET free_minor = -1, spent_minor = 1001")


async def test_a_grant_says_how_much_and_why(counter):
    for wrong in ({"amount": money(0)}, {"reason": " "}, {"expires_at": counter.clock.now()}):
        with pytest.raises(DiscountInvalid):
            await counter.grant(
                **{
                    "tenant_id": counter.tenant_id,
                    "amount": money(1),
                    "reason": "why",
                    "actor": "usr_test",
                    **wrong,
                }
            )
