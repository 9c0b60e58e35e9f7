"""What each plan would have cost over the last months."""

from datetime import datetime

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from billing.services.whatif.compare_plans import PlanCost
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import SubscriptionId
from web.api.catalog import Name, name_view
from web.api.common import ApiRequest, id_from, tenant
from web.compose import Application


class PlanCostView(msgspec.Struct):
    """One plan's fees and usage as a decimal text, before discounts and tax.

    ``missing_modules`` are those of your plan that this one lacks.
    """

    plan: str
    name: Name
    amount: str
    currency: str
    held: bool
    missing_modules: list[str]


class PlanComparisonView(msgspec.Struct):
    """Whole months as they were used, under every plan on sale, the cheapest first.

    Without a whole month there is nothing to compare: ``months`` is 0.
    """

    months: int
    start: datetime | None
    end: datetime | None
    plans: list[PlanCostView]


def cost_view(cost: PlanCost) -> PlanCostView:
    """Show what one plan would have cost."""
    return PlanCostView(
        plan=cost.plan.label,
        name=name_view(cost.plan.name),
        amount=cost.amount.decimal_text(),
        currency=cost.amount.currency.code,
        held=cost.held,
        missing_modules=list(cost.missing),
    )


@get(
    "/subscriptions/{subscription_id:str}/plan-comparison",
    opt={"permission": Permission.SUBSCRIPTION_READ},
)
async def compare_plans(
    request: ApiRequest, subscription_id: FromPath[str], application: NamedDependency[Application]
) -> PlanComparisonView:
    """Compare what your last months would have cost on each plan on sale."""
    wanted = SubscriptionId(id_from("sub", subscription_id))
    found = await application.compare_plans(tenant_id=tenant(request), subscription_id=wanted)
    if found is None:
        return PlanComparisonView(0, None, None, [])
    return PlanComparisonView(
        months=found.months,
        start=found.period.start,
        end=found.period.end,
        plans=[cost_view(cost) for cost in found.costs],
    )


router = Router("/v1", tags=["What-if"], route_handlers=[compare_plans])
