"""A crash at every point of every message: conservation after each step, and overshoot 0."""

import pytest

from control_plane.entitlements.services.audit_leases import AuditLeases
from control_plane.entitlements.services.take_usage import TakeUsage
from tests.support.crash_points import (
    BEFORE_MIDNIGHT,
    CRASHES,
    FEATURE,
    GRANT,
    LIMIT,
    MESSAGES,
    Life,
    whole_life,
)

HOLDERS = pytest.mark.parametrize("journals", [True, False], ids=["journal", "events"])


@pytest.fixture
async def life(leasing, system, staff, admin, clock, journals):
    clock.set(BEFORE_MIDNIGHT)
    await leasing.publish({FEATURE: GRANT})
    usage = TakeUsage(leasing.work, system, leasing.accounts)
    return Life(leasing, usage, AuditLeases(staff), admin, clock, journals)


@HOLDERS
async def test_a_life_without_a_crash_sends_every_message_in_order(life):
    async with whole_life(life):
        assert [name for name in life.sent if name in MESSAGES] == list(MESSAGES)


@HOLDERS
@pytest.mark.parametrize("crash", CRASHES, ids=lambda crash: f"{crash[0]}-{crash[1].name}".lower())
async def test_nothing_is_spent_twice_and_nothing_stays_lost(life, crash, account):
    life.crash = crash
    async with whole_life(life):
        assert life.crash is None  # it came to that point
        assert life.served[life.period] == LIMIT  # all there is was used, and not one more
        assert max(life.served.values()) <= LIMIT
        last = life.admin.execute(
            "SELECT spent, held, lost, metered FROM lease_accounts WHERE period = %s", [life.period]
        ).fetchone()
        assert last == (LIMIT, 0, 0, LIMIT)
