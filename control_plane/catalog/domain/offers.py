"""What is sold: plans and add-ons, each in versions that never change."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from control_plane.catalog.domain.charges import STANDARD, Charge, Commitment
from control_plane.catalog.domain.ladder import Ladder
from control_plane.catalog.domain.words import Grant, Text
from control_plane.catalog.errors import AddonQuantityTooLarge, PriceNotFound
from control_plane.catalog.policies import Choices
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.kernel.money import Money

_NOTHING_BACK = Decimal(0)


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan costs in one currency, every ``count`` intervals.

    Of a ``tax_inclusive`` price every amount holds its tax already.
    """

    currency: Currency
    interval: Interval
    charges: tuple[Charge, ...]
    count: int = 1
    tax_inclusive: bool = False
    commitment: Commitment | None = None
    policies: Choices = field(default_factory=dict)

    @property
    def components(self) -> tuple[str, ...]:
        """The quantities that its fees are multiplied by, in order: ``seats``, ``warehouses``."""
        named = (charge.quantity for charge in self.charges if charge.quantity is not None)
        return tuple(dict.fromkeys(named))

    def held(self) -> "Price":
        """Return what a pause costs where it is charged: each fee that has one, its holding fee.

        No more than the fee itself, which may have been negotiated below it.
        """
        return replace(self, charges=tuple(charge.held() for charge in self.charges))


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One immutable version of a plan: what it holds and what it costs.

    ``entitlements`` names the granted features besides the modules' own. ``ladder`` is what happens
    when it is not paid; None: nothing but reminders.
    """

    id: PlanVersionId
    code: str
    version: int
    name: Text
    modules: tuple[str, ...]
    entitlements: Mapping[str, Grant]
    prices: tuple[Price, ...]
    trial_days: int = 0
    policies: Choices = field(default_factory=dict)
    ladder: Ladder | None = None

    @property
    def label(self) -> str:
        """``growth@1``: the version as people and snapshots name it."""
        return f"{self.code}@{self.version}"

    @property
    def grants(self) -> Mapping[str, Grant]:
        """Everything granted: each module's own feature and the entitlements."""
        return {**dict.fromkeys(self.modules, True), **self.entitlements}

    def price(self, currency: Currency, interval: Interval, count: int = 1) -> Price:
        """Return the price in a currency for so many intervals.

        Raises:
            PriceNotFound: the plan is not sold so.
        """
        wanted = (currency, interval, count)
        for price in self.prices:
            if (price.currency, price.interval, price.count) == wanted:
                return price
        per = interval.value if count == 1 else f"{count} {interval.value}"
        raise PriceNotFound(item=self.code, currency=currency.code, interval=per)


@dataclass(frozen=True, slots=True)
class EarlyBird:
    """What a window costs when it is booked at least ``days_before`` local days ahead."""

    days_before: int
    prices: Mapping[str, Money]


@dataclass(frozen=True, slots=True)
class Refund:
    """What is given back, in percent, when cancelled at least ``days_before`` days ahead."""

    days_before: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class AddonVersion:
    """One immutable version of an add-on, booked for a window of its season.

    Limits among ``grants`` add to the plan's. ``prices`` maps a currency's code
    to the amount for the whole window. ``early_bird`` and ``cancellation`` are ladders,
    the longest lead first. ``deposit`` is a percentage of the price. ``max_quantity``
    is how many can be booked at a time, None for any number.
    """

    id: AddonVersionId
    code: str
    version: int
    name: Text
    season: str
    requires: tuple[str, ...]
    grants: Mapping[str, Grant]
    prices: Mapping[str, Money]
    early_bird: tuple[EarlyBird, ...] = ()
    cancellation: tuple[Refund, ...] = ()
    deposit: Decimal | None = None
    tax_category: str = STANDARD
    tax_inclusive: bool = False
    max_quantity: int | None = None
    policies: Choices = field(default_factory=dict)

    @property
    def label(self) -> str:
        """``peak_618@1``: the version as people and snapshots name it."""
        return f"{self.code}@{self.version}"

    def price(self, currency: Currency, days_before: int | None = None) -> Money:
        """Return the amount for one window, booked so many local days ahead of its start.

        Without ``days_before`` it is the full price. Of the early-bird steps the longest
        lead that was kept decides.

        Raises:
            PriceNotFound: the add-on is not sold in that currency.
        """
        if currency.code not in self.prices:
            raise PriceNotFound(item=self.code, currency=currency.code, interval="season")
        for step in self.early_bird if days_before is not None else ():
            if days_before is not None and days_before >= step.days_before:
                return step.prices.get(currency.code, self.prices[currency.code])
        return self.prices[currency.code]

    def refund_percent(self, days_before: int) -> Decimal:
        """Return what is given back on cancelling so many local days ahead of the start.

        Without a step for so short a lead, and without any ladder, it is nothing.
        """
        kept = (step.percent for step in self.cancellation if days_before >= step.days_before)
        return next(kept, _NOTHING_BACK)

    def check_quantity(self, quantity: int) -> None:
        """Refuse to book more than may be booked at a time.

        Raises:
            AddonQuantityTooLarge: it is more.
        """
        if self.max_quantity is not None and quantity > self.max_quantity:
            raise AddonQuantityTooLarge(
                addon_code=self.code, quantity=quantity, most=self.max_quantity, field="quantity"
            )
