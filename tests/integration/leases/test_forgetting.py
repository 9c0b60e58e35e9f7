"""Accounts of periods long over are forgotten, and whatever somebody may still need is kept."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from control_plane.entitlements.domain.grants import TenantGrant
from control_plane.entitlements.grant_repository import GrantRepository
from control_plane.entitlements.jobs import ForgetLeases, SweepLeases
from control_plane.entitlements.purge_jobs import ForgetAccounts
from control_plane.entitlements.services.audit_leases import AuditLeases
from control_plane.kernel.ids import new_id
from control_plane.sdk.lease_messages import LeaseOp, LeaseOperation
from control_plane.sdk.snapshot import FeatureKind
from tests.support.leasing import granted, quotas

METERED = FeatureKind.METERED
BY_THE_MINUTE = {"calls": granted(METERED, 100, per="minute", meter="calls")}
DAYS = 40


@pytest.fixture
def forget(system, leasing):
    def made(*, kept_days=DAYS, batch=500):
        return ForgetAccounts(leasing.work, system, leasing.accounts, kept_days, batch)

    return made


@pytest.fixture
def kept(admin):
    """What is left: accounts and leases."""

    def read():
        return tuple(
            admin.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("lease_accounts", "leases")
        )

    return read


async def used_up(leasing, units=5):
    """One account, of a minute, whose only lease is closed."""
    return await leasing.close(await leasing.acquire("calls", 10), spent=units)


async def test_an_account_goes_with_its_leases_some_days_after_its_period(
    leasing, forget, clock, kept, staff
):
    await leasing.publish(BY_THE_MINUTE)
    await used_up(leasing)
    clock.advance(minutes=1)
    await used_up(leasing)
    assert kept() == (2, 2)

    clock.advance(days=DAYS)  # the first period ended just so long ago, and no longer
    assert await forget().run() == 0
    clock.advance(seconds=1)
    assert await forget().run() == 1

    assert kept() == (1, 1)
    clock.advance(minutes=1)
    assert await forget(kept_days=0).run() == 0
    assert await forget().run() == 1
    assert kept() == (0, 0)
    assert await AuditLeases(staff)() == ()


async def test_the_account_of_a_present_period_stays_however_old_it_is(leasing, forget, clock):
    await leasing.publish({"calls": granted(METERED, 100, per="year")})
    await used_up(leasing)

    clock.advance(days=300)

    assert await forget(kept_days=1).run() == 0
    assert (await leasing.acquire("calls", 100)).units == 47  # half of what is left of it


async def test_what_never_ends_stays(leasing, forget, clock, kept):
    await leasing.publish(quotas())
    for feature in ("exports", "rolling", "calls", "jobs"):
        await leasing.close(await leasing.acquire(feature, 1), spent=1)

    clock.advance(days=4_000)

    assert await forget().run() == 0
    assert kept() == (4, 4)


async def test_an_account_stays_while_anything_of_it_is_open(
    leasing, forget, clock, kept, system, staff
):
    await leasing.publish(BY_THE_MINUTE)
    await leasing.acquire("calls", 10)
    clock.advance(days=DAYS + 1)

    assert await forget().run() == 0

    await SweepLeases(leasing.work, system, leasing.accounts).run()  # its holder is gone
    assert await AuditLeases(staff)() == ()
    assert await forget().run() == 1
    assert kept() == (0, 0)


async def test_an_account_stays_while_what_was_lost_waits_to_be_settled(
    leasing, forget, clock, kept
):
    await leasing.publish(BY_THE_MINUTE)
    lease = await leasing.acquire("calls", 10)
    clock.advance(seconds=36)
    await leasing.acquire("calls", 1, holder="ins_b")
    clock.advance(days=DAYS + 1)
    await SweepLeases(leasing.work, forget().system, leasing.accounts).run()
    back = LeaseOperation(LeaseOp.RECOVER, feature="calls", period=lease.period, fence=9)
    [said] = await leasing.ask(back, epoch=2)
    assert said.units == 10

    assert await forget().run() == 0
    clock.advance(days=1)
    assert await forget().run() == 0
    clock.advance(hours=1)
    assert await forget().run() == 1
    assert kept() == (0, 0)


async def test_an_account_that_does_not_add_up_stays_to_be_reported(
    leasing, forget, clock, staff, admin
):
    await leasing.publish(BY_THE_MINUTE)
    await used_up(leasing)
    admin.execute("UPDATE lease_accounts SET open_leases = 3")
    clock.advance(minutes=1)
    await used_up(leasing)
    clock.advance(days=DAYS + 1)

    assert await forget().run() == 1

    [wrong] = await AuditLeases(staff)()
    assert wrong.wrong == "open_leases"


async def test_what_was_used_since_units_were_granted_stays(leasing, forget, clock, admin):
    """What is left of granted units follows from it; by the minute, grants only add to limits."""
    await leasing.publish(
        {"calls": granted(METERED, 9, per="day"), "bursts": granted(METERED, 9, per="minute")}
    )
    for number in range(3):
        for feature in ("calls", "bursts"):
            await leasing.close(await leasing.acquire(feature, 1), spent=1)
        if number == 1:  # within the second day
            await grant(leasing, clock, "calls")
            await grant(leasing, clock, "bursts")
        clock.advance(days=1)
    clock.advance(days=DAYS + 1)

    assert await forget().run() == 4

    rows = admin.execute("SELECT feature, period FROM lease_accounts ORDER BY period").fetchall()
    assert rows == [("calls", "day:2026-01-11"), ("calls", "day:2026-01-12")]


async def grant(leasing, clock, feature):
    """Units of a feature, from now on until they are used."""
    now = clock.now()
    given = TenantGrant(new_id(), feature, Decimal(5), starts_at=now, created_at=now, reason="r")
    async with leasing.work(leasing.tenant_id) as session:
        await GrantRepository(session).add(leasing.tenant_id, given)


async def test_a_sandbox_whose_clock_stands_still_keeps_its_present(leasing, forget, clock, kept):
    behind = datetime(2025, 3, 1, tzinfo=UTC)
    await leasing.publish(BY_THE_MINUTE, test_clock_at=behind)
    await used_up(leasing)
    clock.advance(days=400)

    assert await forget().run() == 0
    assert (await leasing.acquire("calls", 100)).remaining < 95  # the account that it was

    await leasing.publish(BY_THE_MINUTE, test_clock_at=behind + timedelta(days=DAYS, minutes=2))
    clock.advance(seconds=36)
    await SweepLeases(leasing.work, forget().system, leasing.accounts).run()
    await leasing.accounts.states.newest(leasing.tenant_id, leasing.revision)
    assert await forget().run() == 1
    assert kept() == (0, 0)


async def test_a_backlog_goes_in_batches(leasing, forget, clock, kept):
    await leasing.publish(BY_THE_MINUTE)
    for _ in range(5):
        await used_up(leasing)
        clock.advance(minutes=1)
    clock.advance(days=DAYS + 1)

    assert await forget(batch=2).run() == 5
    assert kept() == (0, 0)


async def test_a_lease_that_is_over_goes_with_its_period_where_that_is_longer(
    leasing, system, clock, admin
):
    """Settling adds up what older leases of the holder reported."""
    await leasing.publish(
        {
            "calls": granted(METERED, 100, per="year", meter="calls"),
            "bursts": granted(METERED, 100, per="minute"),
            "exports": granted(METERED, 100, per="ever", meter="exports"),
        }
    )
    for feature in ("calls", "bursts", "exports"):
        await leasing.close(await leasing.acquire(feature, 10), spent=5)
    forget = ForgetLeases(system, leasing.accounts)
    [(ends,)] = admin.execute(
        "SELECT period_end FROM lease_accounts WHERE feature = 'calls'"
    ).fetchall()

    def left():
        rows = admin.execute("SELECT feature FROM leases ORDER BY feature").fetchall()
        return [feature for (feature,) in rows]

    clock.advance(days=DAYS)
    assert await forget.run() == 0
    clock.advance(minutes=2)
    assert await forget.run() == 2
    assert left() == ["calls"]

    clock.set(ends + timedelta(days=DAYS))
    assert await forget.run() == 0
    clock.advance(seconds=1)
    assert await forget.run() == 1


async def test_old_leases_go_in_batches_past_those_that_stay(leasing, system, clock, admin):
    await leasing.publish(
        {
            "calls": granted(METERED, 100, per="year"),
            "bursts": granted(METERED, 100, per="minute"),
        }
    )
    for feature in ("calls", "bursts") * 3:
        await leasing.close(await leasing.acquire(feature, 2), spent=1)
    clock.advance(days=DAYS + 1)

    assert await ForgetLeases(system, leasing.accounts, batch=2).run() == 3

    assert admin.execute("SELECT DISTINCT feature FROM leases").fetchall() == [("calls",)]
