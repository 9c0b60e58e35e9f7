"""The services a tenant runs."""

import asyncio
import os
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import datetime
from typing import BinaryIO

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import InstanceId, TenantId, format_id
from provisioner.services.list_instances import InstanceView
from web.api.common import ApiRequest, id_from, principal, tenant
from web.compose import Application

_CHUNK = 262_144


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
    export_purged_at: datetime | None


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
        export_purged_at=view.export_purged_at,
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


@get("/instances/{instance_id:str}/export", opt={"permission": Permission.INSTANCE_MANAGE})
async def read_export(
    request: ApiRequest, instance_id: FromPath[str], application: NamedDependency[Application]
) -> Stream:
    """Download a service's data: taken now while it runs, or what was kept when it was removed.

    It stays open to you however you stand, until it is purged. ``Repr-Digest`` is the file's.
    """
    return await export_response(
        application, tenant(request), instance_id, principal(request).actor
    )


async def export_response(
    application: Application, tenant_id: TenantId, instance_id: str, actor: str
) -> Stream:
    """Open an export and send it."""
    opened = await application.provisioner.open_export(
        tenant_id=tenant_id, instance_id=InstanceId(id_from("ins", instance_id)), actor=actor
    )
    with ExitStack() as held:
        if opened.slot is not None:
            held.enter_context(opened.slot)
        file = held.enter_context(await asyncio.to_thread(opened.path.open, "rb"))
        if opened.slot is not None:  # what is open can be read to its end; nobody is to find it
            opened.path.unlink(missing_ok=True)
        size = os.fstat(file.fileno()).st_size
        until_sent = held.pop_all()
    digest = b64encode(bytes.fromhex(opened.sha256)).decode()
    return Stream(
        _sent(file, until_sent),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{opened.name}"',
            "Content-Length": str(size),
            "Repr-Digest": f"sha-256=:{digest}:",  # RFC 9530, section 3
        },
    )


async def _sent(file: BinaryIO, until_sent: ExitStack) -> AsyncIterator[bytes]:
    with until_sent:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk


router = Router(
    "/v1",
    tags=["Instances"],
    route_handlers=[list_instances, get_instance, read_logs, read_export],
)
