"""What a tenant may do, told again whenever it changes: by long poll, and as a stream."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from control_plane.entitlements.errors_checks import FollowersFull
from control_plane.entitlements.services.follow_entitlements import Seen, StreamRoom
from control_plane.identity.domain import Permission, Principal, permits
from control_plane.kernel.ids import TenantId
from control_plane.sdk.events import MEDIA_TYPE, event_text
from web.api.common import LAST_MARK, ApiRequest, tenant
from web.api.entitlement_views import DecisionView, decision_view
from web.compose import Application

LONGEST_WAIT_SECONDS: Final = 60
READ: Final = {"permission": Permission.ENTITLEMENT_READ}
_REVIEW_BEATS: Final = 12  # a revoked caller's stream ends within a minute, or at the next change

Number = Annotated[int, QueryParameter(ge=0, le=LAST_MARK)]
Wait = Annotated[int, QueryParameter(ge=0, le=LONGEST_WAIT_SECONDS)]


class ChangesView(msgspec.Struct):
    """Every feature's answer, or null where nothing is new."""

    revision: int
    at: datetime
    changed: bool
    items: list[DecisionView] | None


@get("/changes", opt=READ)
async def read_entitlement_changes(
    request: ApiRequest,
    application: NamedDependency[Application],
    have: Number = 0,
    wait: Wait = 0,
) -> ChangesView:
    """Read every feature's answer, once it differs from those of revision ``have``.

    With ``wait``, the answer comes at once when there is something new: a newer revision, or a
    window that opens or closes meanwhile; otherwise after that many seconds, without items. Who
    waits takes the place of a stream: beyond as many as there may be it is refused, 503.
    """
    tenant_id, room = tenant(request), application.stream_room
    if not wait:
        return _view(*await application.follow_entitlements.after(tenant_id, have, 0))
    _find_room(room, tenant_id)
    with room.entered(tenant_id):
        return _view(*await _changed(request, application, have, wait))


async def _changed(
    request: ApiRequest, application: Application, have: int, wait: int
) -> tuple[Seen, bool]:
    """Wait for a change, and no longer than the caller does: who has gone needs no place."""
    tenant_id, after = tenant(request), application.follow_entitlements.after
    answer = asyncio.create_task(after(tenant_id, have, wait))
    gone = asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        return await (answer if answer.done() else after(tenant_id, have, 0))
    finally:
        answer.cancel()
        gone.cancel()
        await asyncio.gather(answer, gone, return_exceptions=True)


async def _hung_up(request: ApiRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@get(
    "/stream",
    opt=READ,
    media_type=MEDIA_TYPE,
    response_headers=[
        ResponseHeader(name="cache-control", value="no-store"),
        ResponseHeader(name="x-accel-buffering", value="no"),
    ],
)
async def stream_entitlements(
    request: ApiRequest, application: NamedDependency[Application]
) -> Stream:
    """Follow every feature's answer as server-sent events: ``entitlements`` and ``heartbeat``.

    All answers come first, and again after every change: a newer revision, or a window's tick. A
    heartbeat comes every five seconds without one: three missing mean that the connection is dead.
    """
    tenant_id = tenant(request)
    await application.held_states.newest(tenant_id)  # refuses what cannot be followed, in words
    _find_room(application.stream_room, tenant_id)
    return Stream(_events(request, application, tenant_id))


def _find_room(room: StreamRoom, tenant_id: TenantId) -> None:
    """Refuse one more follower where as many are here as there may be."""
    full = room.full(tenant_id)
    if full is not None:
        raise FollowersFull(most=full)


async def _events(
    request: ApiRequest, application: Application, tenant_id: TenantId
) -> AsyncIterator[bytes]:
    """Write what happens, until the reader goes or may read no longer."""
    beats = 0
    with application.stream_room.entered(tenant_id):
        async for seen, changed in application.follow_entitlements.follow(tenant_id):
            view = _view(seen, changed)
            body = msgspec.to_builtins(view)
            yield event_text("entitlements" if changed else "heartbeat", body, str(seen.revision))
            beats += 1
            if changed or beats % _REVIEW_BEATS == 0:
                caller = await _caller(request, application)
                if caller is None or not _may_follow(caller, tenant_id):
                    return


async def _caller(request: ApiRequest, application: Application) -> Principal | None:
    """Find out again who holds the credential that the request came with.

    Asked anew: the next review may be a minute away, so nothing remembered may answer this one.
    """
    session: str | None = request.scope["state"].get("session_secret")
    if session is not None:
        return await application.authenticate_session(session)
    secret = request.headers.get("authorization", "").partition(" ")[2].strip()
    if secret.startswith("tys_"):
        return await application.authenticate_service_token(secret)
    return await application.authenticate_api_key(secret, fresh=True)


def _may_follow(caller: Principal, tenant_id: TenantId) -> bool:
    return caller.tenant_id == tenant_id and permits(caller, Permission.ENTITLEMENT_READ)


def _view(seen: Seen, changed: bool) -> ChangesView:  # noqa: FBT001 - as the use case answers
    items = [decision_view(code, decision) for code, decision in seen.decisions]
    return ChangesView(seen.revision, seen.at, changed, items if changed else None)


router = Router(
    "/v1/entitlements",
    tags=["Entitlements"],
    route_handlers=[read_entitlement_changes, stream_entitlements],
)
