"""What a sale is made under, read at once: who sells, who buys, and whether more need be read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.tax.parties import BillingProfile, LegalEntity
from billing.errors_tax import EntityNotFound
from billing.repositories.holdings import HELD, Holdings
from billing.repositories.tax import entity_of, profile_of
from control_plane.kernel.ids import TenantId
from control_plane.runtime.writes import run

TERMS = text(
    f"""
    SELECT to_jsonb(e) AS entity, to_jsonb(p) AS profile, {HELD},
        EXISTS (SELECT FROM tax_exemptions WHERE tenant_id = :tenant_id) AS exempted,
        EXISTS (SELECT FROM subscription_orders WHERE tenant_id = :tenant_id) AS ordered,
        EXISTS (SELECT FROM credit_sources
            WHERE tenant_id = :tenant_id AND remaining_minor > 0) AS credited,
        ARRAY (SELECT u.email FROM members m JOIN users u ON u.id = m.user_id
            WHERE m.tenant_id = :tenant_id AND m.role = ANY (:roles)
            ORDER BY m.joined_at, m.user_id) AS readers
    FROM legal_entities e LEFT JOIN billing_profiles p ON p.tenant_id = :tenant_id
    WHERE e.code = :entity
    """  # noqa: S608 - built from our own text
)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a sale; what there is none of (exemptions, orders, credit) need not be read.

    ``profile`` is None before it was filled in; ``readers`` are e-mail addresses.
    """

    entity: LegalEntity
    profile: BillingProfile | None
    holdings: Holdings
    exempted: bool
    ordered: bool
    credited: bool
    readers: tuple[str, ...]


async def read_terms(
    session: AsyncSession, tenant_id: TenantId, entity: str, at: datetime, roles: Collection[str]
) -> Terms:
    """Read all of it with one statement: every invoice asks this.

    Raises:
        EntityNotFound: there is no entity of this code.
    """
    bound = {"tenant_id": tenant_id, "entity": entity, "at": at, "roles": list(roles)}
    row = (await run(session, TERMS, bound)).one_or_none()
    if row is None:
        raise EntityNotFound(entity=entity, field="entity")
    return Terms(
        entity=entity_of(row.entity),
        profile=None if row.profile is None else profile_of(row.profile),
        holdings=Holdings(row.coupons, row.credits, row.prepaid, row.granting),
        exempted=row.exempted,
        ordered=row.ordered,
        credited=row.credited,
        readers=tuple(row.readers),
    )
