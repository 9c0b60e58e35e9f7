"""The real lease server, with the face of the model that random lives are led against."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import text

from control_plane.entitlements.services.take_usage import TakeUsage
from control_plane.kernel.clock import FakeClock
from control_plane.runtime.reads import fetch
from control_plane.sdk.lease_messages import LeaseRequest, LeaseResult
from control_plane.sdk.leases import RECLAIM_MARGIN_SECONDS
from tests.support.lease_world import FEATURE
from tests.support.leasing import Leasing

BEGIN = datetime(2026, 11, 11, tzinfo=UTC)
_TABLES = ("lease_requests", "lease_slices", "leases", "lease_accounts")
_SWEEP = text("SELECT lease_sweep(:tenant_id, :now)")
_SUMS = (
    "SELECT limit_units, spent, held, lost, metered, granted = spent + held + lost + returned"
    " + forgotten FROM lease_accounts WHERE tenant_id = %s AND feature = %s"
)


@dataclass
class RealAccounts:
    """What all lives of a test share."""

    leasing: Leasing
    usage: TakeUsage
    clock: FakeClock
    admin: "psycopg.Connection[tuple[object, ...]]"
    loop: asyncio.AbstractEventLoop

    def server(self, limit: int, now: Callable[[], float]) -> "RealServer":
        """Begin anew, with nothing granted."""
        for table in _TABLES:
            self._forget(table)
        return RealServer(limit, now, self)

    def _forget(self, table: str) -> None:
        tenant = self.leasing.tenant_id
        self.admin.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [tenant])

    def forget_answers(self) -> None:
        self._forget("lease_requests")

    def wait(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)


@dataclass
class RealServer:
    """One life's account. Called from a thread beside the loop that the server runs on."""

    limit: int
    now: Callable[[], float]
    real: RealAccounts
    margin: float = RECLAIM_MARGIN_SECONDS
    metered: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    spent: int = 0
    held: int = 0
    lost: int = 0
    free: int = 0

    def __post_init__(self) -> None:
        self.free = self.limit

    @property
    def answers(self) -> "_Answers":
        return _Answers(self.real)

    def handle(self, request: LeaseRequest) -> tuple[LeaseResult, ...]:
        self._set_clock()
        results = self.real.wait(self._handle(request))
        self._look()
        return results

    def sweep(self) -> None:
        self._set_clock()
        self.real.wait(self._sweep())
        self._look()

    def check(self) -> None:
        assert self.spent + self.held + self.lost <= self.limit

    async def _handle(self, request: LeaseRequest) -> tuple[LeaseResult, ...]:
        leasing = self.real.leasing
        results = leasing.read(await leasing.use(leasing.tenant_id, request), request)
        await self._push()
        return tuple(results)

    async def _sweep(self) -> None:
        leasing = self.real.leasing
        values = {"tenant_id": leasing.tenant_id, "now": self.real.clock.now()}
        async with leasing.work(leasing.tenant_id) as session:
            await fetch(session, _SWEEP, values)
        await self._push()

    async def _push(self) -> None:
        """Hand over what was metered, as a rolling pass does, and settle what was lost."""
        tenant_id, usage = self.real.leasing.tenant_id, self.real.usage
        total = sum(self.metered.values())
        for read in (usage.wanted, usage.lost):
            wanted = await read(tenant_id)
            used = [
                (account, self.metered[account.lost.holder] if account.lost else total)
                for account in wanted.accounts
            ]
            await usage.record(tenant_id, wanted.as_of, used)

    def _set_clock(self) -> None:
        self.real.clock.set(BEGIN + timedelta(seconds=self.now()))

    def _look(self) -> None:
        row = self.real.admin.execute(_SUMS, [self.real.leasing.tenant_id, FEATURE]).fetchone()
        if row is not None:
            limit, self.spent, self.held, self.lost, metered, adds_up = row
            assert adds_up
            self.free = limit - max(self.spent + self.held + self.lost, metered)


@dataclass
class _Answers:
    real: RealAccounts

    def clear(self) -> None:
        self.real.forget_answers()
