"""The operator's view: organisations, their instances, and the end of a log."""

from collections import Counter

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import InstanceId, TenantId, format_id
from provisioner.services.list_instances import InstanceView as Instance
from web.api.common import id_from
from web.compose import Application
from web.i18n import N_
from web.openings import opened_by_staff
from web.portal.customer_choices import customer_choices
from web.portal.labels import state_label
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.stuck import stuck_rows
from web.portal.views.operator import (
    InstanceRow,
    InstancesView,
    InstanceView,
    TenantRow,
    TenantsView,
)
from web.portal.views.shell import Choice, Form

OPERATE = {"permission": Permission.STAFF_OPERATE}
MOST = 500
LOG_LINES = 300
READY = "ready"


@get("/operator", opt=OPERATE, include_in_schema=False)
async def tenants_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """List every organisation with its instances counted, and whatever is stuck."""
    organisations = await application.list_organisations(limit=MOST)
    instances = await application.provisioner.list_all_instances(limit=MOST)
    all_of = Counter(i.tenant_id for i in instances)
    ready_of = Counter(i.tenant_id for i in instances if i.state == READY)
    view = TenantsView(
        rows=tuple(
            TenantRow(
                tenant_id=format_id("ten", o.id),
                name=o.name,
                slug=o.slug,
                sandbox=o.sandbox,
                state=o.state,
                created_at=o.created_at,
                instances=all_of[o.id],
                healthy=ready_of[o.id],
            )
            for o in organisations
        ),
        instances=all_of.total(),
        healthy=ready_of.total(),
        stuck=await stuck_rows(
            application, {o.id: o.name for o in organisations}, language_of(request)
        ),
    )
    return await page(request, application, "operator/tenants.html", "tenants", view=view)


@get("/operator/instances", opt=OPERATE, include_in_schema=False)
async def instances_page(
    request: PageRequest,
    application: NamedDependency[Application],
) -> Page:
    """List instances, of one organisation or in one state if asked."""
    tenant, state = (request.query_params.get(name) for name in ("tenant", "state"))
    instances = await application.provisioner.list_all_instances(limit=MOST)
    owners = await application.list_organisations.of(i.tenant_id for i in instances)
    owner = TenantId(id_from("ten", tenant)) if tenant else None
    tenants = await customer_choices(application, owner, language_of(request))
    view = InstancesView(
        rows=tuple(
            _row(i, owners[i.tenant_id].name)
            for i in instances
            if owner in {None, i.tenant_id} and (state or i.state) == i.state
        ),
        tenants=tenants,
        states=(
            Choice("", N_("All")),
            *(
                Choice(value, state_label(value)[1], value == state)
                for value in sorted({i.state for i in instances})
            ),
        ),
    )
    return await page(
        request, application, "operator/instances.html", "instances", view=view, form=Form()
    )


def _row(instance: Instance, tenant: str) -> InstanceRow:
    return InstanceRow(
        instance_id=format_id("ins", instance.instance_id),
        tenant_id=format_id("ten", instance.tenant_id),
        tenant=tenant,
        module=instance.module,
        runtime=instance.runtime,
        desired=instance.desired,
        state=instance.state,
        generation=instance.generation,
        base_url=instance.base_url,
        last_error=instance.last_error,
        created_at=instance.created_at,
    )


@get("/operator/instances/{tenant_id:str}/{instance_id:str}", opt=OPERATE, include_in_schema=False)
async def instance_page(
    request: PageRequest,
    tenant_id: FromPath[str],
    instance_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Show one instance with what it wrote last; its organisation's record tells who looked."""
    owner = TenantId(id_from("ten", tenant_id))
    wanted = InstanceId(id_from("ins", instance_id))
    opened = format_id("ins", wanted)
    async with opened_by_staff(request, application, owner, "instance", opened):
        found = await application.provisioner.get_instance(owner, wanted)
        organisation = await application.read_organisation(owner)
    # The runtime is asked for the log only now: nobody waits for it inside a transaction.
    view = InstanceView(
        instance=_row(found, organisation.name),
        log=await application.provisioner.instance_logs(owner, wanted, lines=LOG_LINES),
        exported_at=found.exported_at,
        export_sha256=found.export_sha256,
        removed_at=found.removed_at,
    )
    return await page(request, application, "operator/instance.html", "instances", view=view)
