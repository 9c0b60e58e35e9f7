"""List the tenants whose billing is halted."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from billing.repositories.accounts import why_parked
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork

_LIST = text(
    "SELECT tenant_id, parked_at, parked_reason, parked_failure FROM billing_accounts "
    "WHERE parked_at IS NOT NULL ORDER BY parked_at DESC LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class HaltedAccount:
    """An account that is not closed until finance resumes it, and why."""

    tenant_id: TenantId
    parked_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ListHaltedAccounts:
    """Read over all tenants, for the vendor's staff."""

    staff: StaffWork

    async def __call__(self, *, limit: int = 100) -> tuple[HaltedAccount, ...]:
        """Return them, the last one halted first."""
        async with self.staff() as session:
            rows = (await session.execute(_LIST, {"most": limit})).all()
        return tuple(
            HaltedAccount(
                TenantId(r.tenant_id),
                r.parked_at.astimezone(UTC),
                why_parked(r.parked_reason, r.parked_failure) or "",
            )
            for r in rows
        )
