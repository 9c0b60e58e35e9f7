"""What tenants owe, and of whom it has to be looked at what follows from that."""

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.standing.domain import Debt

_OPEN = text(
    """
    SELECT number, currency, overdue_at, due_minor - paid_minor - credited_minor AS open_minor
    FROM invoices WHERE tenant_id = :tenant_id AND state IN ('issued', 'overdue')
    ORDER BY overdue_at, number
    """
)
# Due by what was worked out; owing longer than is known; or owing no more what is known.
# The longest notice of a ladder is 30 local days.
_DUE = text(
    """
    SELECT s.tenant_id FROM standings s LEFT JOIN test_clocks c USING (tenant_id)
    WHERE s.next_at <= coalesce(c.now_at, :now)
    UNION
    SELECT i.tenant_id FROM invoices i LEFT JOIN standings s USING (tenant_id)
    LEFT JOIN test_clocks c USING (tenant_id)
    WHERE i.state IN ('issued', 'overdue')
      AND i.overdue_at <= coalesce(c.now_at, :now) + interval '31 days'
      AND (s.since IS NULL OR i.overdue_at < s.since)
    UNION
    SELECT s.tenant_id FROM standings s
    WHERE s.since IS NOT NULL AND NOT EXISTS (
        SELECT FROM invoices i WHERE i.tenant_id = s.tenant_id
        AND i.state IN ('issued', 'overdue') AND i.overdue_at = s.since
    )
    LIMIT :most
    """
)


async def read_debt(session: AsyncSession, tenant_id: TenantId) -> Debt | None:
    """Return what is open on the tenant's invoices; None where nothing is."""
    rows = (await session.execute(_OPEN, {"tenant_id": tenant_id})).all()
    if not rows:
        return None
    codes = dict.fromkeys(row.currency for row in rows)
    return Debt(
        since=rows[0].overdue_at.astimezone(UTC),
        invoices=tuple(row.number for row in rows),
        open=tuple(
            Money(sum(row.open_minor for row in rows if row.currency == code), currency(code))
            for code in codes
        ),
    )


async def tenants_to_look_at(system: AsyncSession, now: datetime, most: int) -> list[TenantId]:
    """Return tenants of whose standing something is due by their own clocks, for the system."""
    rows = await system.scalars(_DUE, {"now": now, "most": most})
    return [TenantId(row) for row in rows]
