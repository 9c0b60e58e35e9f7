"""Random lives of leases against the real server: the same steps, the same invariants."""

import asyncio
from collections.abc import Callable

import pytest

from control_plane.entitlements.services.audit_leases import AuditLeases
from control_plane.entitlements.services.take_usage import TakeUsage
from control_plane.sdk.snapshot import FeatureKind
from tests.property.entitlements.lease_machine import LIMIT, LeaseMachine, wander
from tests.support.lease_recoveries import Replaced
from tests.support.lease_world import FEATURE
from tests.support.leasing import granted
from tests.support.real_leases import BEGIN, RealAccounts, RealServer


@pytest.fixture
async def real(leasing, system, clock, admin):
    clock.set(BEGIN)
    orders = granted(FeatureKind.METERED, LIMIT, per="day", meter="orders")
    await leasing.publish({FEATURE: orders})
    usage = TakeUsage(leasing.work, system, leasing.accounts)
    return RealAccounts(leasing, usage, clock, admin, asyncio.get_running_loop())


async def live(real: RealAccounts, lives: range, steps: int) -> None:
    kind = type("Real", (LeaseMachine,), {"switches": {"server": real.server}})
    for seed in lives:
        await asyncio.to_thread(lambda seed=seed: wander(kind, seed, steps).teardown())


def _said_while_open(server: Callable[..., RealServer]) -> tuple[int, ...]:
    life = Replaced(server=server, killed_after=2)
    life.drain()
    life.say()
    real = life.world.server
    before = real.lost, real.spent
    life.wait()
    return *before, real.lost - life.successors, real.spent


async def test_a_recovery_holds_for_leases_that_the_real_server_takes_for_lost_later(real):
    assert await asyncio.to_thread(_said_while_open, real.server) == (0, 0, 0, 2)


async def test_the_real_server_overshoots_nothing_and_leaves_nothing_lost(real, staff):
    await live(real, range(3), 80)

    assert await AuditLeases(staff)() == ()


@pytest.mark.nightly
async def test_the_real_server_stands_long_random_lives(real, staff):
    await live(real, range(100, 400), 200)

    assert await AuditLeases(staff)() == ()
