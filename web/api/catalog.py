"""What is for sale."""

from collections.abc import Mapping
from decimal import Decimal

from litestar import Router, get
from litestar.di import NamedDependency

from control_plane.catalog.domain import (
    AddonVersion,
    Charge,
    Conversion,
    Filter,
    Matrix,
    Meter,
    PlanVersion,
    Price,
    Text,
    Tier,
)
from control_plane.identity.domain import Permission
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money
from web.api.catalog_views import (
    AddonView,
    CatalogView,
    CellView,
    ChargeView,
    CommitmentView,
    ConversionView,
    EarlyBirdView,
    FilterView,
    MatrixView,
    MeterView,
    ModuleView,
    Name,
    PlanView,
    PriceView,
    PropertyView,
    RefundView,
    TierView,
)
from web.api.grant_values import grants_view
from web.compose import Application

__all__ = ["Name", "addon_view", "name_view", "plan_view", "read_catalog", "router"]


def name_view(text: Text) -> Name:
    """Show a name."""
    return Name(en=text.en, zh=text.zh)


def plan_view(plan: PlanVersion) -> PlanView:
    """Show a plan version."""
    return PlanView(
        id=format_id("plv", plan.id),
        code=plan.code,
        version=plan.version,
        name=name_view(plan.name),
        modules=list(plan.modules),
        entitlements=grants_view(plan.entitlements),
        trial_days=plan.trial_days,
        policies=dict(plan.policies),
        prices=[price_view(price) for price in plan.prices],
    )


def addon_view(addon: AddonVersion) -> AddonView:
    """Show an add-on version."""
    return AddonView(
        id=format_id("adv", addon.id),
        code=addon.code,
        version=addon.version,
        name=name_view(addon.name),
        season=addon.season,
        requires=list(addon.requires),
        grants=grants_view(addon.grants),
        prices=_amounts(addon.prices),
        early_bird=[EarlyBirdView(s.days_before, _amounts(s.prices)) for s in addon.early_bird],
        cancellation=[
            RefundView(s.days_before, quantity_text(s.percent)) for s in addon.cancellation
        ],
        deposit=_optional(addon.deposit),
        tax_category=addon.tax_category,
        tax_inclusive=addon.tax_inclusive,
        max_quantity=addon.max_quantity,
        policies=dict(addon.policies),
    )


def meter_view(meter: Meter) -> MeterView:
    """Show a meter."""
    return MeterView(
        code=meter.code,
        event_type=meter.event_type,
        aggregation=meter.aggregation.value,
        property=meter.property,
        amount_property=meter.amount_property,
        filters=[_filter(f) for f in meter.filters],
        late=meter.late.value,
        late_days=meter.late_days,
        properties=[
            PropertyView(rule.name, rule.type.value, list(rule.values), rule.required)
            for rule in meter.properties
        ],
        dimensions=list(meter.dimensions),
        module=meter.module,
        unit=name_view(meter.unit),
        name=name_view(meter.name),
    )


def price_view(price: Price) -> PriceView:
    """Show a price."""
    commitment = price.commitment
    return PriceView(
        currency=price.currency.code,
        interval=price.interval.value,
        count=price.count,
        tax_inclusive=price.tax_inclusive,
        commitment=(
            None
            if commitment is None
            else CommitmentView(commitment.amount.decimal_text(), commitment.tax_category)
        ),
        policies=dict(price.policies),
        charges=[charge_view(charge) for charge in price.charges],
    )


def charge_view(charge: Charge) -> ChargeView:
    """Show a charge."""
    return ChargeView(
        code=charge.code,
        kind=charge.kind.value,
        timing=charge.timing.value,
        name=name_view(charge.name),
        amount=_optional(charge.amount),
        meter=charge.meter,
        unit_price=_optional(charge.unit_price),
        included=quantity_text(charge.included),
        tiers=[_tier(tier) for tier in charge.tiers],
        quantity=charge.quantity,
        package_size=_optional(charge.package_size),
        rate=_optional(charge.rate),
        fixed_fee=quantity_text(charge.fixed_fee),
        free_events=charge.free_events,
        free_amount=quantity_text(charge.free_amount),
        event_min=_optional(charge.event_min),
        event_max=_optional(charge.event_max),
        matrix=None if charge.matrix is None else _matrix(charge.matrix),
        group_by=list(charge.group_by),
        filters=[_filter(f) for f in charge.filters],
        conversion=None if charge.conversion is None else _conversion(charge.conversion),
        minimum=_optional(charge.minimum),
        maximum=_optional(charge.maximum),
        discount=quantity_text(charge.discount),
        interval=charge.interval and charge.interval.value,
        allowance_interval=charge.allowance_interval and charge.allowance_interval.value,
        tax_category=charge.tax_category,
        holding=_optional(charge.holding),
    )


def _amounts(amounts: Mapping[str, Money]) -> dict[str, str]:
    return {code: money.decimal_text() for code, money in amounts.items()}


def _optional(value: Decimal | Money | None) -> str | None:
    if value is None:
        return None
    return value.decimal_text() if isinstance(value, Money) else quantity_text(value)


def _tier(tier: Tier) -> TierView:
    return TierView(
        up_to=_optional(tier.up_to),
        unit_price=quantity_text(tier.unit_price),
        flat_fee=quantity_text(tier.flat_fee),
        rate=_optional(tier.rate),
    )


def _matrix(matrix: Matrix) -> MatrixView:
    return MatrixView(
        dimensions=list(matrix.dimensions),
        cells=[
            CellView(
                values=dict(zip(matrix.dimensions, cell.values, strict=True)),
                unit_price=quantity_text(cell.unit_price),
            )
            for cell in matrix.cells
        ],
        default=_optional(matrix.default),
    )


def _filter(of: Filter) -> FilterView:
    return FilterView(property=of.property, values=list(of.values), exclude=of.exclude)


def _conversion(conversion: Conversion) -> ConversionView:
    return ConversionView(
        divide_by=quantity_text(conversion.divide_by),
        rounding=conversion.rounding.value,
        unit=None if conversion.unit is None else name_view(conversion.unit),
    )


@get("/catalog", opt={"permission": Permission.CATALOG_READ})
async def read_catalog(application: NamedDependency[Application]) -> CatalogView:
    """Read the plans, add-ons, modules and meters on sale now."""
    catalog = await application.read_catalog()
    return CatalogView(
        modules=[ModuleView(code=m.code, name=name_view(m.name)) for m in catalog.modules.values()],
        meters=[meter_view(meter) for meter in catalog.meters.values()],
        plans=[plan_view(plan) for plan in catalog.plans.values()],
        addons=[addon_view(addon) for addon in catalog.addons.values()],
    )


router = Router("/v1", tags=["Catalogue"], route_handlers=[read_catalog])
