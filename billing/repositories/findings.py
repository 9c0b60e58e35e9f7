"""Rules found broken: kept until a later check finds them mended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.repositories.book_rules import NUMBERS
from control_plane.kernel.ids import TenantId

_KNOWN = text("SELECT rule FROM book_findings WHERE tenant_id = :tenant_id FOR UPDATE")
_KEEP = text(
    """
    INSERT INTO book_findings (tenant_id, rule, places, found_at, seen_at)
    VALUES (:tenant_id, :rule, :places, :at, :at)
    ON CONFLICT (tenant_id, rule) DO UPDATE SET places = :places, seen_at = :at
    """
)
_MENDED = text(
    "DELETE FROM book_findings WHERE tenant_id = :tenant_id AND NOT rule = ANY (:rules) "
    "AND (rule = ANY (:numbers)) = :of_numbers"
)
_OF_RULES = text("SELECT DISTINCT tenant_id FROM book_findings WHERE rule = ANY (:rules)")
_ALL = text(
    "SELECT tenant_id, rule, places, found_at FROM book_findings "
    "ORDER BY found_at DESC, tenant_id, rule LIMIT :most"
)
_COUNT = text("SELECT count(*) FROM book_findings")


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A rule broken in a tenant's books, where, and since which check."""

    tenant_id: TenantId
    rule: str
    places: tuple[str, ...]
    found_at: datetime


@dataclass(frozen=True, slots=True)
class FindingRepository:
    """What the daily check found: the session's tenant's, or, for staff, everybody's."""

    session: AsyncSession

    async def keep(
        self,
        tenant_id: TenantId,
        found: Sequence[tuple[str, tuple[str, ...]]],
        at: datetime,
        *,
        of_numbers: bool = False,
    ) -> list[str]:
        """Keep what a check found and forget what is mended; return the rules that are new.

        ``of_numbers`` says which check it was: over all tenants' numbers, or of this one's books.
        What the other found stays.
        """
        rows = await self.session.scalars(_KNOWN, {"tenant_id": tenant_id})
        known = set(rows)
        for rule, places in found:
            values = {"tenant_id": tenant_id, "rule": rule, "places": list(places), "at": at}
            await self.session.execute(_KEEP, values)
        rules = [rule for rule, _ in found]
        mended = {"rules": rules, "numbers": list(NUMBERS), "of_numbers": of_numbers}
        await self.session.execute(_MENDED, {"tenant_id": tenant_id, **mended})
        return [rule for rule in rules if rule not in known]

    async def of_numbers(self) -> list[TenantId]:
        """Return whom a check of numbers found something of; for the staff."""
        rows = await self.session.scalars(_OF_RULES, {"rules": list(NUMBERS)})
        return [TenantId(row) for row in rows]

    async def all(self, *, limit: int = 100) -> list[KeptFinding]:
        """Return what stands over all tenants, the newest first."""
        return [
            KeptFinding(TenantId(r.tenant_id), r.rule, tuple(r.places), r.found_at.astimezone(UTC))
            for r in await self.session.execute(_ALL, {"most": limit})
        ]

    async def count(self) -> int:
        """Count what stands over all tenants."""
        return int(await self.session.scalar(_COUNT) or 0)
