"""Instances that spend one quota as fast as they can, crash, repeat themselves and come late.

``python -m tests.support.lease_storm DATABASE VAR_DIR TENANT COUNTS SEED INSTANCES`` is one process
of them. Every unit is written to COUNTS as it is spent, before anybody is told: what is in the
files is what was spent, however a process ends.
"""

import asyncio
import os
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from control_plane.entitlements.signer import Signer
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import TenantId, new_id, parse_id
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.lease_messages import LeaseOp, LeaseOperation, LeaseResult, LeaseStatus
from tests.support import cluster
from tests.support.leasing import Leasing

FEATURE, PERIOD = "orders", "ever"
LEASE_SECONDS = 1
_ALIVE = {LeaseStatus.OK, LeaseStatus.EXHAUSTED}


class Spender:
    """An instance, and what it does with the leases it gets."""

    def __init__(
        self, leasing: Leasing, chance: random.Random, count: Callable[[int], None], pause: float
    ) -> None:
        self._leasing = leasing
        self._now = leasing.clock.monotonic
        self._pause = pause
        self._chance = chance
        self._count = count
        self._begin()

    def _begin(self) -> None:
        self._holder = f"ins_{new_id().hex}"
        self._lease: LeaseResult | None = None
        self._spent = 0
        self._until = 0.0

    async def run(self) -> None:
        """Spend until nothing is left for anybody."""
        while True:
            if self._lease is None and not await self._acquire():
                return
            self._spend()
            await self._go_on()

    async def _acquire(self) -> bool:
        operation = LeaseOperation(
            LeaseOp.ACQUIRE, feature=FEATURE, period=PERIOD, units=self._chance.randint(1, 200)
        )
        sent = self._now()
        result = await self._send(operation)
        if result.status is not LeaseStatus.OK:
            return False
        self._hold(result, sent)
        return True

    def _hold(self, result: LeaseResult, sent: float) -> None:
        self._lease = result
        self._until = sent + result.expires_in_seconds

    def _spend(self) -> None:
        assert self._lease is not None
        units = self._chance.randint(0, self._lease.units - self._spent)
        if units and self._now() < self._until:
            self._count(units)
            self._spent += units

    async def _go_on(self) -> None:
        lease = self._lease
        assert lease is not None
        what = self._chance.random()
        if what < 0.05:  # gone without a word
            self._begin()
        elif what < 0.10:  # gone, and its next process knows exactly what was spent
            spent, holder = self._spent, self._holder
            self._begin()
            operation = LeaseOperation(
                LeaseOp.CLOSE, lease=lease.lease, fence=lease.fence, spent=spent
            )
            await self._send(operation, holder)
        elif what < 0.15:  # too late
            await asyncio.sleep(self._pause)
        else:
            await self._renew(lease)

    async def _renew(self, lease: LeaseResult) -> None:
        units = max(self._spent + self._chance.randint(-20, 200), self._spent)
        self._lease = replace(lease, units=min(lease.units, units))  # its own cap first
        operation = LeaseOperation(
            LeaseOp.RENEW, lease=lease.lease, fence=lease.fence, spent=self._spent, units=units
        )
        sent = self._now()
        result = await self._send(operation)
        if result.status in _ALIVE and result.units > self._spent:
            self._hold(result, sent)
        elif result.status in _ALIVE:
            await self._send(
                LeaseOperation(
                    LeaseOp.CLOSE, lease=result.lease, fence=result.fence, spent=self._spent
                )
            )
            self._begin()
        else:
            assert result.status in {LeaseStatus.LOST, LeaseStatus.CLOSED}, result
            self._begin()

    async def _send(self, operation: LeaseOperation, holder: str | None = None) -> LeaseResult:
        """Send a request, now and then twice at once, or again later."""
        request_id, holder = str(new_id()), holder or self._holder

        def sent() -> "asyncio.Task[list[LeaseResult]]":
            asked = self._leasing.ask(operation, holder=holder, request_id=request_id)
            return asyncio.ensure_future(asked)

        answers = await asyncio.gather(*[sent() for _ in range(self._chance.choice([1, 1, 1, 2]))])
        if self._chance.random() < 0.1:
            answers.append(await sent())
        first = answers[0][0]
        for [again] in answers:
            assert (again.lease, again.fence, again.units) == (
                first.lease,
                first.fence,
                first.units,
            )
        return first


async def storm(
    leasing: Leasing,
    seed: int,
    instances: int,
    count: Callable[[int], None],
    pause: float = LEASE_SECONDS * 1.2,
) -> None:
    """Let instances spend until nothing is left; who comes late pauses for so many seconds."""
    chances = [random.Random(f"{seed}/{n}") for n in range(instances)]
    await asyncio.gather(*[Spender(leasing, chance, count, pause).run() for chance in chances])


def leasing_on(settings: Settings, tenant_id: TenantId) -> Leasing:
    """The lease server over connections of its own."""
    signer = Signer.load(settings.signing_key_path)
    return Leasing(UnitOfWork(Database(settings)), SystemClock(), signer, tenant_id)


def main() -> None:
    url, var_dir, tenant, counts, seed, instances = sys.argv[1:]
    settings = Settings(
        database_url=url,
        secret_key=cluster.SECRET,
        var_dir=Path(var_dir),
        signing_key_path=Path(var_dir) / "signing_key.pem",
        pool_size=4,
    )
    leasing = leasing_on(settings, TenantId(parse_id("ten", tenant)))
    file = os.open(counts, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    asyncio.run(storm(leasing, int(seed), int(instances), lambda units: _written(file, units)))


def _written(file: int, units: int) -> None:
    os.write(file, f"{units}\n".encode())


if __name__ == "__main__":
    main()
