"""Push what was used into the accounts that quotas are leased from."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import ceil

from control_plane.catalog.errors import MeterNotFound
from control_plane.entitlements.ports import MeteredAccount, UsageSink
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.aggregating import ADDITIVE, total_of
from metering.domain.judging import quantity_of
from metering.domain.windows import Window
from metering.errors_retention import UsageDropped
from metering.ports import UsageStore
from metering.services.meter_book import MeterBook
from metering.services.query_usage import QueryUsage

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class PushUsage:
    """Tell the accounts how much of each feature the meters count in its present period.

    Of instances that crashed while they held leases, and whose events are all delivered since, it
    is told what their own events count: that settles what they never reported.
    """

    work: UnitOfWork
    store: UsageStore
    query: QueryUsage
    meters: MeterBook
    sink: UsageSink

    async def __call__(self, tenant_id: TenantId) -> int:
        """Push once and return how many accounts were told.

        What a meter no longer there would count, and events that were dropped, say nothing.
        """
        wanted = await self.sink.wanted(tenant_id)
        if not wanted.accounts:
            return 0
        used = []
        for account in wanted.accounts:
            try:
                quantity = await self._used(tenant_id, account)
            except (MeterNotFound, UsageDropped):
                continue
            if quantity is not None:
                used.append((account, max(ceil(quantity), 0)))
        await self.sink.record(tenant_id, wanted.as_of, used)
        return len(used)

    async def _used(self, tenant_id: TenantId, account: MeteredAccount) -> Decimal | None:
        period = Period(account.start or _BEGINNING, account.end or _END)
        if account.lost is not None:
            return await self._by_holder(tenant_id, account, account.lost.holder, period)
        series = await self.query(
            tenant_id=tenant_id, meter_code=account.meter, period=period, window=Window.YEAR
        )
        return series.quantity

    async def _by_holder(
        self, tenant_id: TenantId, account: MeteredAccount, holder: str, period: Period
    ) -> Decimal | None:
        """Add up one instance's events; None where the meter does not add up."""
        async with self.work(tenant_id) as session:
            meter = await self.meters.meter(session, account.meter)
        if meter.aggregation not in ADDITIVE:
            return None
        source, after, found = f"/instances/{holder}", None, [Decimal(0)]
        cutoff = await self.store.cutoff()
        while True:
            page = await self.store.events(
                tenant_id, meter, period, cutoff=cutoff, since=None, after=after, limit=_PAGE
            )
            own = (event for event in page.events if event.source == source)
            found.extend(quantity_of(event, meter) or Decimal(0) for event in own)
            after = page.after
            if after is None:
                return total_of(found)
