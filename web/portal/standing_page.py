"""How the organisation stands with its payments, and the exports of its data."""

from litestar import get
from litestar.di import NamedDependency

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import format_id
from control_plane.standing.domain import Debt, Kind
from control_plane.standing.services.read_standing import StandingView
from provisioner.services.list_instances import InstanceView
from web.api.common import tenant
from web.compose import Application
from web.portal.page import Page, PageRequest, page
from web.portal.standing_banner import banner_of
from web.portal.views.standing import ExportRow, StandingPage, StandingStep


@get("/portal/standing", opt={"permission": Permission.INVOICE_READ}, include_in_schema=False)
async def standing_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show where it stands, what has happened, and what can be downloaded."""
    tenant_id = tenant(request)
    async with application.work(tenant_id):
        view = await application.read_standing(tenant_id)
        debt = await application.read_debt(tenant_id)
        instances = await application.provisioner.list_instances(tenant_id)
        shown = page_of(view, debt, exports=tuple(map(_export, instances)))
        return await page(request, application, "portal/standing.html", "standing", view=shown)


def page_of(
    view: StandingView, debt: Debt | None, *, exports: tuple[ExportRow, ...] = ()
) -> StandingPage:
    """Lay out a standing, the newest step first."""
    return StandingPage(
        banner=banner_of(view, debt),
        standing=view.standing.value,
        overdue_since=view.overdue_since,
        invoices=() if debt is None else debt.invoices,
        steps=tuple(
            StandingStep(
                kind=step.kind.value,
                standing=step.standing.value,
                at=step.at,
                effective_at=step.effective_at,
                reason=step.reason if step.kind is Kind.HELD else "",
            )
            for step in reversed(view.steps)
        ),
        exports=exports,
        hold_reason=None if view.hold is None else view.hold.reason,
    )


def _export(instance: InstanceView) -> ExportRow:
    return ExportRow(
        instance_id=format_id("ins", instance.instance_id),
        module=instance.module,
        kept=instance.removed_at is not None,
        at=instance.exported_at,
        purged_at=instance.export_purged_at,
    )
