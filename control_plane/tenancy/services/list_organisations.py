"""List every tenant, for the vendor's staff."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork

_LIST = text(
    """
    SELECT o.id, o.slug, o.name, o.sandbox, o.state, o.currency, o.zone, o.created_at,
        (SELECT count(*) FROM members m WHERE m.tenant_id = o.id), c.now_at, c.state
    FROM organisations o LEFT JOIN test_clocks c ON c.tenant_id = o.id
    WHERE (CAST(:text AS text) IS NULL OR strpos(lower(o.name || ' ' || o.slug), lower(:text)) > 0)
      AND (CAST(:after AS uuid) IS NULL OR o.id < :after)
      AND (CAST(:ids AS uuid[]) IS NULL OR o.id = ANY(:ids))
    ORDER BY o.id DESC LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class OrganisationOverview:
    """A tenant as an operator sees it. ``clock_at`` is its test clock's instant, if it has one."""

    id: TenantId
    slug: str
    name: str
    sandbox: bool
    state: str
    currency: str
    zone: str
    created_at: datetime
    members: int
    clock_at: datetime | None
    clock_state: str | None


@dataclass(frozen=True, slots=True)
class ListOrganisations:
    """Read tenants over the staff role, newest first, a page at a time."""

    staff: StaffWork

    async def __call__(
        self, *, text: str | None = None, after: TenantId | None = None, limit: int = 100
    ) -> tuple[OrganisationOverview, ...]:
        """Read at most ``limit`` (1 to 500) tenants whose name or slug contains ``text``.

        ``after`` is the last id of the page before.
        """
        return await self._read(text=text or None, after=after, most=max(1, min(limit, 500)))

    async def of(self, ids: Iterable[TenantId]) -> Mapping[TenantId, OrganisationOverview]:
        """Read the tenants of some ids; one that is not there is left out."""
        wanted = list(set(ids))
        found = await self._read(ids=wanted, most=len(wanted)) if wanted else ()
        return {organisation.id: organisation for organisation in found}

    async def _read(
        self,
        *,
        most: int,
        text: str | None = None,
        after: TenantId | None = None,
        ids: list[TenantId] | None = None,
    ) -> tuple[OrganisationOverview, ...]:
        asked = {"text": text, "after": after, "ids": ids, "most": most}
        async with self.staff() as session:
            rows = await session.execute(_LIST, asked)
            return tuple(OrganisationOverview(TenantId(row[0]), *row[1:]) for row in rows)
