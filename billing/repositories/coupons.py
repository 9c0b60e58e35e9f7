"""Coupons, who redeemed them, and on which invoices they were used."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import Scope
from billing.domain.discounts.records import Duration, Offer, Redemption
from control_plane.catalog.domain import Text
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId, new_id
from control_plane.kernel.money import Money

_OFFERS = text("SELECT * FROM coupons ORDER BY created_at DESC, code")
_OFFER = text("SELECT * FROM coupons WHERE code = :code")
_ADD = text(
    "INSERT INTO coupons (id, code, name, percent, amounts, plans, charges, duration, periods, "
    "redeem_by, most, once_per_tenant, by_customer, place, created_at) VALUES (:id, :code, "
    "CAST(:name AS jsonb), :percent, CAST(:amounts AS jsonb), :plans, :charges, :duration, "
    ":periods, :redeem_by, :most, :once_per_tenant, :by_customer, :place, :now) "
    "ON CONFLICT DO NOTHING RETURNING true"
)
_END = text("UPDATE coupons SET ended_at = :now WHERE code = :code AND ended_at IS NULL")
# One statement counts and checks, so that the last one left goes to one of two who ask at once.
_COUNT = text(
    "UPDATE coupons SET redeemed = redeemed + 1 WHERE id = :id AND ended_at IS NULL "
    "AND (most IS NULL OR redeemed < most) AND (redeem_by IS NULL OR redeem_by > :now) "
    "RETURNING true"
)
_REDEEM = text(
    "INSERT INTO coupon_redemptions (tenant_id, id, coupon_id, nth, most_uses, redeemed_at) "
    "VALUES (:tenant_id, :id, :coupon_id, :nth, :most_uses, :now) "
    "ON CONFLICT DO NOTHING RETURNING true"
)
_NTH = text(
    "SELECT coalesce(max(nth), 0) + 1 FROM coupon_redemptions "
    "WHERE tenant_id = :tenant_id AND coupon_id = :coupon_id"
)
_LOCK = text(
    "SELECT id FROM coupon_redemptions WHERE tenant_id = :tenant_id AND ended_at IS NULL "
    "ORDER BY id FOR UPDATE"
)
_HELD = text(
    "SELECT r.id AS redemption_id, r.uses, r.redeemed_at, r.ended_at AS given_back_at, "
    "r.last_due_at, c.* FROM coupon_redemptions r JOIN coupons c ON c.id = r.coupon_id "
    "WHERE r.tenant_id = :tenant_id ORDER BY c.place, r.redeemed_at, r.id"
)
_USED_ON = text(
    "SELECT r.id AS redemption_id, r.uses, r.redeemed_at, r.ended_at AS given_back_at, "
    "r.last_due_at, c.* FROM coupon_uses u "
    "JOIN coupon_redemptions r ON r.tenant_id = u.tenant_id AND r.id = u.redemption_id "
    "JOIN coupons c ON c.id = r.coupon_id "
    "WHERE u.tenant_id = :tenant_id AND u.invoice_id = :invoice_id "
    "ORDER BY c.place, r.redeemed_at, r.id"
)
_USE = text(
    "UPDATE coupon_redemptions SET last_due_at = :at, "
    "uses = uses + CASE WHEN last_due_at = :at THEN 0 ELSE 1 END "
    "WHERE tenant_id = :tenant_id AND id = :id AND ended_at IS NULL "
    "AND (most_uses IS NULL OR uses < most_uses OR last_due_at = :at) RETURNING true"
)
_ADD_USE = text(
    "INSERT INTO coupon_uses (tenant_id, redemption_id, invoice_id, currency, amount_minor, "
    "used_at) VALUES (:tenant_id, :id, :invoice_id, :currency, :minor, :at)"
)
_GIVE_BACK = text(
    "UPDATE coupon_redemptions SET ended_at = :now WHERE tenant_id = :tenant_id AND id = :id "
    "AND ended_at IS NULL RETURNING true"
)


@dataclass(frozen=True, slots=True)
class CouponRepository:
    """Offers are written by the owner's session; redemptions by a tenant's."""

    session: AsyncSession

    async def offers(self) -> list[Offer]:
        """Return every coupon, the newest first."""
        return [_offer(row) for row in (await self.session.execute(_OFFERS)).mappings()]

    async def offer(self, code: str) -> Offer | None:
        """Return the coupon of a code."""
        row = (await self.session.execute(_OFFER, {"code": code})).mappings().one_or_none()
        return None if row is None else _offer(row)

    async def add(self, offer: Offer, now: datetime) -> bool:
        """Add a coupon; False when its code is taken."""
        amounts = {code: amount.minor for code, amount in offer.amounts.items()}
        values = {
            "id": offer.id,
            "code": offer.code,
            "name": json.dumps(asdict(offer.name)),
            "percent": offer.percent,
            "amounts": json.dumps(amounts) if amounts else None,
            "plans": list(offer.scope.plans),
            "charges": list(offer.scope.charges),
            "duration": offer.duration.value,
            "periods": offer.periods,
            "redeem_by": offer.redeem_by,
            "most": offer.most,
            "once_per_tenant": offer.once_per_tenant,
            "by_customer": offer.by_customer,
            "place": offer.place,
            "now": now,
        }
        return bool(await self.session.scalar(_ADD, values))

    async def end(self, code: str, now: datetime) -> None:
        """Let nobody redeem a coupon any more; those who did keep it."""
        await self.session.execute(_END, {"code": code, "now": now})

    async def redeem(self, tenant_id: TenantId, offer: Offer, now: datetime) -> UUID | None:
        """Give a coupon to a tenant; None when it has had it and may only once."""
        values: dict[str, Any] = {"tenant_id": tenant_id, "coupon_id": offer.id, "now": now}
        nth = 1 if offer.once_per_tenant else await self.session.scalar(_NTH, values)
        redemption_id = new_id()
        values.update(id=redemption_id, nth=nth, most_uses=offer.most_uses)
        return redemption_id if await self.session.scalar(_REDEEM, values) else None

    async def count(self, offer: Offer, now: datetime) -> bool:
        """Count a redemption; False when the coupon is over, or all are taken."""
        return bool(await self.session.scalar(_COUNT, {"id": offer.id, "now": now}))

    async def lock(self, tenant_id: TenantId) -> None:
        """Hold what the tenant redeemed until the commit."""
        await self.session.execute(_LOCK, {"tenant_id": tenant_id})

    async def held(self, tenant_id: TenantId) -> list[Redemption]:
        """Return what the tenant redeemed, in the order in which it applies."""
        rows = await self.session.execute(_HELD, {"tenant_id": tenant_id})
        return [_redemption(row) for row in rows.mappings()]

    async def usable(self, tenant_id: TenantId, at: datetime) -> list[Redemption]:
        """Return what takes something off at a due instant, in the order in which it applies."""
        rows = (await self.session.execute(_HELD, {"tenant_id": tenant_id})).mappings()
        found = [(row["last_due_at"], _redemption(row)) for row in rows]
        return [
            redemption
            for last, redemption in found
            if redemption.redeemed_at <= at
            and redemption.ended_at is None
            # A second invoice of one instant is the same use of it.
            and (last == at or not redemption.spent)
        ]

    async def used_on(self, tenant_id: TenantId, invoice_id: InvoiceId) -> list[Redemption]:
        """Return the coupons an invoice was made with."""
        values = {"tenant_id": tenant_id, "invoice_id": invoice_id}
        rows = await self.session.execute(_USED_ON, values)
        return [_redemption(row) for row in rows.mappings()]

    async def use(
        self, tenant_id: TenantId, used: UUID, invoice_id: InvoiceId, amount: Money, at: datetime
    ) -> bool:
        """Record a use; False when there is none left."""
        values = {"tenant_id": tenant_id, "id": used, "at": at}
        if not await self.session.scalar(_USE, values):
            return False
        await self.add_use(tenant_id, used, invoice_id, amount, at)
        return True

    async def add_use(
        self, tenant_id: TenantId, used: UUID, invoice_id: InvoiceId, amount: Money, at: datetime
    ) -> None:
        """Record what a coupon took off an invoice, without counting it as a use."""
        values = {
            "tenant_id": tenant_id,
            "id": used,
            "invoice_id": invoice_id,
            "currency": amount.currency.code,
            "minor": amount.minor,
            "at": at,
        }
        await self.session.execute(_ADD_USE, values)

    async def give_back(self, tenant_id: TenantId, redemption_id: UUID, now: datetime) -> bool:
        """End a redemption; False when there is none that runs."""
        values = {"tenant_id": tenant_id, "id": redemption_id, "now": now}
        return bool(await self.session.scalar(_GIVE_BACK, values))


def _offer(row: RowMapping) -> Offer:
    amounts: Mapping[str, int] = row["amounts"] or {}
    return Offer(
        id=row["id"],
        code=row["code"],
        name=Text(**row["name"]),
        percent=row["percent"],
        amounts={code: Money(minor, currency(code)) for code, minor in amounts.items()},
        scope=Scope(tuple(row["plans"]), tuple(row["charges"])),
        duration=Duration(row["duration"]),
        periods=row["periods"],
        redeem_by=row["redeem_by"],
        most=row["most"],
        redeemed=row["redeemed"],
        once_per_tenant=row["once_per_tenant"],
        by_customer=row["by_customer"],
        place=row["place"],
        ended_at=row["ended_at"],
    )


def _redemption(row: RowMapping) -> Redemption:
    return Redemption(
        id=row["redemption_id"],
        offer=_offer(row),
        uses=row["uses"],
        redeemed_at=row["redeemed_at"],
        ended_at=row["given_back_at"],
    )
