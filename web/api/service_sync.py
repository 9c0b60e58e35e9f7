"""What a tenant's services are told: their snapshot, its heartbeats, and the keys to trust."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Router, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream

from control_plane.entitlements.errors import StreamsFull
from control_plane.entitlements.feeds import FeedState
from control_plane.identity.domain import Permission
from control_plane.identity.secret_texts import secret_hash
from control_plane.kernel.ids import TenantId
from control_plane.sdk.events import MEDIA_TYPE, event_text
from web.api.common import LAST_MARK, ApiRequest, tenant
from web.compose import Application

LONGEST_WAIT_SECONDS = 60
MOST_STREAMS = 1024
"""Streams of services that one web process holds open; the others ask elsewhere, or poll."""

_REVIEW_SECONDS = 55  # a revoked token's stream ends within a minute, or at the next snapshot


class SnapshotAnswer(msgspec.Struct):
    """The newest snapshot if it is newer than the one held, and a heartbeat always.

    ``keys`` are the rings after the one held, each signed by a key of the ring before it.
    """

    snapshot: dict[str, Any] | None
    heartbeat: dict[str, Any]
    keys: list[dict[str, Any]]


Number = Annotated[int, QueryParameter(ge=0, le=LAST_MARK)]
Wait = Annotated[int, QueryParameter(ge=0, le=LONGEST_WAIT_SECONDS)]


@get("/v1/service/snapshot", opt={"permission": Permission.SERVICE_SYNC}, tags=["Services"])
async def read_snapshot(
    request: ApiRequest,
    application: NamedDependency[Application],
    have: Number = 0,
    ring: Number = 0,
    wait: Wait = 0,
) -> SnapshotAnswer:
    """Read the signed snapshot of the calling service's tenant.

    With ``wait``, an answer to a service that has the newest comes when there is a newer one, or
    after that many seconds. ``ring`` is the serial of the newest key ring held.
    """
    tenant_id = tenant(request)
    if wait and len(application.signer.rings) <= ring:
        if application.snapshot_feeds.followers >= MOST_STREAMS:
            raise StreamsFull(most=MOST_STREAMS)
        state = await _newer(application, tenant_id, have, wait)
        snapshot = state.snapshot if state.revision > have else None
        heartbeat = state.heartbeat
    else:
        snapshot, heartbeat = await application.read_snapshot(tenant_id, have)
    return SnapshotAnswer(
        snapshot=None if snapshot is None else snapshot.to_json(),
        heartbeat=heartbeat.to_json(),
        # Read when all is signed: the key of the signature is among them.
        keys=[envelope.to_json() for envelope in application.signer.rings[ring:]],
    )


async def _newer(
    application: Application, tenant_id: TenantId, have: int, seconds: int
) -> FeedState:
    """Wait for a revision above ``have``; after that many seconds, give what there is."""
    newest: FeedState | None = None
    async with application.snapshot_feeds.follow(tenant_id) as states:
        try:
            async with asyncio.timeout(seconds):
                async for newest in states:
                    if newest.revision > have:
                        break
        except TimeoutError:
            if newest is None:
                raise
    assert newest is not None  # noqa: S101 - following begins with what there is
    return newest


@get(
    "/v1/service/stream",
    opt={"permission": Permission.SERVICE_SYNC},
    tags=["Services"],
    media_type=MEDIA_TYPE,
    response_headers=[
        ResponseHeader(name="cache-control", value="no-store"),
        ResponseHeader(name="x-accel-buffering", value="no"),
    ],
)
async def stream_snapshots(
    request: ApiRequest,
    application: NamedDependency[Application],
    have: Number = 0,
    ring: Number = 0,
) -> Stream:
    """Follow the snapshot as server-sent events: ``keys``, ``snapshot`` and ``heartbeat``.

    Each event's data is a signed envelope. A heartbeat comes every five seconds: three of them
    missing mean that the connection is dead. The newest snapshot comes first, unless ``have`` or
    Last-Event-ID is its revision.
    """
    tenant_id, feeds = tenant(request), application.snapshot_feeds
    if feeds.followers >= MOST_STREAMS:
        raise StreamsFull(most=MOST_STREAMS)
    await application.read_snapshot(tenant_id)  # refuses what cannot be followed, in words
    last = request.headers.get("last-event-id", "")
    seen = max(have, int(last) if last.isdecimal() and last.isascii() else 0)
    return Stream(_events(application, tenant_id, _token(request), seen, ring))


async def _events(
    application: Application, tenant_id: TenantId, token: str, seen: int, ring: int
) -> AsyncIterator[bytes]:
    """Write what happens, until the service goes or its token does."""
    time, token_hash, begun = asyncio.get_running_loop().time, secret_hash(token), False
    review_at = time() + _REVIEW_SECONDS
    async with application.snapshot_feeds.follow(tenant_id) as states:
        # The state given is the newest there is: what a slow reader missed is passed over.
        async for state in states:
            newer = state.revision > seen
            # A snapshot of this moment needs no heartbeat. One is signed before the rings are
            # read: whatever key it was signed by, the reader knows it by then.
            beat = state.beat if not newer or not begun else b""
            for envelope in application.signer.rings[ring:]:
                ring += 1
                yield event_text("keys", envelope.to_json())
            if newer:
                yield state.news
            if beat:
                yield beat
            seen, begun = max(seen, state.revision), True
            if time() >= review_at or (newer and token_hash not in state.services):
                if not await _good(application, tenant_id, token):
                    return
                review_at = time() + _REVIEW_SECONDS


async def _good(application: Application, tenant_id: TenantId, token: str) -> bool:
    """Whether the token is the tenant's still."""
    caller = await application.authenticate_service_token(token)
    return caller is not None and caller.tenant_id == tenant_id


def _token(request: ApiRequest) -> str:
    return request.headers.get("authorization", "").partition(" ")[2].strip()


router = Router("/", route_handlers=[read_snapshot, stream_snapshots])
