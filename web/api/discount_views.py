"""How coupons, credits and wallets are shown by the API."""

from datetime import datetime

import msgspec

from billing.domain.discounts.records import Grant, Offer, Redemption, Topup, Wallet
from billing.domain.discounts.recurring import Schedule
from billing.services.discounts.list_discounts import Holdings
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id


class TextView(msgspec.Struct):
    """A text in both languages."""

    en: str
    zh: str


class CouponView(msgspec.Struct):
    """A coupon held: what it takes off, and how often it did."""

    id: str
    code: str
    name: TextView
    percent: str | None
    amounts: dict[str, str]
    duration: str
    periods: int | None
    uses: int
    redeemed_at: datetime
    active: bool


class CreditView(msgspec.Struct):
    """A promotional credit: granted = spent + held + expired + free."""

    id: str
    name: TextView
    reason: str
    priority: int
    currency: str
    granted: str
    spent: str
    held: str
    expired: str
    free: str
    granted_at: datetime
    expires_at: datetime | None
    recurring_id: str | None
    rolls_left: int | None
    """How many more cycles its rest lasts beyond its end; null without end."""


class RecurringView(msgspec.Struct):
    """A credit granted at the start of every cycle.

    Its rest lapses at the cycle's end, or lasts ``rollover_cycles`` more (null: without end), of
    all rests together at most ``rollover_most``. ``next_at`` is when something is granted or ends.
    """

    id: str
    reason: str
    priority: int
    currency: str
    amount: str
    interval: str
    count: int
    times: int | None
    rollover_cycles: int | None
    rollover_most: str | None
    next_at: datetime | None
    ended_at: datetime | None


class WalletView(msgspec.Struct):
    """Prepaid money: what is free of it now, and when it asks for more by itself."""

    id: str
    name: str
    currency: str
    priority: int
    tax_category: str
    free: str
    automatic_below: str | None
    automatic_amount: str | None


class TopupView(msgspec.Struct):
    """Money paid ahead, or asked for; ``number`` is its receipt's or prepayment invoice's."""

    id: str
    wallet_id: str
    state: str
    policy: str
    automatic: bool
    currency: str
    amount: str
    bonus: str
    free: str
    number: str | None
    reference: str | None
    requested_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    charge_due_at: datetime | None
    """When your card is charged."""
    charge_failure: str | None
    """Why your card was refused, the last time."""


class DiscountsView(msgspec.Struct):
    """Everything that lowers or settles your invoices."""

    coupons: list[CouponView]
    credits: list[CreditView]
    recurring_credits: list[RecurringView]
    wallets: list[WalletView]
    top_ups: list[TopupView]


class OfferView(msgspec.Struct):
    """A coupon that can be redeemed."""

    code: str
    name: TextView
    percent: str | None
    amounts: dict[str, str]
    plans: list[str]
    charges: list[str]
    duration: str
    periods: int | None
    redeem_by: datetime | None
    most: int | None
    redeemed: int
    once_per_tenant: bool
    by_customer: bool
    place: int
    ended_at: datetime | None


def coupon_view(held: Redemption) -> CouponView:
    """Show a coupon as its holder sees it."""
    offer = held.offer
    return CouponView(
        id=format_id("cpr", held.id),
        code=offer.code,
        name=TextView(offer.name.en, offer.name.zh),
        percent=None if offer.percent is None else quantity_text(offer.percent),
        amounts={code: amount.decimal_text() for code, amount in offer.amounts.items()},
        duration=offer.duration.value,
        periods=offer.periods,
        uses=held.uses,
        redeemed_at=held.redeemed_at,
        active=not held.spent,
    )


def credit_view(grant: Grant) -> CreditView:
    """Show a promotional credit."""
    return CreditView(
        id=format_id("crd", grant.id),
        name=TextView(grant.name.en, grant.name.zh),
        reason=grant.reason,
        priority=grant.priority,
        currency=grant.granted.currency.code,
        granted=grant.granted.decimal_text(),
        spent=grant.spent.decimal_text(),
        held=grant.held.decimal_text(),
        expired=grant.expired.decimal_text(),
        free=grant.free.decimal_text(),
        granted_at=grant.granted_at,
        expires_at=grant.expires_at,
        recurring_id=None if grant.schedule_id is None else format_id("crs", grant.schedule_id),
        rolls_left=grant.rolls_left,
    )


def recurring_view(schedule: Schedule) -> RecurringView:
    """Show a credit that comes again."""
    rollover, anchor = schedule.rollover, schedule.anchor
    return RecurringView(
        id=format_id("crs", schedule.id),
        reason=schedule.reason,
        priority=schedule.priority,
        currency=schedule.amount.currency.code,
        amount=schedule.amount.decimal_text(),
        interval=anchor.interval.value,
        count=anchor.count,
        times=schedule.times,
        rollover_cycles=rollover.cycles,
        rollover_most=None if rollover.most is None else rollover.most.decimal_text(),
        next_at=schedule.next_at,
        ended_at=schedule.ended_at,
    )


def wallet_view(wallet: Wallet, free: str) -> WalletView:
    """Show a wallet with what is free of it, in major units."""
    below, amount = wallet.auto_below, wallet.auto_amount
    return WalletView(
        id=format_id("wal", wallet.id),
        name=wallet.name,
        currency=wallet.currency.code,
        priority=wallet.priority,
        tax_category=wallet.tax_category,
        free=free,
        automatic_below=None if below is None else below.decimal_text(),
        automatic_amount=None if amount is None else amount.decimal_text(),
    )


def topup_view(topup: Topup) -> TopupView:
    """Show a top-up."""
    return TopupView(
        id=format_id("top", topup.id),
        wallet_id=format_id("wal", topup.wallet_id),
        state=topup.state.value,
        policy=topup.policy.value,
        automatic=topup.automatic,
        currency=topup.amount.currency.code,
        amount=topup.amount.decimal_text(),
        bonus=topup.bonus.decimal_text(),
        free=topup.free.decimal_text(),
        number=topup.number,
        reference=topup.reference,
        requested_at=topup.requested_at,
        ended_at=topup.ended_at,
        expires_at=topup.expires_at,
        charge_due_at=topup.charge_due_at,
        charge_failure=topup.charge_failure,
    )


def discounts_view(held: Holdings) -> DiscountsView:
    """Show what a customer holds."""
    return DiscountsView(
        coupons=[coupon_view(coupon) for coupon in held.coupons],
        credits=[credit_view(grant) for grant in held.grants],
        recurring_credits=[recurring_view(schedule) for schedule in held.schedules],
        wallets=[wallet_view(w, held.free_of(w).decimal_text()) for w in held.wallets],
        top_ups=[topup_view(topup) for topup in held.topups],
    )


def offer_view(offer: Offer) -> OfferView:
    """Show a coupon as staff sees it."""
    return OfferView(
        code=offer.code,
        name=TextView(offer.name.en, offer.name.zh),
        percent=None if offer.percent is None else quantity_text(offer.percent),
        amounts={code: amount.decimal_text() for code, amount in offer.amounts.items()},
        plans=list(offer.scope.plans),
        charges=list(offer.scope.charges),
        duration=offer.duration.value,
        periods=offer.periods,
        redeem_by=offer.redeem_by,
        most=offer.most,
        redeemed=offer.redeemed,
        once_per_tenant=offer.once_per_tenant,
        by_customer=offer.by_customer,
        place=offer.place,
        ended_at=offer.ended_at,
    )
