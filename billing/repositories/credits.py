"""Promotional credits: every movement is one conditional statement, so that none is overdrawn."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import Scope
from billing.domain.discounts.records import Grant
from control_plane.catalog.domain import Text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.kernel.money import Money

_ADD = text(
    "INSERT INTO credit_grants (tenant_id, id, code, name, reason, currency, priority, plans, "
    "charges, topup_id, granted_minor, expired_minor, free_minor, granted_at, expires_at, "
    "schedule_id, nth, rolls_left) VALUES (:tenant_id, :id, :code, CAST(:name AS jsonb), :reason, "
    ":currency, :priority, :plans, :charges, :topup_id, :minor, :expired, :free, :granted_at, "
    ":expires_at, :schedule_id, :nth, :rolls_left)"
)
_LIST = text(
    "SELECT * FROM credit_grants WHERE tenant_id = :tenant_id ORDER BY granted_at DESC, id DESC"
)
_USABLE = text(
    "SELECT * FROM credit_grants WHERE tenant_id = :tenant_id AND currency = :currency "
    "AND free_minor > 0 AND granted_at <= :at AND (expires_at IS NULL OR expires_at > :at) "
    "ORDER BY id"
)
_USABLE_LOCKED = text(f"{_USABLE.text} FOR UPDATE")
_SPEND = text(
    "UPDATE credit_grants SET free_minor = free_minor - :minor, spent_minor = spent_minor + :minor "
    "WHERE tenant_id = :tenant_id AND id = :id AND free_minor >= :minor "
    "AND (expires_at IS NULL OR expires_at > :at) RETURNING true"
)
_ADD_USE = text(
    "INSERT INTO credit_uses (tenant_id, grant_id, invoice_id, amount_minor, used_at) "
    "VALUES (:tenant_id, :id, :invoice_id, :minor, :at)"
)
_HOLD = text(
    "UPDATE credit_grants SET held_minor = held_minor + free_minor, free_minor = 0 "
    "WHERE tenant_id = :tenant_id AND id = :id AND free_minor > 0 RETURNING true"
)
_RELEASE = text(
    "UPDATE credit_grants SET free_minor = free_minor + held_minor, held_minor = 0 "
    "WHERE tenant_id = :tenant_id AND id = :id AND held_minor > 0 RETURNING true"
)
_OF_SCHEDULES = text(
    "SELECT * FROM credit_grants WHERE tenant_id = :tenant_id AND schedule_id = ANY (:schedules) "
    "AND free_minor + held_minor > 0 ORDER BY id"
)
_OF_SCHEDULES_LOCKED = text(f"{_OF_SCHEDULES.text} FOR UPDATE")
_RENEW = text(
    "UPDATE credit_grants SET expired_minor = :expired, free_minor = :free, "
    "expires_at = :expires_at, rolls_left = :rolls_left "
    "WHERE tenant_id = :tenant_id AND id = :id"
)
_EXPIRE = text(
    "UPDATE credit_grants SET expired_minor = expired_minor + free_minor, free_minor = 0 "
    "WHERE tenant_id = :tenant_id AND free_minor > 0 AND expires_at <= :now RETURNING id"
)


@dataclass(frozen=True, slots=True)
class CreditRepository:
    """The promotional credits of the session's tenant."""

    session: AsyncSession

    async def add(self, tenant_id: TenantId, grant: Grant) -> None:
        """Add a grant."""
        values = {
            "tenant_id": tenant_id,
            "id": grant.id,
            "code": grant.code,
            "name": json.dumps(asdict(grant.name)),
            "reason": grant.reason,
            "currency": grant.granted.currency.code,
            "priority": grant.priority,
            "plans": list(grant.scope.plans),
            "charges": list(grant.scope.charges),
            "topup_id": grant.topup_id,
            "minor": grant.granted.minor,
            "expired": grant.expired.minor,
            "free": grant.free.minor,
            "granted_at": grant.granted_at,
            "expires_at": grant.expires_at,
            "schedule_id": grant.schedule_id,
            "nth": grant.nth,
            "rolls_left": grant.rolls_left,
        }
        await self.session.execute(_ADD, values)

    async def all(self, tenant_id: TenantId) -> list[Grant]:
        """Return every grant, the newest first."""
        rows = await self.session.execute(_LIST, {"tenant_id": tenant_id})
        return [_grant(row) for row in rows.mappings()]

    async def usable(
        self, tenant_id: TenantId, code: str, at: datetime, *, lock: bool = False
    ) -> list[Grant]:
        """Return grants of a currency with something free at an instant."""
        values = {"tenant_id": tenant_id, "currency": code, "at": at}
        rows = await self.session.execute(_USABLE_LOCKED if lock else _USABLE, values)
        return [_grant(row) for row in rows.mappings()]

    async def spend(
        self, tenant_id: TenantId, grant_id: UUID, invoice_id: InvoiceId, minor: int, at: datetime
    ) -> bool:
        """Spend on an invoice; False when so much is not free any more."""
        values = {"tenant_id": tenant_id, "id": grant_id, "minor": minor, "at": at}
        if not await self.session.scalar(_SPEND, values):
            return False
        await self.session.execute(_ADD_USE, {**values, "invoice_id": invoice_id})
        return True

    async def hold(self, tenant_id: TenantId, grant_id: UUID) -> bool:
        """Set aside what is free; False when nothing is."""
        values = {"tenant_id": tenant_id, "id": grant_id}
        return bool(await self.session.scalar(_HOLD, values))

    async def release(self, tenant_id: TenantId, grant_id: UUID) -> bool:
        """Free what was set aside; False when nothing is."""
        values = {"tenant_id": tenant_id, "id": grant_id}
        return bool(await self.session.scalar(_RELEASE, values))

    async def of_schedules(
        self, tenant_id: TenantId, schedules: list[UUID], *, lock: bool = False
    ) -> list[Grant]:
        """Return what some schedules granted and is neither spent nor lapsed."""
        values = {"tenant_id": tenant_id, "schedules": schedules}
        rows = await self.session.execute(_OF_SCHEDULES_LOCKED if lock else _OF_SCHEDULES, values)
        return [_grant(row) for row in rows.mappings()]

    async def renew(self, tenant_id: TenantId, grant: Grant) -> None:
        """Record what passed a boundary, or lapsed there, of a grant that is locked."""
        values = {
            "tenant_id": tenant_id,
            "id": grant.id,
            "expired": grant.expired.minor,
            "free": grant.free.minor,
            "expires_at": grant.expires_at,
            "rolls_left": grant.rolls_left,
        }
        await self.session.execute(_RENEW, values)

    async def expire(self, tenant_id: TenantId, now: datetime) -> list[UUID]:
        """Let what is free of ended grants lapse, and return which they are."""
        rows = await self.session.scalars(_EXPIRE, {"tenant_id": tenant_id, "now": now})
        return list(rows)


def _grant(row: RowMapping) -> Grant:
    code = currency(row["currency"])

    def money(part: str) -> Money:
        return Money(row[f"{part}_minor"], code)

    return Grant(
        id=row["id"],
        code=row["code"],
        name=Text(**row["name"]),
        reason=row["reason"],
        priority=row["priority"],
        scope=Scope(tuple(row["plans"]), tuple(row["charges"])),
        granted=money("granted"),
        spent=money("spent"),
        held=money("held"),
        expired=money("expired"),
        free=money("free"),
        granted_at=row["granted_at"],
        expires_at=row["expires_at"],
        topup_id=row["topup_id"],
        rolls_left=row["rolls_left"],
        schedule_id=row["schedule_id"],
        nth=row["nth"],
    )
