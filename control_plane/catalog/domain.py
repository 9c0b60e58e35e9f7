"""What is for sale: modules, features, meters, plans and add-ons, as values.

A catalogue is data: nothing here reads a clock or a database. Plan and add-on
versions are immutable; a changed plan is a new version with a new id, so that
what was sold stays what it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from control_plane.catalog.errors import (
    AddonNotFound,
    MeterNotFound,
    PlanNotFound,
    PriceNotFound,
    SeasonNotFound,
)
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.kernel.money import Money
from control_plane.kernel.seasons import AnySeason

Grant: TypeAlias = Decimal | bool
"""What is granted of a feature: ``True`` of a boolean one, a total of a limit."""


@dataclass(frozen=True, slots=True)
class Text:
    """One name in both languages of the product."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Return the Chinese text for ``zh`` and its variants, else the English one."""
        return self.zh if language.lower().startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class Module:
    """An inventory module that can be subscribed to."""

    code: str
    name: Text


class FeatureKind(StrEnum):
    """How a feature is decided: yes or no, or so many a window."""

    BOOLEAN = "boolean"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Feature:
    """Something a module asks about before it goes ahead.

    ``per`` is the window that a limit counts in (``day``), None for boolean
    features. A ``strict`` feature is denied once its snapshot is 30 s old.
    """

    code: str
    kind: FeatureKind
    module: str
    name: Text
    per: str | None = None
    strict: bool = False


class Aggregation(StrEnum):
    """How the events of a meter become one quantity."""

    COUNT = "count"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Meter:
    """How usage is measured: which events, and what of them.

    ``property`` names the field of the event's data that is summed; None when
    the events themselves are counted.
    """

    code: str
    event_type: str
    aggregation: Aggregation
    property: str | None
    module: str
    unit: Text
    name: Text


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a graduated price, up to and including ``up_to`` (None: open).

    ``unit_price`` and ``flat_fee`` are in major units of the price's currency.
    """

    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal


class ChargeKind(StrEnum):
    """How a charge is priced."""

    FLAT = "flat"
    PER_UNIT = "per_unit"
    GRADUATED = "graduated"


class Timing(StrEnum):
    """When a charge is invoiced: at its period's start, or at its end."""

    ADVANCE = "advance"
    ARREARS = "arrears"


@dataclass(frozen=True, slots=True)
class Charge:
    """One thing a price asks for: a fee, or the price of a meter's usage.

    A flat charge has ``amount`` and nothing else. A usage charge has ``meter``
    and either ``unit_price`` (major units, per_unit) or ``tiers`` (graduated);
    ``included`` is deducted from the usage first.
    """

    code: str
    kind: ChargeKind
    timing: Timing
    name: Text
    amount: Money | None = None
    meter: str | None = None
    unit_price: Decimal | None = None
    included: Decimal = Decimal(0)
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan costs in one currency and interval."""

    currency: Currency
    interval: Interval
    charges: tuple[Charge, ...]

    @property
    def fee(self) -> Money:
        """The sum of the flat charges of one interval."""
        amounts = (charge.amount for charge in self.charges if charge.amount is not None)
        return Money.total(amounts, self.currency)


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One immutable version of a plan: what it holds and what it costs.

    ``entitlements`` names the granted features besides the modules' own.
    """

    id: PlanVersionId
    code: str
    version: int
    name: Text
    modules: tuple[str, ...]
    entitlements: Mapping[str, Grant]
    prices: tuple[Price, ...]

    @property
    def label(self) -> str:
        """``growth@1``: the version as people and snapshots name it."""
        return f"{self.code}@{self.version}"

    @property
    def grants(self) -> Mapping[str, Grant]:
        """Everything granted: each module's own feature and the entitlements."""
        return {**dict.fromkeys(self.modules, True), **self.entitlements}

    def price(self, currency: Currency, interval: Interval) -> Price:
        """Return the price in a currency and interval.

        Raises:
            PriceNotFound: the plan is not sold so.
        """
        for price in self.prices:
            if price.currency == currency and price.interval == interval:
                return price
        raise PriceNotFound(item=self.code, currency=currency.code, interval=interval.value)


@dataclass(frozen=True, slots=True)
class AddonVersion:
    """One immutable version of an add-on, booked for a window of its season.

    Limits among ``grants`` add to the plan's. ``prices`` maps a currency's code
    to the amount for the whole window.
    """

    id: AddonVersionId
    code: str
    version: int
    name: Text
    season: str
    requires: tuple[str, ...]
    grants: Mapping[str, Grant]
    prices: Mapping[str, Money]

    @property
    def label(self) -> str:
        """``peak_618@1``: the version as people and snapshots name it."""
        return f"{self.code}@{self.version}"

    def price(self, currency: Currency) -> Money:
        """Return the amount for one window.

        Raises:
            PriceNotFound: the add-on is not sold in that currency.
        """
        if currency.code not in self.prices:
            raise PriceNotFound(item=self.code, currency=currency.code, interval="season")
        return self.prices[currency.code]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything on sale now, keyed by code, in the file's order.

    ``plans`` and ``addons`` hold the current versions only; superseded ones are
    found by their id in the repository. ``seasons`` includes the built-in ones.
    """

    modules: Mapping[str, Module]
    features: Mapping[str, Feature]
    meters: Mapping[str, Meter]
    seasons: Mapping[str, AnySeason]
    plans: Mapping[str, PlanVersion]
    addons: Mapping[str, AddonVersion]

    def plan(self, code: str) -> PlanVersion:
        """Return the plan's version on sale, or raise PlanNotFound."""
        if code not in self.plans:
            raise PlanNotFound(plan_code=code, field="plan_code")
        return self.plans[code]

    def addon(self, code: str) -> AddonVersion:
        """Return the add-on's version on sale, or raise AddonNotFound."""
        if code not in self.addons:
            raise AddonNotFound(addon_code=code, field="addon_code")
        return self.addons[code]

    def meter(self, code: str) -> Meter:
        """Return a meter, or raise MeterNotFound."""
        if code not in self.meters:
            raise MeterNotFound(meter_code=code)
        return self.meters[code]

    def season(self, code: str) -> AnySeason:
        """Return a season, built in or the catalogue's own, or raise SeasonNotFound."""
        if code not in self.seasons:
            raise SeasonNotFound(season_code=code)
        return self.seasons[code]

    def meters_of_event(self, event_type: str) -> tuple[Meter, ...]:
        """Return the meters fed by an event type: none when it is unknown."""
        return tuple(m for m in self.meters.values() if m.event_type == event_type)
