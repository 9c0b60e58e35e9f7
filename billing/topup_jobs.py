"""What wallets do by themselves: charging requested top-ups, in real time and on test clocks."""

from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from billing.repositories.topup_charges import TopupChargeRepository, due_charges
from billing.services.discounts.charge_topup import ChargeTopup
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock

_BATCH = 200

log = structlog.get_logger()


class ChargesUndecided(RuntimeError):
    """Some top-ups could not be charged; each next run tries them again."""


@dataclass(frozen=True, slots=True)
class ChargeDueTopups:
    """Finds top-ups whose charge is due, by their owners' own clocks."""

    system: SystemWork
    charge: ChargeTopup
    clock: Clock
    name: str = "charge-top-ups"
    every_seconds: float = 15.0

    async def run(self) -> int:
        """Go on with each once, and return how many moved; one failure stops nobody else.

        Raises:
            ChargesUndecided: a provider was silent, or worse; the rest was charged.
        """
        async with self.system() as session:
            due = await due_charges(session, self.clock.now(), _BATCH)
        moved, failed = 0, 0
        for tenant_id, topup_id in due:
            try:
                moved += await self.charge(tenant_id, topup_id)
            except Exception:
                failed += 1
                shown = format_id("top", topup_id)
                log.exception("top_up_not_charged", tenant_id=str(tenant_id), topup=shown)
        if failed:
            raise ChargesUndecided(f"{failed} top-ups could not be charged")
        return moved


@dataclass(frozen=True, slots=True)
class TopupParticipant:
    """Stops a test clock wherever a refused card is tried again."""

    work: UnitOfWork
    tenant_clock: TenantClock
    charge: ChargeTopup

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Name the next instant at which a card is charged."""
        async with self.work(tenant_id) as session:
            found = await TopupChargeRepository(session).next_due(tenant_id, after)
        return None if found is None else found.astimezone(UTC)

    async def settle(self, tenant_id: TenantId) -> bool:
        """Charge what is due; busy while anything moved."""
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            due = await TopupChargeRepository(session).due(tenant_id, now)
        return any([await self.charge(tenant_id, topup_id) for topup_id in due])
