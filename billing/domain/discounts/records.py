"""Coupons, promotional credits and wallets, as billing keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from billing.domain.assembling import Coupon, Credit, PrepaidTax, Scope
from billing.domain.records import PaymentState
from billing.domain.tax.parties import PrepaidPolicy
from control_plane.catalog.domain import Text
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import PaymentId, TenantId, format_id
from control_plane.kernel.money import Money

PROMOTION = Text("Promotional credit", "优惠抵扣金")
BONUS = Text("Top-up bonus", "充值赠送金")
HIGHEST_RANK = 1_000_000
"""How far from 0 a priority or a place may be, either way; also the most redemptions."""


class Duration(StrEnum):
    """For how long a redeemed coupon goes on taking something off."""

    ONCE = "once"
    PERIODS = "periods"
    FOREVER = "forever"


@dataclass(frozen=True, slots=True)
class Offer:
    """A coupon that can be redeemed: ``percent`` off, or a fixed amount per currency.

    ``periods`` counts the due instants at which it took something. ``place`` orders coupons of one
    customer, the lowest first. ``most`` bounds all redemptions together. A coupon that is not
    ``by_customer`` is given by staff only.
    """

    id: UUID
    code: str
    name: Text
    percent: Decimal | None = None
    amounts: Mapping[str, Money] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    duration: Duration = Duration.ONCE
    periods: int | None = None
    redeem_by: datetime | None = None
    most: int | None = None
    redeemed: int = 0
    once_per_tenant: bool = True
    by_customer: bool = True
    place: int = 0
    ended_at: datetime | None = None

    @property
    def most_uses(self) -> int | None:
        """At how many due instants one redemption may take something; None without end."""
        return {Duration.ONCE: 1, Duration.PERIODS: self.periods, Duration.FOREVER: None}[
            self.duration
        ]

    def coupon(self, redemption_id: UUID, currency: Currency) -> Coupon | None:
        """Return it as one customer holds it; None where it has no amount in the currency."""
        amount = self.amounts.get(currency.code)
        if self.percent is None and amount is None:
            return None
        return Coupon(redemption_id, self.code, self.name, self.percent, amount, self.scope)


@dataclass(frozen=True, slots=True)
class Redemption:
    """A coupon that a customer holds, and at how many due instants it was used."""

    id: UUID
    offer: Offer
    uses: int
    redeemed_at: datetime
    ended_at: datetime | None

    @property
    def spent(self) -> bool:
        """Whether it takes nothing off any more."""
        most = self.offer.most_uses
        return self.ended_at is not None or (most is not None and self.uses >= most)


@dataclass(frozen=True, slots=True)
class Grant:
    """A promotional credit: granted = spent + held + expired + free, always.

    The lowest ``priority`` burns first. What is ``held`` is set aside by staff. At its end the rest
    rolls over into another cycle, ``rolls_left`` times (None: without end). A grant that came by a
    schedule is its ``nth``, counted from 0.
    """

    id: UUID
    code: str
    name: Text
    reason: str
    priority: int
    scope: Scope
    granted: Money
    spent: Money
    held: Money
    expired: Money
    free: Money
    granted_at: datetime
    expires_at: datetime | None
    topup_id: UUID | None = None
    rolls_left: int | None = 0
    schedule_id: UUID | None = None
    nth: int | None = None

    @property
    def rolls_over(self) -> bool:
        """Whether what is left of it outlasts its end, or has none."""
        return self.expires_at is None or self.rolls_left != 0

    @property
    def credit(self) -> Credit:
        """What of it can be used."""
        return Credit(self.id, self.code, self.name, self.free, self.scope)


def granted(
    name: Text,
    reason: str,
    amount: Money,
    at: datetime,
    *,
    grant_id: UUID,
    priority: int = 0,
    expires_at: datetime | None = None,
    scope: Scope | None = None,
    topup_id: UUID | None = None,
) -> Grant:
    """Return a grant of which all is free."""
    nothing = Money.zero(amount.currency)
    return Grant(
        id=grant_id,
        code=format_id("crd", grant_id),
        name=name,
        reason=reason,
        priority=priority,
        scope=scope or Scope(),
        granted=amount,
        spent=nothing,
        held=nothing,
        expired=nothing,
        free=amount,
        granted_at=at,
        expires_at=expires_at,
        topup_id=topup_id,
    )


@dataclass(frozen=True, slots=True)
class Wallet:
    """Prepaid money of one purpose and currency. The lowest ``priority`` burns first.

    When less than ``auto_below`` is left, a top-up of ``auto_amount`` is requested, once.
    """

    id: UUID
    name: str
    currency: Currency
    priority: int = 0
    tax_category: str = "standard"
    auto_below: Money | None = None
    auto_amount: Money | None = None


class TopupState(StrEnum):
    """Whether a top-up's money is there."""

    REQUESTED = "requested"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Topup:
    """Money paid ahead: amount = spent + expired + refunded + free once it is paid.

    ``bonus`` becomes a promotional credit when it is paid. ``taxes`` are what is left of the tax
    paid with it. ``number`` is that of its receipt, or of its prepayment invoice. A card is charged
    at ``charge_due_at``; ``charge_failure`` is why the last attempt failed.
    """

    id: UUID
    wallet_id: UUID
    entity: str
    policy: PrepaidPolicy
    automatic: bool
    state: TopupState
    amount: Money
    bonus: Money
    spent: Money
    expired: Money
    refunded: Money
    free: Money
    taxes: tuple[PrepaidTax, ...]
    requested_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    reference: str | None
    number: str | None
    priority: int = 0
    charge_due_at: datetime | None = None
    charge_failure: str | None = None


@dataclass(frozen=True, slots=True)
class TopupCharge:
    """The ``attempt``-th attempt, counted from 1, to take a top-up's amount from a card."""

    tenant_id: TenantId
    id: PaymentId
    topup_id: UUID
    attempt: int
    provider: str
    state: PaymentState
    amount: Money
    reference: str | None
    failure: str | None
    created_at: datetime
