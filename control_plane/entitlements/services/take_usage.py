"""Use case: take what metering counted into the accounts, and settle what was lost."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.entitlements.errors import SnapshotNotPublished
from control_plane.entitlements.held_states import HeldState
from control_plane.entitlements.lease_accounts import LeaseAccounts
from control_plane.entitlements.ports import LostLeases, MeteredAccount, UsageWanted
from control_plane.kernel.ids import TenantId
from control_plane.runtime.reads import fetch
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork

TRIED_FOR = timedelta(days=1)
"""How long lost leases wait to be settled by events, after all of them were delivered."""

_NOW = text("SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp())")
# A lease renewed after its recovery waits for the next one: this one will never settle it.
_LOST = text(
    "SELECT DISTINCT l.feature, l.period, a.period_start, a.period_end, l.holder, "
    "l.drained_fence, l.drained_epoch FROM leases AS l "
    "JOIN lease_accounts AS a USING (tenant_id, feature, period) WHERE l.tenant_id = :tenant_id "
    "AND l.state = 'lost' AND l.fence <= l.drained_fence "
    "AND l.drained_at > CAST(:since AS timestamptz) "
    "ORDER BY 1, 2, 5, 6, 7 LIMIT 10000"
)
_WAITING = text(
    "SELECT DISTINCT tenant_id FROM leases WHERE state = 'lost' "
    "AND fence <= drained_fence "
    "AND drained_at > coalesce(CAST(:now AS timestamptz), clock_timestamp()) - interval '1 day'"
)
_METERED = text("SELECT lease_metered(:tenant_id, :as_of, :now, CAST(:used AS jsonb))")
_SETTLE = text(
    "SELECT lease_settle("
    ":tenant_id, :feature, :period, :holder, :fence, :epoch, :used, :as_of, :now)"
)


@dataclass(frozen=True, slots=True)
class TakeUsage:
    """The accounts as metering sees them: see `UsageSink`."""

    work: UnitOfWork
    system: SystemWork
    accounts: LeaseAccounts

    async def wanted(self, tenant_id: TenantId) -> UsageWanted:
        """Return what accounts want to know; nothing where there are no entitlements yet."""
        async with self.work(tenant_id) as session:
            [(as_of,)] = await fetch(session, _NOW, {"now": self.accounts.now()})
            try:
                held = await self.accounts.states.newest(tenant_id)
            except SnapshotNotPublished:
                return UsageWanted(as_of, ())
        return UsageWanted(as_of, tuple(self._present(tenant_id, held)))

    async def lost(self, tenant_id: TenantId) -> UsageWanted:
        """Return the lost leases that wait to be settled, of features that have a meter now."""
        async with self.work(tenant_id) as session:
            [(as_of,)] = await fetch(session, _NOW, {"now": self.accounts.now()})
            try:
                held = await self.accounts.states.newest(tenant_id)
            except SnapshotNotPublished:
                return UsageWanted(as_of, ())
            return UsageWanted(as_of, await self._lost(session, tenant_id, held, as_of - TRIED_FOR))

    async def record(
        self, tenant_id: TenantId, as_of: datetime, used: Sequence[tuple[MeteredAccount, int]]
    ) -> None:
        """Keep how many units were used, all in one transaction."""
        if not used:
            return
        now = self.accounts.now()
        held = await self.accounts.states.newest(tenant_id)
        at = held.present(self.accounts.clock)
        rows = [
            {
                "feature": account.feature,
                "period": account.period,
                "units": units,
                "t": self.accounts.book.terms(tenant_id, held, account.feature, at).body(),
            }
            for account, units in used
            if account.lost is None
        ]
        bound = {"tenant_id": tenant_id, "as_of": as_of, "now": now}
        async with self.work(tenant_id) as session:
            if rows:
                await fetch(session, _METERED, {**bound, "used": json.dumps(rows)})
            for account, units in used:
                if account.lost is not None:
                    values = {
                        "feature": account.feature,
                        "period": account.period,
                        "holder": account.lost.holder,
                        "fence": account.lost.fence,
                        "epoch": account.lost.epoch,
                        "used": units,
                    }
                    await fetch(session, _SETTLE, {**bound, **values})

    async def waiting(self) -> Sequence[TenantId]:
        """Return the tenants with lost leases that wait to be settled."""
        bound = {"now": self.accounts.now()}
        async with self.system() as session:
            return [TenantId(row) for row in await session.scalars(_WAITING, bound)]

    def _present(self, tenant_id: TenantId, held: HeldState) -> list[MeteredAccount]:
        # A rolling window is counted by what is leased alone: it has no period to be read.
        at = held.present(self.accounts.clock)
        found = []
        for code, grant in held.snapshot.features.items():
            if grant.meter is None or grant.rolling_seconds is not None:
                continue
            terms = self.accounts.book.terms(tenant_id, held, code, at)
            if terms.deny is None and terms.kind == "metered":
                period = terms.period
                found.append(
                    MeteredAccount(code, grant.meter, period.key, period.start, period.end)
                )
        return found

    async def _lost(
        self, session: AsyncSession, tenant_id: TenantId, held: HeldState, since: datetime
    ) -> tuple[MeteredAccount, ...]:
        found = []
        for feature, period, start, end, *lost in await fetch(
            session, _LOST, {"tenant_id": tenant_id, "since": since}
        ):
            grant = held.snapshot.features.get(feature)
            if grant is not None and grant.meter is not None:
                leases = LostLeases(*lost)
                found.append(MeteredAccount(feature, grant.meter, period, start, end, leases))
        return tuple(found)
