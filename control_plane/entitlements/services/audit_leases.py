"""Use case: hold lease accounts against their leases, without changing anything."""

from dataclasses import dataclass

from sqlalchemy import text

from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import StaffWork

# PostgreSQL holds each account to its own sums at every commit; this holds them to the leases.
HELD_TO_LEASES = """
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(l.units - l.spent) FILTER (WHERE l.state = 'open'), 0) AS held,
            coalesce(sum(l.units - l.spent) FILTER (WHERE l.state = 'lost'), 0) AS lost,
            count(*) FILTER (WHERE l.state = 'open' AND l.kind = 'lease') AS open_leases,
            coalesce(max(l.fence), 0) AS fence
        FROM leases AS l
        WHERE (l.tenant_id, l.feature, l.period) = (a.tenant_id, a.feature, a.period)
    ) AS l
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN a.granted <> a.spent + a.held + a.lost + a.returned + a.forgotten THEN 'granted'
            WHEN a.hard AND a.kind <> 'rate' AND a.spent + a.held + a.lost > a.ceiling
                THEN 'ceiling'
            WHEN a.kind = 'rate' AND a.held + a.tokens > a.ceiling THEN 'burst'
            WHEN a.held <> l.held THEN 'held'
            WHEN a.lost <> l.lost THEN 'lost'
            WHEN a.open_leases <> l.open_leases THEN 'open_leases'
            WHEN a.fence < l.fence THEN 'fence'
        END AS wrong
    ) AS w
"""
"""What says in ``w.wrong`` what does not add up of each account ``a``; NULL: nothing."""

_AUDIT = text(
    "SELECT a.tenant_id, a.feature, a.period, w.wrong "  # noqa: S608 - built from our own text
    f"FROM lease_accounts AS a {HELD_TO_LEASES} "
    "WHERE w.wrong IS NOT NULL ORDER BY 1, 2, 3 LIMIT 100"
)


@dataclass(frozen=True, slots=True)
class WrongAccount:
    """An account that does not add up, and in what."""

    tenant_id: str
    feature: str
    period: str
    wrong: str


@dataclass(frozen=True, slots=True)
class AuditLeases:
    """Find accounts whose units are not exactly those that leases hold, lost or gave back."""

    staff: StaffWork

    async def __call__(self) -> tuple[WrongAccount, ...]:
        """Return the first hundred of them; there should be none."""
        async with self.staff() as session:
            rows = await session.execute(_AUDIT)
            return tuple(
                WrongAccount(format_id("ten", TenantId(tenant_id)), *rest)
                for tenant_id, *rest in rows
            )
