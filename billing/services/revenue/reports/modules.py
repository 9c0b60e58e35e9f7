"""Which module a line's revenue belongs to."""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.repositories.revenue import Earning
from control_plane.catalog.domain import AddonVersion, PlanVersion
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import AddonVersionId, PlanVersionId

_PLANS = text("SELECT id FROM plan_versions")
_ADDONS = text("SELECT id FROM addon_versions")


async def module_of(session: AsyncSession) -> Callable[[Earning], str]:
    """Return what names an earning's module.

    Usage belongs to its meter's module. What is paid for several modules together, a bundle's fee
    or an add-on's, is of all of them: ``inbound + outbound``.
    """
    catalog = CatalogRepository(session)
    meters = await catalog.meters()
    plans = await catalog.plan_versions([PlanVersionId(i) for i in await session.scalars(_PLANS)])
    addons = await catalog.addon_versions(
        [AddonVersionId(i) for i in await session.scalars(_ADDONS)]
    )
    together = {plan.label: _together(plan) for plan in plans.values()}
    together |= {addon.label: _together(addon) for addon in addons.values()}
    metered = {
        (plan.label, charge.code): meters[charge.meter].module
        for plan in plans.values()
        for price in plan.prices
        for charge in price.charges
        if charge.meter is not None and charge.meter in meters
    }

    def name(earning: Earning) -> str:
        own = metered.get((earning.item, earning.charge))
        return own or together.get(earning.item, "")

    return name


def _together(sold: PlanVersion | AddonVersion) -> str:
    modules = sold.modules if isinstance(sold, PlanVersion) else sold.requires
    return " + ".join(modules)
