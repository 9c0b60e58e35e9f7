"""Limits by lease: over crashes, without the control plane, and with two instances."""

import asyncio
import signal

import httpx

from tests.integration.modules.caller import Caller
from tests.integration.modules.test_outages import until
from tests.support.modules import FakeControlPlane, Fleet, Instance

LIMIT = "outbound.orders_per_day"


class Second(Instance):
    """Another instance of a module that runs already, with its own database."""

    def env(self) -> dict[str, str]:
        return {**super().env(), "TALLYARD_INSTANCE_ID": "ins_second"}


async def limit(control: FakeControlPlane, caller: Caller, units: int) -> None:
    control.limits = {LIMIT: units}
    control.publish()
    await caller.sync(caller.fleet.outbound)
    await caller.receive("r1", ("A", "50"))


async def ship_until_refused(caller: Caller, prefix: str) -> int:
    for n in range(50):
        answer = await caller.ship(f"{prefix}{n}", ("A", "1"))
        if answer.status_code != 201:
            assert (answer.status_code, answer.json()["code"]) == (429, "daily_limit_reached")
            return n
    raise AssertionError


async def test_a_killed_instance_leaves_no_unit_in_doubt(control: FakeControlPlane, fleet: Fleet):
    others = (fleet.ledger, fleet.inbound)
    await asyncio.gather(*(instance.start() for instance in others))
    fleet.outbound.data_dir.mkdir(parents=True)
    await fleet.outbound.start_process()
    async with httpx.AsyncClient(timeout=30) as client:
        caller = Caller(client, fleet)
        await limit(control, caller, 7)
        for n in range(3):
            assert (await caller.ship(f"a{n}", ("A", "1"))).status_code == 201
        assert (await caller.ship("a9", ("A", "99"))).status_code == 409  # not counted

        await fleet.outbound.kill_process(signal.SIGKILL)
        await fleet.outbound.start_process()

        assert control.leases.of(LIMIT).lost == 0
        await until(lambda: asyncio.sleep(0, control.leases.of(LIMIT).spent >= 3))
        assert await ship_until_refused(caller, "b") == 4
        await caller.sync(fleet.outbound)
    await fleet.outbound.kill_process(signal.SIGTERM)
    await asyncio.gather(*(instance.stop() for instance in others))
    account = control.leases.of(LIMIT)
    assert (account.spent, account.held, account.lost, account.free) == (7, 0, 0, 0)
    assert len(control.events_of("outbound")) == 7


async def test_documents_are_admitted_while_the_control_plane_is_away_as_far_as_units_go(
    control: FakeControlPlane, caller: Caller
):
    await limit(control, caller, 6)
    assert (await caller.ship("a", ("A", "1"))).status_code == 201
    at_hand = control.leases.of(LIMIT).held - 1

    control.down = True
    answers = [await caller.ship(f"b{n}", ("A", "1")) for n in range(at_hand + 1)]

    assert [answer.status_code for answer in answers] == [201] * at_hand + [503]
    assert answers[-1].json()["code"] == "units_unconfirmed"
    assert answers[-1].headers["Retry-After"] == "1"
    control.down = False
    assert await ship_until_refused(caller, "c") == 6 - 1 - at_hand
    await caller.fleet.outbound.stop()
    assert control.leases.of(LIMIT).spent == 6
    await caller.fleet.outbound.start()


async def test_two_instances_share_a_limit_to_the_last_unit(
    control: FakeControlPlane, caller: Caller
):
    first = caller.fleet.outbound
    second = Second(control, "outbound", first.data_dir.parent / "second", first.peers)
    await limit(control, caller, 9)
    await second.start()

    parallel = await asyncio.gather(*(caller.ship(f"a{n}", ("A", "1")) for n in range(4)))
    admitted = sum(answer.status_code == 201 for answer in parallel)
    for instance in (second, first):
        caller.fleet.outbound = instance
        admitted += await ship_until_refused(caller, f"{instance.port}-")

    assert admitted == 9
    await second.stop()
    await first.stop()
    account = control.leases.of(LIMIT)
    assert (account.spent, account.held, account.lost) == (9, 0, 0)
    await first.start()
