"""What is for sale, as the API shows it: decimals as text, in major units."""

import msgspec

from web.api.grant_values import GrantValue


class Name(msgspec.Struct):
    """A name in both languages."""

    en: str
    zh: str


class TierView(msgspec.Struct):
    """A step of a tiered price; ``rate`` is a percentage, of graduated percentages."""

    up_to: str | None
    unit_price: str
    flat_fee: str
    rate: str | None = None


class CellView(msgspec.Struct):
    """One price of a matrix, by the value of each of its dimensions."""

    values: dict[str, str]
    unit_price: str


class MatrixView(msgspec.Struct):
    """Prices by properties of the events; without a default, all else is refused."""

    dimensions: list[str]
    cells: list[CellView]
    default: str | None


class FilterView(msgspec.Struct):
    """Which events count: those with one of ``values``, or with ``exclude`` those without."""

    property: str
    values: list[str]
    exclude: bool


class ConversionView(msgspec.Struct):
    """How a measured quantity becomes the one that is charged."""

    divide_by: str
    rounding: str
    unit: Name | None


class ChargeView(msgspec.Struct):
    """One thing a price asks for. What its model does not have is null, zero or empty.

    ``rate`` and ``discount`` are percentages; ``unit_price`` of packages is for one package.
    ``holding`` stands for a fee's ``amount`` while paused, where the policy is to charge it.
    """

    code: str
    kind: str
    timing: str
    name: Name
    amount: str | None
    meter: str | None
    unit_price: str | None
    included: str
    tiers: list[TierView]
    quantity: str | None
    package_size: str | None
    rate: str | None
    fixed_fee: str
    free_events: int
    free_amount: str
    event_min: str | None
    event_max: str | None
    matrix: MatrixView | None
    group_by: list[str]
    filters: list[FilterView]
    conversion: ConversionView | None
    minimum: str | None
    maximum: str | None
    discount: str
    interval: str | None
    allowance_interval: str | None
    tax_category: str
    holding: str | None


class CommitmentView(msgspec.Struct):
    """What a period's lines come to at least."""

    amount: str
    tax_category: str | None


class PriceView(msgspec.Struct):
    """What a plan costs in one currency, every ``count`` intervals."""

    currency: str
    interval: str
    count: int
    tax_inclusive: bool
    commitment: CommitmentView | None
    policies: dict[str, str | int]
    charges: list[ChargeView]


class PlanView(msgspec.Struct):
    """The version of a plan that is on sale."""

    id: str
    code: str
    version: int
    name: Name
    modules: list[str]
    entitlements: dict[str, GrantValue]
    trial_days: int
    policies: dict[str, str | int]
    prices: list[PriceView]


class EarlyBirdView(msgspec.Struct):
    """What a window costs when booked so many local days ahead, by currency."""

    days_before: int
    prices: dict[str, str]


class RefundView(msgspec.Struct):
    """What is given back, in percent, when cancelled so many local days ahead."""

    days_before: int
    percent: str


class AddonView(msgspec.Struct):
    """The version of an add-on that is on sale; prices are for the whole window."""

    id: str
    code: str
    version: int
    name: Name
    season: str
    requires: list[str]
    grants: dict[str, GrantValue]
    prices: dict[str, str]
    early_bird: list[EarlyBirdView]
    cancellation: list[RefundView]
    deposit: str | None
    tax_category: str
    tax_inclusive: bool
    max_quantity: int | None
    policies: dict[str, str | int]


class ModuleView(msgspec.Struct):
    """An inventory module."""

    code: str
    name: Name


class PropertyView(msgspec.Struct):
    """What a meter asks of one property of its events' data; no values: any of the type."""

    name: str
    type: str
    values: list[str]
    required: bool


class MeterView(msgspec.Struct):
    """How usage is measured, and what becomes of what arrives late."""

    code: str
    event_type: str
    aggregation: str
    property: str | None
    amount_property: str | None
    filters: list[FilterView]
    late: str
    late_days: int | None
    properties: list[PropertyView]
    dimensions: list[str]
    module: str
    unit: Name
    name: Name


class CatalogView(msgspec.Struct):
    """Everything on sale now."""

    modules: list[ModuleView]
    meters: list[MeterView]
    plans: list[PlanView]
    addons: list[AddonView]
