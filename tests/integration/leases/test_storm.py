"""Sixteen instances against one limit, on a clock that runs thirty times as fast."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.entitlements.services.audit_leases import AuditLeases
from control_plane.entitlements.services.consume_units import ConsumeUnits
from control_plane.entitlements.signer import Signer
from control_plane.sdk.snapshot import FeatureKind
from tests.support.lease_storm import FEATURE, PERIOD, storm
from tests.support.leasing import Leasing, granted

LIMIT = 2_000
SPEED = 30


class FastClock:
    def __init__(self):
        self._start = time.monotonic()

    def monotonic(self):
        return (time.monotonic() - self._start) * SPEED

    def now(self):
        return datetime(2026, 1, 10, tzinfo=UTC) + timedelta(seconds=self.monotonic())


@pytest.fixture
async def leasing(work, settings, tenant_id):
    made = Leasing(work, FastClock(), Signer.load(settings.signing_key_path), tenant_id)
    await made.publish({FEATURE: granted(FeatureKind.METERED, LIMIT, per=PERIOD)})
    return made


async def test_crashes_and_duplicates_never_overshoot_and_accounts_add_up(leasing, staff, account):
    spent = []
    await storm(leasing, seed=7, instances=16, count=spent.append, pause=1.3)

    found = account(FEATURE)
    assert sum(spent) <= LIMIT
    assert sum(spent) >= found["spent"]
    assert found["spent"] + found["held"] + found["lost"] <= LIMIT
    assert found["lost"] > 0
    assert await AuditLeases(staff)() == ()


async def test_units_taken_at_once_by_many_are_never_more_than_there_are(leasing):
    consume = ConsumeUnits(leasing.work, leasing.accounts)

    async def take(n):
        # Half of them say it twice.
        key = f"call-{n // 2}" if n % 4 < 2 else f"own-{n}"
        return await consume(leasing.tenant_id, FEATURE, 300, key=key)

    taken = await asyncio.gather(*[take(n) for n in range(12)])

    counted = (await leasing.acquire(FEATURE, 1, need=1)).remaining
    assert counted == LIMIT - 6 * 300 - 1
    assert [one.reason for one in taken].count("limit_reached") >= 3


async def test_units_of_no_feature_are_refused(leasing):
    consume = ConsumeUnits(leasing.work, leasing.accounts)

    refused = [await consume(leasing.tenant_id, name, 1) for name in ("", "flights")]

    assert [(one.allowed, one.reason) for one in refused] == [(False, "unknown_feature")] * 2
