"""What the control plane asks of an instance: its health, to synchronise, to export, to drain."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from control_plane.kernel.instants import instant_text
from control_plane.sdk.envelope import Envelope
from control_plane.sdk.messages import Action
from inventory_modules.chassis.errors import CommandMissing
from inventory_modules.chassis.export import stream_and_remove, write_export
from inventory_modules.chassis.manifest import load_manifest
from inventory_modules.chassis.service import Chassis, ModuleParts

JSON = "application/json"
_READY = "ready"


def json_response(body: object, status: int = 200, **headers: str) -> Response[bytes]:
    """Return a JSON answer."""
    return Response(msgspec.json.encode(body), status_code=status, media_type=JSON, headers=headers)


def operation_routes(chassis: Chassis, parts: ModuleParts) -> list[HTTPRouteHandler]:
    """Return the routes that every instance has."""
    return [_about_route(chassis), *_health_routes(chassis), *_command_routes(chassis, parts)]


def _about_route(chassis: Chassis) -> HTTPRouteHandler:
    manifest = load_manifest(chassis.settings.module)

    @get("/")
    async def about() -> Response[bytes]:
        """Say which module this is, in both languages, and what it takes and counts."""
        return json_response(manifest)

    return about


def _health_routes(chassis: Chassis) -> list[HTTPRouteHandler]:
    @get("/health/live")
    async def live() -> Response[bytes]:
        """Say that the process answers."""
        return json_response({"status": "live"})

    @get("/health/ready")
    async def ready() -> Response[bytes]:
        """Say whether calls can be served.

        The database opens, a snapshot is held, and what keeps it new is alive.
        """
        chassis.database.reader.execute("SELECT 1").close()
        status = _status(chassis)
        body = {
            "status": status,
            "module": chassis.settings.module,
            "revision": chassis.state.revision,
        }
        return json_response(body, 200 if status == _READY else 503)

    return [live, ready]


def _status(chassis: Chassis) -> str:
    if not chassis.subscriber.alive():
        return "the updater of the snapshot is dead"
    return _READY if chassis.state.usable else "waiting for a snapshot"


def _command_routes(chassis: Chassis, parts: ModuleParts) -> list[HTTPRouteHandler]:
    @post("/_tallyard/sync", status_code=200)
    async def sync(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Take the newest snapshot, finish waiting work, send all usage, and say what is left."""
        _accept(chassis, request, Action.SYNC)
        return json_response(await synchronise(chassis, parts))

    @post("/_tallyard/drain", status_code=200)
    async def drain(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Take no new documents for ten minutes, then synchronise."""
        _accept(chassis, request, Action.DRAIN)
        chassis.gate.close()
        return json_response(await synchronise(chassis, parts))

    @post("/_tallyard/export", status_code=200)
    async def export(request: Request[Any, Any, Any]) -> Stream:
        """Send the instance's data as a zip file."""
        _accept(chassis, request, Action.EXPORT)
        archive = await asyncio.to_thread(write_export, chassis.settings, chassis.clock)
        return Stream(
            stream_and_remove(archive),
            media_type="application/zip",
            headers={"Content-Length": str(archive.stat().st_size)},
        )

    return [sync, drain, export]


async def synchronise(chassis: Chassis, parts: ModuleParts) -> dict[str, object]:
    """Bring everything up to date; ``settled`` only when nothing at all is left to do."""
    pulled = await chassis.keeper.pull()
    caught_up = await parts.catch_up()
    await chassis.reporter.flush()
    pending_usage, pending_events = chassis.reporter.pending, parts.pending()
    return {
        "revision": chassis.state.revision,
        "clock": instant_text(chassis.state.now()),
        "pending_usage": pending_usage,
        "pending_events": pending_events,
        "dead_usage": chassis.reporter.dead,
        "settled": pulled and caught_up and not pending_usage and not pending_events,
    }


def _accept(chassis: Chassis, request: Request[Any, Any, Any], action: Action) -> None:
    header = request.headers.get("tallyard-command")
    if header is None:
        raise CommandMissing
    chassis.commands.accept(Envelope.from_header(header), action)
