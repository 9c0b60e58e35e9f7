"""What was told of usage is forgotten some time after its period, and never within it."""

from datetime import UTC, datetime, timedelta

import pytest

from control_plane.tenancy.clocks import TenantClock
from metering.alert_purge_jobs import ForgetAlerts

FOUND = datetime(2026, 1, 15, tzinfo=UTC)
LONGEST = {
    "minute:2026-01-15T08:00+08:00": 2,
    "day:2026-01-15": 2,
    "rolling:600:2026-01-15": 2,
    "week:2026-W03": 8,
    "month:2026-01": 32,
    "quarter:2026-Q1": 93,
    "year:2026": 367,
}


@pytest.fixture
def told(admin, tenant_id):
    for period in (*LONGEST, "ever"):
        admin.execute(
            'INSERT INTO usage_alerts (tenant_id, feature, period, mark, used, "limit", found_at) '
            "VALUES (%s, 'lines', %s, '50', 50, 100, %s)",
            [tenant_id, period, FOUND],
        )

    def read():
        return {row[0] for row in admin.execute("SELECT period FROM usage_alerts").fetchall()}

    return read


@pytest.fixture
def forget(system, clock):
    def made(**more):
        return ForgetAlerts(system, TenantClock(clock), **{"kept_days": 30, **more})

    return made


@pytest.mark.parametrize("period", LONGEST)
async def test_an_alert_goes_once_its_period_must_be_over_for_so_long(told, forget, clock, period):
    due = FOUND + timedelta(days=LONGEST[period] + 30)

    clock.set(due)
    await forget().run()
    assert period in told()
    clock.set(due + timedelta(seconds=1))
    await forget().run()
    assert period not in told()


async def test_of_a_limit_for_ever_it_stays(told, forget, clock):
    clock.set(FOUND + timedelta(days=10_000))

    assert await forget(batch=2).run() == len(LONGEST)

    assert told() == {"ever"}


async def test_nothing_goes_where_nothing_is_to_go(told, forget, clock):
    clock.set(FOUND + timedelta(days=10_000))

    assert await forget(kept_days=0).run() == 0


async def test_a_sandbox_forgets_in_its_own_time(told, forget, clock, admin, tenant_id):
    admin.execute("UPDATE organisations SET sandbox = true")
    admin.execute("INSERT INTO test_clocks VALUES (%s, true, %s)", [tenant_id, FOUND])
    clock.set(FOUND + timedelta(days=10_000))

    assert await forget().run() == 0

    admin.execute("UPDATE test_clocks SET now_at = %s", [FOUND + timedelta(days=33)])
    assert await forget().run() == 3


class StoppedClock:
    """Tells nobody the time of one tenant."""

    def __init__(self, clock, of):
        self.clock, self.of, self.tenants = clock, of, TenantClock(clock)

    async def now(self, session, tenant_id):
        if tenant_id == self.of:
            raise RuntimeError("its clock cannot be read")
        return await self.tenants.now(session, tenant_id)


@pytest.mark.parametrize("number", [0, 1])
async def test_one_that_fails_keeps_nobody_else_waiting_and_is_told(
    told, system, clock, admin, tenant_id, other_tenant_id, number
):
    admin.execute(
        'INSERT INTO usage_alerts (tenant_id, feature, period, mark, used, "limit", found_at) '
        "VALUES (%s, 'lines', 'day:2026-01-15', '50', 50, 100, %s)",
        [other_tenant_id, FOUND],
    )
    clock.set(FOUND + timedelta(days=10_000))
    failing = (tenant_id, other_tenant_id)[number]

    with pytest.raises(RuntimeError, match="alerts of 1 tenants"):
        await ForgetAlerts(system, StoppedClock(clock, failing), kept_days=30).run()

    left = admin.execute("SELECT tenant_id FROM usage_alerts WHERE period <> 'ever'").fetchall()
    assert {row[0] for row in left} == {failing}
