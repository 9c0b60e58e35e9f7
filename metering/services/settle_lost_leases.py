"""Settle what crashed instances never said, by what their own events count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from control_plane.catalog.errors import MeterNotFound
from control_plane.entitlements.ports import MeteredAccount, UsageSink
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.aggregating import ADDITIVE
from metering.errors_retention import UsageDropped
from metering.ports import UsageStore
from metering.services.meter_book import MeterBook
from metering.services.push_usage import period_of

MOST_SOURCES = 1_000
"""Holders that one reading of a period's events serves."""

_TOGETHER = 100
"""Lost leases that one transaction settles."""


@dataclass(frozen=True, slots=True)
class SettleLostLeases:
    """Tell the accounts what holders' own events count, once all of those are delivered.

    A meter's events of a period are read once for all holders. Only meters that count or sum can
    say what one holder used; what it lost of others counts as spent.
    """

    work: UnitOfWork
    store: UsageStore
    meters: MeterBook
    sink: UsageSink

    async def __call__(self, tenant_id: TenantId) -> int:
        """Settle what can be, and return of how many holders' leases it was told.

        What a meter no longer there would count, and events that were dropped, say nothing.
        """
        wanted = await self.sink.lost(tenant_id)
        used: list[tuple[MeteredAccount, int]] = []
        for accounts in _readings(wanted.accounts):
            used.extend(await self._used(tenant_id, accounts))
        for at in range(0, len(used), _TOGETHER):
            await self.sink.record(tenant_id, wanted.as_of, used[at : at + _TOGETHER])
        return len(used)

    async def _used(
        self, tenant_id: TenantId, accounts: Sequence[MeteredAccount]
    ) -> list[tuple[MeteredAccount, int]]:
        period = period_of(accounts[0])
        try:
            async with self.work(tenant_id) as session:
                meter = await self.meters.meter(session, accounts[0].meter)
            if meter.aggregation not in ADDITIVE:
                return []
            sources = sorted({_source(account) for account in accounts})
            found = await self.store.by_source(tenant_id, meter, period, sources)
        except (MeterNotFound, UsageDropped):
            return []
        return [(account, max(ceil(found.get(_source(account), 0)), 0)) for account in accounts]


def _readings(accounts: Sequence[MeteredAccount]) -> Iterator[list[MeteredAccount]]:
    """Yield accounts that one reading of events answers for."""
    ordered = sorted(accounts, key=lambda one: (*_asked(one), _source(one)))
    for _, together in groupby(ordered, key=_asked):
        some = list(together)
        for at in range(0, len(some), MOST_SOURCES):
            yield some[at : at + MOST_SOURCES]


def _asked(account: MeteredAccount) -> tuple[str, str, str]:
    period = period_of(account)
    return (account.meter, period.start.isoformat(), period.end.isoformat())


def _source(account: MeteredAccount) -> str:
    return f"/instances/{account.lost.holder if account.lost else ''}"
