"""Check that a tenant's books agree with themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.repositories.book_rules import NUMBERS, RULES
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork

MOST_PLACES = 20
"""How many places of one broken rule are named; more would say no more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree: the rule broken, and the rows that break it."""

    rule: str
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckBooks:
    """Run the invariants of billing as queries. Safe in production: it only reads."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> list[Finding]:
        """Return every broken rule; nothing when the books agree."""
        async with self.work(tenant_id) as session:
            return await _broken(session, RULES, {"tenant_id": tenant_id})


@dataclass(frozen=True, slots=True)
class CheckNumbers:
    """Run the rules that no tenant can see alone: numbers without gaps, per legal entity."""

    staff: StaffWork

    async def __call__(self) -> Mapping[TenantId, list[Finding]]:
        """Return every broken rule over all tenants, by whose document follows a gap."""
        found: dict[TenantId, list[Finding]] = {}
        async with self.staff() as session:
            for rule, query in NUMBERS.items():
                places: dict[TenantId, list[str]] = {}
                for tenant_id, number in await session.execute(text(query)):
                    places.setdefault(TenantId(tenant_id), []).append(number)
                for tenant_id, where in places.items():
                    finding = Finding(rule, tuple(where[:MOST_PLACES]))
                    found.setdefault(tenant_id, []).append(finding)
        return found


async def _broken(
    session: AsyncSession, rules: Mapping[str, str], values: Mapping[str, object]
) -> list[Finding]:
    findings = []
    for rule, query in rules.items():
        rows = await session.scalars(text(query), dict(values))
        where = tuple(str(row) for row in rows.fetchmany(MOST_PLACES))
        if where:
            findings.append(Finding(rule, where))
    return findings
