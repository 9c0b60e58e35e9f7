"""Attempts to charge a top-up to a card, one at a time."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.discounts.records import TopupCharge
from billing.domain.records import PaymentState
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import PaymentId, TenantId
from control_plane.kernel.money import Money

_ADD = text(
    "INSERT INTO topup_charges (tenant_id, id, topup_id, attempt, provider, state, currency, "
    "amount_minor, created_at) VALUES (:tenant_id, :id, :topup_id, :attempt, :provider, 'pending', "
    ":currency, :minor, :now)"
)
_OF_TOPUP = text(
    "SELECT * FROM topup_charges WHERE tenant_id = :tenant_id AND topup_id = :topup_id "
    "ORDER BY attempt"
)
_GET = text("SELECT * FROM topup_charges WHERE tenant_id = :tenant_id AND id = :id")
_REFER = text(
    "UPDATE topup_charges SET reference = :reference WHERE tenant_id = :tenant_id AND id = :id"
)
_SETTLE = text(
    "UPDATE topup_charges SET state = :state, failure = :failure, settled_at = :at "
    "WHERE tenant_id = :tenant_id AND id = :id AND state = 'pending' RETURNING true"
)
_DUE_AT = text(
    "UPDATE wallet_topups SET charge_due_at = :at, charge_failure = :failure "
    "WHERE tenant_id = :tenant_id AND id = :id"
)
_NEXT = text(
    "SELECT min(charge_due_at) FROM wallet_topups "
    "WHERE tenant_id = :tenant_id AND charge_due_at > :after"
)
_DUE = text(
    "SELECT t.tenant_id, t.id FROM wallet_topups t "
    "LEFT JOIN test_clocks c ON c.tenant_id = t.tenant_id "
    "WHERE t.charge_due_at <= coalesce(c.now_at, :now) ORDER BY t.charge_due_at LIMIT :most"
)
_DUE_OF_TENANT = text(
    "SELECT id FROM wallet_topups WHERE tenant_id = :tenant_id AND charge_due_at <= :now "
    "ORDER BY charge_due_at"
)


@dataclass(frozen=True, slots=True)
class TopupChargeRepository:
    """The card charges of the session's tenant, and when the next is due."""

    session: AsyncSession

    async def add(self, charge: TopupCharge) -> None:
        """Keep an attempt; the top-up is locked, and no other attempt on it is under way."""
        values = {
            "tenant_id": charge.tenant_id,
            "id": charge.id,
            "topup_id": charge.topup_id,
            "attempt": charge.attempt,
            "provider": charge.provider,
            "currency": charge.amount.currency.code,
            "minor": charge.amount.minor,
            "now": charge.created_at,
        }
        await self.session.execute(_ADD, values)

    async def of_topup(self, tenant_id: TenantId, topup_id: UUID) -> list[TopupCharge]:
        """Return every attempt on a top-up, the first one first."""
        values = {"tenant_id": tenant_id, "topup_id": topup_id}
        rows = await self.session.execute(_OF_TOPUP, values)
        return [_charge(row) for row in rows.mappings()]

    async def pending(self, tenant_id: TenantId, topup_id: UUID) -> TopupCharge | None:
        """Return the attempt on a top-up that is under way."""
        found = await self.of_topup(tenant_id, topup_id)
        return next((one for one in found if one.state is PaymentState.PENDING), None)

    async def get(self, tenant_id: TenantId, charge_id: PaymentId) -> TopupCharge | None:
        """Return an attempt; None where there is none of this id."""
        values = {"tenant_id": tenant_id, "id": charge_id}
        row = (await self.session.execute(_GET, values)).mappings().one_or_none()
        return None if row is None else _charge(row)

    async def refer(self, charge: TopupCharge, reference: str) -> None:
        """Record the provider's name for an attempt before any money moves."""
        values = {"tenant_id": charge.tenant_id, "id": charge.id, "reference": reference}
        await self.session.execute(_REFER, values)

    async def settle(
        self, charge: TopupCharge, state: PaymentState, failure: str | None, at: datetime
    ) -> bool:
        """Record how an attempt ended; False when it had ended before."""
        values = {"tenant_id": charge.tenant_id, "id": charge.id, "state": state.value, "at": at}
        return bool(await self.session.scalar(_SETTLE, {**values, "failure": failure}))

    async def due_at(
        self, tenant_id: TenantId, topup_id: UUID, at: datetime | None, failure: str | None = None
    ) -> None:
        """Say when a top-up is charged next, None for never, and why the last attempt failed."""
        values = {"tenant_id": tenant_id, "id": topup_id, "at": at, "failure": failure}
        await self.session.execute(_DUE_AT, values)

    async def next_due(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Return when the next charge is due, later than ``after``."""
        found: datetime | None = await self.session.scalar(
            _NEXT, {"tenant_id": tenant_id, "after": after}
        )
        return found

    async def due(self, tenant_id: TenantId, now: datetime) -> list[UUID]:
        """Return the tenant's top-ups whose charge is due, the longest waiting first."""
        values = {"tenant_id": tenant_id, "now": now}
        return list(await self.session.scalars(_DUE_OF_TENANT, values))


async def due_charges(
    system: AsyncSession, now: datetime, most: int
) -> list[tuple[TenantId, UUID]]:
    """Return top-ups whose charge is due by their owners' clocks, for a session of the system."""
    rows = await system.execute(_DUE, {"now": now, "most": most})
    return [(TenantId(row.tenant_id), row.id) for row in rows]


def _charge(row: RowMapping) -> TopupCharge:
    return TopupCharge(
        tenant_id=TenantId(row["tenant_id"]),
        id=PaymentId(row["id"]),
        topup_id=row["topup_id"],
        attempt=row["attempt"],
        provider=row["provider"],
        state=PaymentState(row["state"]),
        amount=Money(row["amount_minor"], currency(row["currency"])),
        reference=row["reference"],
        failure=row["failure"],
        created_at=row["created_at"],
    )
