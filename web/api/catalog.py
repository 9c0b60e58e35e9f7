"""What is for sale."""

from collections.abc import Mapping

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency

from control_plane.catalog.domain import (
    AddonVersion,
    Charge,
    Grant,
    PlanVersion,
    Price,
    Text,
)
from control_plane.identity.domain import Permission
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id
from web.compose import Application


class Name(msgspec.Struct):
    """A name in both languages."""

    en: str
    zh: str


class TierView(msgspec.Struct):
    """A step of a graduated price; decimals as text, in major units."""

    up_to: str | None
    unit_price: str
    flat_fee: str


class ChargeView(msgspec.Struct):
    """One thing a price asks for."""

    code: str
    kind: str
    timing: str
    name: Name
    amount: str | None
    meter: str | None
    unit_price: str | None
    included: str
    tiers: list[TierView]


class PriceView(msgspec.Struct):
    """What a plan costs in one currency and interval."""

    currency: str
    interval: str
    charges: list[ChargeView]


class PlanView(msgspec.Struct):
    """The version of a plan that is on sale."""

    id: str
    code: str
    version: int
    name: Name
    modules: list[str]
    entitlements: dict[str, str | bool]
    prices: list[PriceView]


class AddonView(msgspec.Struct):
    """The version of an add-on that is on sale; prices are for the whole window."""

    id: str
    code: str
    version: int
    name: Name
    season: str
    requires: list[str]
    grants: dict[str, str | bool]
    prices: dict[str, str]


class ModuleView(msgspec.Struct):
    """An inventory module."""

    code: str
    name: Name


class MeterView(msgspec.Struct):
    """How usage is measured."""

    code: str
    event_type: str
    aggregation: str
    property: str | None
    module: str
    unit: Name
    name: Name


class CatalogView(msgspec.Struct):
    """Everything on sale now."""

    modules: list[ModuleView]
    meters: list[MeterView]
    plans: list[PlanView]
    addons: list[AddonView]


def _name(text: Text) -> Name:
    return Name(en=text.en, zh=text.zh)


def _grants(grants: Mapping[str, Grant]) -> dict[str, str | bool]:
    return {c: v if isinstance(v, bool) else quantity_text(v) for c, v in grants.items()}


def _charge(charge: Charge) -> ChargeView:
    return ChargeView(
        code=charge.code,
        kind=charge.kind.value,
        timing=charge.timing.value,
        name=_name(charge.name),
        amount=charge.amount.decimal_text() if charge.amount else None,
        meter=charge.meter,
        unit_price=None if charge.unit_price is None else quantity_text(charge.unit_price),
        included=quantity_text(charge.included),
        tiers=[
            TierView(
                up_to=None if tier.up_to is None else quantity_text(tier.up_to),
                unit_price=quantity_text(tier.unit_price),
                flat_fee=quantity_text(tier.flat_fee),
            )
            for tier in charge.tiers
        ],
    )


def _price(price: Price) -> PriceView:
    return PriceView(
        currency=price.currency.code,
        interval=price.interval.value,
        charges=[_charge(charge) for charge in price.charges],
    )


def plan_view(plan: PlanVersion) -> PlanView:
    """Show a plan version."""
    return PlanView(
        id=format_id("plv", plan.id),
        code=plan.code,
        version=plan.version,
        name=_name(plan.name),
        modules=list(plan.modules),
        entitlements=_grants(plan.entitlements),
        prices=[_price(price) for price in plan.prices],
    )


def addon_view(addon: AddonVersion) -> AddonView:
    """Show an add-on version."""
    return AddonView(
        id=format_id("adv", addon.id),
        code=addon.code,
        version=addon.version,
        name=_name(addon.name),
        season=addon.season,
        requires=list(addon.requires),
        grants=_grants(addon.grants),
        prices={code: money.decimal_text() for code, money in addon.prices.items()},
    )


@get("/catalog", opt={"permission": Permission.CATALOG_READ})
async def read_catalog(application: NamedDependency[Application]) -> CatalogView:
    """Read the plans, add-ons, modules and meters on sale now."""
    catalog = await application.read_catalog()
    return CatalogView(
        modules=[ModuleView(code=m.code, name=_name(m.name)) for m in catalog.modules.values()],
        meters=[
            MeterView(
                code=m.code,
                event_type=m.event_type,
                aggregation=m.aggregation.value,
                property=m.property,
                module=m.module,
                unit=_name(m.unit),
                name=_name(m.name),
            )
            for m in catalog.meters.values()
        ],
        plans=[plan_view(plan) for plan in catalog.plans.values()],
        addons=[addon_view(addon) for addon in catalog.addons.values()],
    )


router = Router("/v1", tags=["Catalogue"], route_handlers=[read_catalog])
