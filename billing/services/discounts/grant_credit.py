"""Use case: grant promotional credits, set them aside, free them again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.domain.assembling import Scope
from billing.domain.discounts.records import HIGHEST_RANK, PROMOTION, Grant, granted
from billing.errors_tax import BalanceNotFound, DiscountInvalid
from billing.repositories.credits import CreditRepository
from control_plane.audit.record import record
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class GrantCredit:
    """Give a customer promotional credit: it lowers invoices, and their tax."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        amount: Money,
        reason: str,
        actor: str,
        priority: int = 0,
        expires_at: datetime | None = None,
        scope: Scope | None = None,
    ) -> Grant:
        """Return the grant.

        Raises:
            DiscountInvalid: nothing is granted, no reason is given, it would end at once, or its
                priority is out of bounds.
        """
        tidy = " ".join(reason.split())
        _check(amount, tidy, priority)
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            if expires_at is not None and expires_at <= now:
                raise _invalid("expires_at", instant_text(expires_at))
            grant = granted(
                PROMOTION,
                tidy,
                amount,
                now,
                grant_id=new_id(),
                priority=priority,
                expires_at=expires_at,
                scope=scope,
            )
            await CreditRepository(session).add(tenant_id, grant)
            shown = format_id("crd", grant.id)
            details = {
                "amount_minor": amount.minor,
                "currency": amount.currency.code,
                "reason": tidy,
            }
            await record(session, tenant_id, actor, "credit.granted", "credit", shown, details)
        return grant

    async def hold(self, *, tenant_id: TenantId, grant_id: UUID, actor: str) -> None:
        """Set aside what is free of a grant: no invoice uses it.

        Raises:
            BalanceNotFound: no such grant has anything free.
        """
        async with self.work(tenant_id) as session:
            if not await CreditRepository(session).hold(tenant_id, grant_id):
                raise BalanceNotFound(what="credit")
            shown = format_id("crd", grant_id)
            await record(session, tenant_id, actor, "credit.held", "credit", shown, {})

    async def release(self, *, tenant_id: TenantId, grant_id: UUID, actor: str) -> None:
        """Free what was set aside.

        Raises:
            BalanceNotFound: no such grant has anything set aside.
        """
        async with self.work(tenant_id) as session:
            if not await CreditRepository(session).release(tenant_id, grant_id):
                raise BalanceNotFound(what="credit")
            shown = format_id("crd", grant_id)
            await record(session, tenant_id, actor, "credit.released", "credit", shown, {})


def _check(amount: Money, reason: str, priority: int) -> None:
    if amount.minor <= 0:
        raise _invalid("amount", amount)
    if not 1 <= len(reason) <= _LONGEST:
        raise _invalid("reason", reason[:60])
    if abs(priority) > HIGHEST_RANK:
        raise _invalid("priority", priority)


def _invalid(what: str, value: object) -> DiscountInvalid:
    return DiscountInvalid(what=what, value=str(value), field=what)
