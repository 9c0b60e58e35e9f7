"""The services a tenant runs."""

from datetime import datetime

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import InstanceId, format_id
from provisioner.services.list_instances import InstanceView
from web.api.common import ApiRequest, id_from, tenant
from web.compose import Application


class InstanceBody(msgspec.Struct):
    """One service of yours: what it should be, what it is, and where it answers."""

    id: str
    module: str
    runtime: str
    desired: str
    state: str
    generation: int
    base_url: str
    last_error: str | None
    created_at: datetime
    ready_at: datetime | None
    exported_at: datetime | None
    export_sha256: str | None
    removed_at: datetime | None


class LogsBody(msgspec.Struct):
    """The last lines a service wrote."""

    text: str


def instance_body(view: InstanceView) -> InstanceBody:
    """Show an instance."""
    return InstanceBody(
        id=format_id("ins", view.instance_id),
        module=view.module,
        runtime=view.runtime,
        desired=view.desired,
        state=view.state,
        generation=view.generation,
        base_url=view.base_url,
        last_error=view.last_error,
        created_at=view.created_at,
        ready_at=view.ready_at,
        exported_at=view.exported_at,
        export_sha256=view.export_sha256,
        removed_at=view.removed_at,
    )


@get("/instances", opt={"permission": Permission.INSTANCE_READ})
async def list_instances(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[InstanceBody]:
    """List your services, those that were removed too."""
    found = await application.provisioner.list_instances(tenant(request))
    return [instance_body(view) for view in found]


@get("/instances/{instance_id:str}", opt={"permission": Permission.INSTANCE_READ})
async def get_instance(
    request: ApiRequest, instance_id: FromPath[str], application: NamedDependency[Application]
) -> InstanceBody:
    """Read one service."""
    wanted = InstanceId(id_from("ins", instance_id))
    return instance_body(await application.provisioner.get_instance(tenant(request), wanted))


@get("/instances/{instance_id:str}/logs", opt={"permission": Permission.INSTANCE_READ})
async def read_logs(
    request: ApiRequest,
    instance_id: FromPath[str],
    application: NamedDependency[Application],
    lines: FromQuery[int] = 200,
) -> LogsBody:
    """Read the last lines a service wrote (at most 2,000)."""
    wanted = InstanceId(id_from("ins", instance_id))
    text = await application.provisioner.instance_logs(
        tenant(request), wanted, lines=max(1, min(lines, 2000))
    )
    return LogsBody(text)


router = Router("/v1", tags=["Instances"], route_handlers=[list_instances, get_instance, read_logs])
