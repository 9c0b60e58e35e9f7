"""Lays out what each plan would have cost a customer over the last whole months."""

from fractions import Fraction

from billing.services.whatif.compare_plans import PlanComparison, PlanCost
from control_plane.catalog.domain import Catalog
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.kernel.money import Money
from web.compose import Application
from web.portal.charts import percent
from web.portal.offers import module_names
from web.portal.views.whatif import ComparisonView, CostBar


async def read_comparison(
    application: Application,
    tenant_id: TenantId,
    subscription_id: SubscriptionId,
    catalog: Catalog,
    language: str,
) -> ComparisonView | None:
    """Return the comparison of a subscription; None before its first whole month."""
    found = await application.compare_plans(tenant_id=tenant_id, subscription_id=subscription_id)
    return None if found is None else comparison_view(found, catalog, language)


def comparison_view(
    found: PlanComparison, catalog: Catalog, language: str
) -> ComparisonView | None:
    """Lay the plans out as bars; None where there is nothing to compare the held plan with."""
    if len(found.costs) < 2:  # noqa: PLR2004 - one plan alone is no comparison
        return None
    held = next((cost.amount for cost in found.costs if cost.held), None)
    highest = max(cost.amount.minor for cost in found.costs)
    return ComparisonView(
        period=found.period,
        months=found.months,
        bars=tuple(_bar(cost, held, highest, catalog, language) for cost in found.costs),
    )


def _bar(
    cost: PlanCost, held: Money | None, highest: int, catalog: Catalog, language: str
) -> CostBar:
    return CostBar(
        name=cost.plan.name.in_language(language),
        amount=cost.amount,
        width=percent(Fraction(cost.amount.minor, highest)) if highest > 0 else "0%",
        held=cost.held,
        missing=module_names(cost.missing, catalog, language),
        difference=None if held is None or cost.held else cost.amount - held,
    )
