"""Usage: events in, exactly once; quantities out."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from control_plane.identity.domain import Permission
from metering.domain.lines import parse_lines
from web.api.bodies import CLOUD_EVENTS
from web.api.common import ApiRequest, tenant
from web.api.event_bodies import (
    BATCH,
    EVENT,
    JSON,
    LARGEST_BODY,
    Delivery,
    expected_bytes,
    read_delivery,
)
from web.api.event_results import EventResults, event_results
from web.compose import Application
from web.edge.short_way import Asked, Short
from web.i18n import ENGLISH

_LAST_MARK = (1 << 63) - 1


class RefusedEventView(msgspec.Struct):
    """An event that came too late to be counted; ``data`` is what it said, as JSON text."""

    source: str
    id: str
    type: str
    subject: str | None
    time: datetime
    data: str
    reason: str
    refused_at: datetime


class RefusedEvents(msgspec.Struct):
    """A page of refused events, the latest refusal first; ``after`` is null on the last one."""

    events: list[RefusedEventView]
    after: int | None


@post(
    "/events",
    status_code=200,
    opt={
        "permission": Permission.USAGE_WRITE,
        "idempotent": False,
        "request_body": CLOUD_EVENTS,
        "refusals": ("413", "415"),
    },
    request_max_body_size=LARGEST_BODY,
)
async def ingest_events(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> EventResults:
    """Send usage as CloudEvents 1.0: one event, a list of them, or one a line.

    Identity is (source, id): the same event again is a duplicate and counts once.
    An event that is bad costs the others nothing. An event of a type that no meter
    counts is quarantined. When this answers, accepted events are committed. The body
    may be compressed: name gzip or zstd in Content-Encoding. Of more than 16,000,000
    bytes, as sent or decompressed, nothing is read.
    """
    owner = tenant(request)
    with application.ingest_bodies.holding(owner, expected_bytes(request)) as hold:
        delivery = await read_delivery(request)
        hold.resize(len(delivery.body))
        return await _ingest(request, application, delivery)


async def _ingest(
    request: Request[Any, Any, Any], application: Application, delivery: Delivery
) -> EventResults:
    owner = tenant(request)
    if delivery.lines:
        read = parse_lines(delivery.body)
        results = await application.ingest_usage.deliver(owner, read.delivered)
    else:
        results = await application.ingest_usage(owner, delivery.body)
    shown = event_results(results, request.scope["state"].get("language", ENGLISH))
    if delivery.lines:
        for result, line in zip(shown, read.numbers, strict=True):
            result.line = line
    return EventResults(shown)


def short_ingest(application: Application) -> Short:
    """Take deliveries as `ingest_events` does: JSON as it is, under its usual media types."""

    async def answer(asked: Asked) -> bytes:
        room = application.ingest_bodies
        share = room.take(asked.tenant_id, asked.length)
        try:
            results = await application.ingest_usage(asked.tenant_id, await asked.read())
        finally:
            room.give_back(share, asked.length)
        told = [result for result in results if result.refusal is not None]
        shown = event_results(results, asked.language if told else ENGLISH)
        return msgspec.json.encode(EventResults(shown))

    kinds = frozenset(kind.encode() for kind in (EVENT, BATCH, JSON))
    return Short(answer, Permission.USAGE_WRITE, kinds, LARGEST_BODY)


@get("/events/refused", opt={"permission": Permission.USAGE_READ})
async def list_refused_events(
    request: ApiRequest,
    application: NamedDependency[Application],
    after: FromQuery[int | None] = None,
    limit: FromQuery[int] = 100,
) -> RefusedEvents:
    """List events that came later than their meter takes: kept to be looked at, never counted."""
    page = await application.list_refused_usage(
        tenant_id=tenant(request),
        after=None if after is None else max(0, min(after, _LAST_MARK)),
        limit=max(1, min(limit, 500)),
    )
    return RefusedEvents(
        events=[
            RefusedEventView(
                source=kept.event.source,
                id=kept.event.id,
                type=kept.event.type,
                subject=kept.event.subject,
                time=kept.event.time,
                data=kept.event.data_json.decode(),
                reason=kept.reason,
                refused_at=kept.refused_at,
            )
            for kept in page.refused
        ],
        after=page.after,
    )


router = Router("/v1", tags=["Usage"], route_handlers=[ingest_events, list_refused_events])
