"""Prepaid wallets and their top-ups: every movement is one conditional statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import PrepaidTax
from billing.domain.discounts.records import Topup, Wallet
from billing.repositories.wallet_rows import (
    Lapsed,
    lapsed_from,
    taxes_json,
    taxes_left,
    topup_from,
    wallet_from,
)
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.kernel.money import Money

_SAVE = text(
    "INSERT INTO wallets (tenant_id, id, name, currency, priority, tax_category, auto_below_minor, "
    "auto_amount_minor, created_at) VALUES (:tenant_id, :id, :name, :currency, :priority, "
    ":tax_category, :below, :amount, :now) ON CONFLICT (tenant_id, id) DO UPDATE "
    "SET name = excluded.name, priority = excluded.priority, "
    "auto_below_minor = excluded.auto_below_minor, "
    "auto_amount_minor = excluded.auto_amount_minor"
)
_WALLETS = text("SELECT * FROM wallets WHERE tenant_id = :tenant_id ORDER BY priority, id")
_REQUEST = text(
    "INSERT INTO wallet_topups (tenant_id, id, wallet_id, entity, policy, automatic, state, "
    "currency, amount_minor, bonus_minor, requested_at, expires_at, charge_due_at) "
    "VALUES (:tenant_id, :id, :wallet_id, :entity, :policy, :automatic, 'requested', "
    ":currency, :amount, :bonus, :requested_at, :expires_at, :charge_due_at) "
    "ON CONFLICT DO NOTHING RETURNING true"
)
_LIST = text(
    "SELECT t.*, w.priority FROM wallet_topups t "
    "JOIN wallets w ON w.tenant_id = t.tenant_id AND w.id = t.wallet_id "
    "WHERE t.tenant_id = :tenant_id ORDER BY t.requested_at DESC, t.id DESC"
)
_LOCK = text(
    "SELECT t.*, w.priority FROM wallet_topups t "
    "JOIN wallets w ON w.tenant_id = t.tenant_id AND w.id = t.wallet_id "
    "WHERE t.tenant_id = :tenant_id AND t.id = :id FOR UPDATE OF t"
)
_BY_REFERENCE = text(
    "SELECT id FROM wallet_topups WHERE tenant_id = :tenant_id AND reference = :reference"
)
_USABLE = text(
    "SELECT t.*, w.priority FROM wallet_topups t "
    "JOIN wallets w ON w.tenant_id = t.tenant_id AND w.id = t.wallet_id "
    "WHERE t.tenant_id = :tenant_id AND t.currency = :currency AND t.entity = :entity "
    "AND t.free_minor > 0 AND t.ended_at <= :at AND (t.expires_at IS NULL OR t.expires_at > :at) "
    "ORDER BY t.id"
)
_USABLE_LOCKED = text(f"{_USABLE.text} FOR UPDATE OF t")
_PAY = text(
    "UPDATE wallet_topups SET state = 'paid', ended_at = :at, free_minor = amount_minor, "
    "reference = :reference, number = :number, body = :body, body_sha256 = :sha256, "
    "taxes = CAST(:taxes AS jsonb), charge_due_at = NULL, charge_failure = NULL "
    "WHERE tenant_id = :tenant_id AND id = :id AND state = 'requested' RETURNING true"
)
_CANCEL = text(
    "UPDATE wallet_topups SET state = 'cancelled', ended_at = :at, charge_due_at = NULL "
    "WHERE tenant_id = :tenant_id AND id = :id AND state = 'requested' RETURNING true"
)
# What is free, and the tax that is left with it, are compared in the statement that takes them.
_SPEND = text(
    "UPDATE wallet_topups SET free_minor = free_minor - :minor, spent_minor = spent_minor + :minor,"
    " taxes = CAST(:taxes AS jsonb) WHERE tenant_id = :tenant_id AND id = :id "
    "AND free_minor >= :minor AND taxes = CAST(:before AS jsonb) "
    "AND (expires_at IS NULL OR expires_at > :at) RETURNING true"
)
_REFUND = text(
    "UPDATE wallet_topups SET free_minor = free_minor - :minor, "
    "refunded_minor = refunded_minor + :minor "
    "WHERE tenant_id = :tenant_id AND id = :id AND free_minor >= :minor "
    "AND taxes = '[]' RETURNING true"
)
_EXPIRE = text(
    "WITH due AS (SELECT tenant_id, id, free_minor, taxes FROM wallet_topups "
    "WHERE tenant_id = :tenant_id AND free_minor > 0 AND expires_at <= :now FOR UPDATE) "
    "UPDATE wallet_topups t SET expired_minor = t.expired_minor + t.free_minor, free_minor = 0, "
    "taxes = '[]' FROM due WHERE due.tenant_id = t.tenant_id AND due.id = t.id "
    "RETURNING t.id, t.currency, due.free_minor, due.taxes, t.expires_at"
)
_ADD_USE = text(
    "INSERT INTO wallet_uses (tenant_id, topup_id, invoice_id, amount_minor, tax_minor, used_at) "
    "VALUES (:tenant_id, :id, :invoice_id, :minor, :tax, :at)"
)
_BODY = text("SELECT body FROM wallet_topups WHERE tenant_id = :tenant_id AND id = :id")
_DRAW = text(
    "INSERT INTO invoice_numbers (entity, series, year, last) VALUES (:entity, :series, :year, 1) "
    "ON CONFLICT (entity, series, year) DO UPDATE SET last = invoice_numbers.last + 1 "
    "RETURNING last"
)


@dataclass(frozen=True, slots=True)
class WalletRepository:
    """The wallets of the session's tenant."""

    session: AsyncSession

    async def save(self, tenant_id: TenantId, wallet: Wallet, now: datetime) -> None:
        """Open a wallet, or change its name, priority and automatic top-up."""
        values = {
            "tenant_id": tenant_id,
            "id": wallet.id,
            "name": wallet.name,
            "currency": wallet.currency.code,
            "priority": wallet.priority,
            "tax_category": wallet.tax_category,
            "below": None if wallet.auto_below is None else wallet.auto_below.minor,
            "amount": None if wallet.auto_amount is None else wallet.auto_amount.minor,
            "now": now,
        }
        await self.session.execute(_SAVE, values)

    async def all(self, tenant_id: TenantId) -> list[Wallet]:
        """Return every wallet, in burn order."""
        rows = await self.session.execute(_WALLETS, {"tenant_id": tenant_id})
        return [wallet_from(row) for row in rows.mappings()]

    async def request(self, tenant_id: TenantId, topup: Topup) -> bool:
        """Ask for a top-up; False when an automatic one is open already."""
        values = {
            "tenant_id": tenant_id,
            "id": topup.id,
            "wallet_id": topup.wallet_id,
            "entity": topup.entity,
            "policy": topup.policy.value,
            "automatic": topup.automatic,
            "currency": topup.amount.currency.code,
            "amount": topup.amount.minor,
            "bonus": topup.bonus.minor,
            "requested_at": topup.requested_at,
            "expires_at": topup.expires_at,
            "charge_due_at": topup.charge_due_at,
        }
        return bool(await self.session.scalar(_REQUEST, values))

    async def topups(self, tenant_id: TenantId) -> list[Topup]:
        """Return every top-up, the newest first."""
        rows = await self.session.execute(_LIST, {"tenant_id": tenant_id})
        return [topup_from(row) for row in rows.mappings()]

    async def lock(self, tenant_id: TenantId, topup_id: UUID) -> Topup | None:
        """Return a top-up, held until the commit."""
        values = {"tenant_id": tenant_id, "id": topup_id}
        row = (await self.session.execute(_LOCK, values)).mappings().one_or_none()
        return None if row is None else topup_from(row)

    async def paid_by(self, tenant_id: TenantId, reference: str) -> UUID | None:
        """Return the top-up that a payment's reference paid."""
        values = {"tenant_id": tenant_id, "reference": reference}
        found: UUID | None = await self.session.scalar(_BY_REFERENCE, values)
        return found

    async def usable(
        self, tenant_id: TenantId, entity: str, code: str, at: datetime, *, lock: bool = False
    ) -> list[Topup]:
        """Return paid top-ups of an entity and currency with something free at an instant."""
        values = {"tenant_id": tenant_id, "entity": entity, "currency": code, "at": at}
        rows = await self.session.execute(_USABLE_LOCKED if lock else _USABLE, values)
        return [topup_from(row) for row in rows.mappings()]

    async def pay(
        self,
        tenant_id: TenantId,
        topup: Topup,
        *,
        body: bytes,
        sha256: str,
    ) -> bool:
        """Record a payment; False when the top-up was paid or cancelled before."""
        values = {
            "tenant_id": tenant_id,
            "id": topup.id,
            "at": topup.ended_at,
            "reference": topup.reference,
            "number": topup.number,
            "taxes": taxes_json(topup.taxes),
            "body": body,
            "sha256": sha256,
        }
        return bool(await self.session.scalar(_PAY, values))

    async def cancel(self, tenant_id: TenantId, topup_id: UUID, at: datetime) -> bool:
        """Take a request back; False when it was paid or cancelled before."""
        values = {"tenant_id": tenant_id, "id": topup_id, "at": at}
        return bool(await self.session.scalar(_CANCEL, values))

    async def spend(
        self,
        tenant_id: TenantId,
        topup: Topup,
        amount: Money,
        taxes: Sequence[PrepaidTax],
        at: datetime,
    ) -> bool:
        """Take money, and the tax paid with it; False when so much is not free any more."""
        values = {
            "tenant_id": tenant_id,
            "id": topup.id,
            "minor": amount.minor,
            "before": taxes_json(topup.taxes),
            "taxes": taxes_json(taxes_left(topup.taxes, taxes)),
            "at": at,
        }
        return bool(await self.session.scalar(_SPEND, values))

    async def add_use(
        self,
        tenant_id: TenantId,
        topup_id: UUID,
        invoice_id: InvoiceId,
        amount: Money,
        tax: int,
        at: datetime,
    ) -> None:
        """Record on which invoice a top-up was used."""
        values = {
            "tenant_id": tenant_id,
            "id": topup_id,
            "invoice_id": invoice_id,
            "minor": amount.minor,
            "tax": tax,
            "at": at,
        }
        await self.session.execute(_ADD_USE, values)

    async def refund(self, tenant_id: TenantId, topup_id: UUID, minor: int) -> bool:
        """Take money out to pay it back; False when so much is not free, or it was taxed."""
        values = {"tenant_id": tenant_id, "id": topup_id, "minor": minor}
        return bool(await self.session.scalar(_REFUND, values))

    async def expire(self, tenant_id: TenantId, now: datetime) -> list[Lapsed]:
        """Let what is free of ended top-ups lapse."""
        rows = await self.session.execute(_EXPIRE, {"tenant_id": tenant_id, "now": now})
        return [lapsed_from(row) for row in rows.mappings()]

    async def body(self, tenant_id: TenantId, topup_id: UUID) -> bytes | None:
        """Return the receipt's, or prepayment invoice's, frozen bytes."""
        values = {"tenant_id": tenant_id, "id": topup_id}
        found = await self.session.scalar(_BODY, values)
        return None if found is None else bytes(found)

    async def draw_place(self, entity: str, series: str, year: int) -> int:
        """Draw the next place of a series; nobody else draws one until the commit."""
        values = {"entity": entity, "series": series, "year": year}
        place: int = await self.session.scalar(_DRAW, values) or 0
        return place
