"""What the pages of tax, coupons, credits and wallets show."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.discounts.records import Grant, Offer, Topup
from billing.domain.discounts.recurring import Schedule
from billing.domain.tax.parties import LegalEntity
from billing.domain.tax.rates import TaxRate
from billing.repositories.credit import CreditEntry
from control_plane.kernel.money import Money
from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class CouponRow:
    """A coupon held: its code, what it takes off in words, and whether it still does."""

    code: str
    name: str
    takes: str
    lasts: str
    uses: int
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A promotional credit and how it stands."""

    name: str
    grant: Grant
    state: str


@dataclass(frozen=True, slots=True)
class RecurringRow:
    """A credit that comes again: how often, and what becomes of a rest, in words."""

    schedule_id: str
    schedule: Schedule
    every: str
    rest: str
    state: str


@dataclass(frozen=True, slots=True)
class TopupRow:
    """A top-up; ``state`` is a label's key, ``topup_id`` the text form."""

    topup_id: str
    wallet: str
    topup: Topup
    state: str


@dataclass(frozen=True, slots=True)
class WalletCard:
    """A wallet, what is free of it, what it asks for by itself, and what waits to be paid."""

    wallet_id: str
    name: str
    free: Money
    below: Money | None
    amount: Money | None
    waiting: tuple[Topup, ...]


@dataclass(frozen=True, slots=True)
class BalanceView:
    """A customer's coupons, credits, wallets and top-ups; ``card`` is what is seen of its card."""

    wallets: tuple[WalletCard, ...]
    topups: tuple[TopupRow, ...]
    grants: tuple[GrantRow, ...]
    coupons: tuple[CouponRow, ...]
    recurring: tuple[RecurringRow, ...]
    credit_free: tuple[Money, ...]
    currency: str
    may_pay: bool
    card: str | None = None


@dataclass(frozen=True, slots=True)
class DetailsView:
    """The form of the billing details: what is kept, and the choice of countries."""

    kept: dict[str, str]
    business: bool
    countries: tuple[Choice, ...]
    may_change: bool


@dataclass(frozen=True, slots=True)
class RateRow:
    """A tax rate with its revision; ``percent`` without zeros at the end."""

    rate: TaxRate
    percent: str
    current: bool


@dataclass(frozen=True, slots=True)
class TaxPageView:
    """Legal entities and rates, and what a file would change."""

    entities: tuple[LegalEntity, ...]
    rates: tuple[RateRow, ...]
    source: str
    changes: tuple[str, ...] | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfferRow:
    """A coupon as finance sees it."""

    offer: Offer
    name: str
    takes: str
    lasts: str
    open: bool


@dataclass(frozen=True, slots=True)
class OffersView:
    """Every coupon, and the form for another."""

    rows: tuple[OfferRow, ...]
    durations: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class CustomerView:
    """What one customer holds, for finance; ``credit`` is what notes and overpayments left."""

    held: BalanceView
    categories: tuple[Choice, ...]
    coupons: tuple[Choice, ...]
    credit: tuple[Money, ...]
    entries: tuple[CreditEntry, ...]
    cycles: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in finance's list."""

    tenant_id: str
    name: str
    slug: str
    currency: str
    sandbox: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CustomersView:
    """A page of customers, and what was searched for."""

    wanted: str
    rows: tuple[CustomerRow, ...]
    next_url: str | None
