"""Push what was used into the accounts that quotas are leased from."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from control_plane.catalog.errors import MeterNotFound
from control_plane.entitlements.ports import MeteredAccount, UsageSink
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.windows import Window
from metering.errors_retention import UsageDropped
from metering.services.query_usage import QueryUsage

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PushUsage:
    """Tell the accounts how much of each feature the meters count in its present period."""

    query: QueryUsage
    sink: UsageSink

    async def __call__(self, tenant_id: TenantId) -> int:
        """Push once and return how many accounts were told.

        What a meter no longer there would count, and events that were dropped, say nothing.
        """
        wanted = await self.sink.wanted(tenant_id)
        used = []
        for account in wanted.accounts:
            try:
                series = await self.query(
                    tenant_id=tenant_id,
                    meter_code=account.meter,
                    period=period_of(account),
                    window=Window.YEAR,
                )
            except (MeterNotFound, UsageDropped):
                continue
            used.append((account, max(ceil(series.quantity), 0)))
        if used:
            await self.sink.record(tenant_id, wanted.as_of, used)
        return len(used)


def period_of(account: MeteredAccount) -> Period:
    """Return the period whose usage an account counts; of all time where it never ends."""
    return Period(account.start or _BEGINNING, account.end or _END)
