"""A daily quota counts exactly what was done, however many ask at once."""

import asyncio
from collections import Counter

import pytest

from tests.integration.modules.caller import Caller
from tests.support.modules import FakeControlPlane


async def limited(control: FakeControlPlane, caller: Caller, quota: int) -> None:
    control.limits = {"outbound.orders_per_day": quota}
    control.publish()
    await caller.sync(caller.fleet.outbound)
    await caller.receive("r1", ("A", "20"))


@pytest.mark.parametrize("quota", [1, 7])
async def test_n_parallel_calls_on_quota_q_admit_exactly_q(
    control: FakeControlPlane, caller: Caller, quota: int
):
    await limited(control, caller, quota)

    answers = await asyncio.gather(*(caller.ship(f"s{n}", ("A", "1")) for n in range(16)))

    assert Counter(a.status_code for a in answers) == {201: quota, 429: 16 - quota}
    await caller.sync(caller.fleet.outbound)
    assert len(control.events_of("outbound")) == quota


async def test_a_failed_call_behind_a_quota_is_neither_counted_nor_billed(
    control: FakeControlPlane, caller: Caller
):
    await limited(control, caller, 2)

    failed = [await caller.ship(f"f{n}", ("A", "99")) for n in range(5)]
    answers = [await caller.ship(f"s{n}", ("A", "1")) for n in range(3)]

    assert {a.status_code for a in failed} == {409}
    assert [a.status_code for a in answers] == [201, 201, 429]
    await caller.sync(caller.fleet.outbound)
    assert len(control.events_of("outbound")) == 2
