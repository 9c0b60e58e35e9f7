"""The short way of a delivery: judged without asking anybody, stored in one round trip."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.tenancy.clocks import TenantClock
from metering.domain.events import IngestResult, UsageEvent
from metering.domain.judging import beyond
from metering.domain.quick_judging import judge
from metering.services.meter_book import MeterBook

StoreNow: TypeAlias = Callable[[TenantId, Sequence[UsageEvent]], Awaitable[list[IngestResult]]]
"""Stores events of one tenant, none of which takes another one back, and commits."""


@dataclass(slots=True)
class IngestAtOnce:
    """Takes deliveries of which all is known beforehand, as nearly always it is.

    That the tenant lives in real time: once read, it stays so. Its meters: looked at again every
    second, on the long way. And that every event is good, and an ordinary one.
    """

    store: StoreNow
    tenant_clock: TenantClock
    meters: MeterBook
    _in_real_time: set[TenantId] = field(default_factory=set)

    async def learn(self, session: AsyncSession, tenant_id: TenantId) -> None:
        """Find out, on the long way of a delivery, whether the next ones may take the short one."""
        if tenant_id not in self._in_real_time and await self.tenant_clock.is_real(
            session, tenant_id
        ):
            self._in_real_time.add(tenant_id)

    async def __call__(
        self, tenant_id: TenantId, events: Sequence[UsageEvent]
    ) -> list[IngestResult] | None:
        """Answer once what is new is committed; None, and nothing done, where the way is long."""
        meters = self.meters.known({event.type for event in events})
        if meters is None or tenant_id not in self._in_real_time:
            return None
        refusals = judge(events, meters=meters, now=self.tenant_clock.clock.now())
        if beyond(events, refusals, self.meters.kept_from).count(None) != len(events):
            return None
        if [event for event in events if event.takes_back is not None]:
            return None
        return await self.store(tenant_id, events)
