"""The audit trail."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import AuditId, format_id
from web.api.common import id_from, tenant
from web.compose import Application
from web.portal.page import Page, PageRequest, page
from web.portal.views.people import AuditRow, AuditView

PAGE_SIZE = 50


@get("/portal/audit", opt={"permission": Permission.AUDIT_READ}, include_in_schema=False)
async def audit_page(
    request: PageRequest,
    application: NamedDependency[Application],
    before: FromQuery[str | None] = None,
) -> Page:
    """Show who did what, newest first; people by their address where they are members."""
    tenant_id = tenant(request)
    async with application.work(tenant_id):
        entries = await application.list_audit(
            tenant_id,
            before=AuditId(id_from("aud", before)) if before else None,
            limit=PAGE_SIZE,
        )
        members = await application.list_members(tenant_id)
        people = {format_id("usr", member.user_id): member.email for member in members}
        more = len(entries) == PAGE_SIZE
        view = AuditView(
            rows=tuple(
                AuditRow(
                    at=entry.recorded_at,
                    actor=people.get(entry.actor, entry.actor),
                    action=entry.action,
                    object_type=entry.object_type,
                    object_id=entry.object_id,
                    details=tuple((name, str(value)) for name, value in entry.details.items()),
                )
                for entry in entries
            ),
            after=format_id("aud", entries[-1].id) if more else None,
        )
        return await page(request, application, "portal/audit.html", "audit", view=view)
