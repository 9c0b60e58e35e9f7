"""Usage that no meter counts yet: looked at, replayed, discarded."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from control_plane.identity.domain import Permission
from metering.domain.events import TakingBack
from metering.domain.quarantine import QuarantinedEvent
from web.api.common import LAST_MARK, ApiRequest, principal, tenant
from web.compose import Application

MANAGE = {"permission": Permission.USAGE_MANAGE}


class QuarantinedTypeView(msgspec.Struct):
    """The events of one type in quarantine; ``known`` says whether a meter counts it by now."""

    type: str
    events: int
    first_received_at: datetime
    last_received_at: datetime
    known: bool


class QuarantinedEventView(msgspec.Struct):
    """An event in quarantine; ``data`` is what it said, as JSON text.

    ``corrects`` and ``retracts`` name the event that it takes back. ``reason`` is the code by
    which the last replay left it there, null where there was none.
    """

    source: str
    id: str
    type: str
    subject: str | None
    time: datetime
    data: str
    corrects: str | None
    retracts: str | None
    received_at: datetime
    reason: str | None


class QuarantineView(msgspec.Struct):
    """The types in quarantine, and a page of events, the latest first; no ``after``: the last."""

    types: list[QuarantinedTypeView]
    events: list[QuarantinedEventView]
    after: int | None


class ReplayAsked(msgspec.Struct, forbid_unknown_fields=True):
    """Which events are replayed: those of one type, or all whose type a meter counts."""

    type: str | None = None


class ReplayedView(msgspec.Struct):
    """What a replay did with events whose type a meter counts by now.

    ``accepted``, ``duplicate`` and ``too_late`` left the quarantine; ``kept`` stay, each with its
    reason. With ``more``, not all were replayed at once: ask again.
    """

    accepted: int
    duplicate: int
    too_late: int
    kept: int
    more: bool


class DiscardAsked(msgspec.Struct, forbid_unknown_fields=True):
    """Which events are given up, and why; the reason is kept in the audit trail."""

    type: str
    reason: str


class DiscardedView(msgspec.Struct):
    """How many events were discarded."""

    events: int


@get("/events/quarantine", opt={"permission": Permission.USAGE_READ})
async def list_quarantined_events(
    request: ApiRequest,
    application: NamedDependency[Application],
    type_: Annotated[str | None, QueryParameter(name="type")] = None,
    after: FromQuery[int | None] = None,
    limit: FromQuery[int] = 100,
) -> QuarantineView:
    """List events whose type no meter counts: kept, and counted by nothing until replayed."""
    page = await application.list_quarantine(
        tenant_id=tenant(request),
        event_type=type_,
        after=None if after is None else max(0, min(after, LAST_MARK)),
        limit=max(1, min(limit, 500)),
    )
    return QuarantineView(
        types=[
            QuarantinedTypeView(t.type, t.events, t.first_received_at, t.last_received_at, t.known)
            for t in page.types
        ],
        events=[_event(kept) for kept in page.events],
        after=page.after,
    )


@post("/events/quarantine/replays", opt=MANAGE, status_code=200)
async def replay_quarantined_events(
    request: ApiRequest, data: JSONBody[ReplayAsked], application: NamedDependency[Application]
) -> ReplayedView:
    """Count events in quarantine whose type a meter counts by now, as if they were sent now.

    However often it is asked, each event counts once.
    """
    done = await application.replay_quarantine(
        tenant_id=tenant(request), actor=principal(request).actor, event_type=data.type
    )
    return ReplayedView(done.accepted, done.duplicate, done.too_late, done.kept, done.more)


@post("/events/quarantine/discards", opt=MANAGE, status_code=200)
async def discard_quarantined_events(
    request: ApiRequest, data: JSONBody[DiscardAsked], application: NamedDependency[Application]
) -> DiscardedView:
    """Give up every event of a type in quarantine: they will never be counted."""
    return DiscardedView(
        await application.discard_quarantined(
            tenant_id=tenant(request),
            event_type=data.type,
            reason=data.reason,
            actor=principal(request).actor,
        )
    )


def _event(kept: QuarantinedEvent) -> QuarantinedEventView:
    event, taken = kept.event, kept.event.takes_back
    named = {taken.kind: taken.id} if taken else {}
    return QuarantinedEventView(
        source=event.source,
        id=event.id,
        type=event.type,
        subject=event.subject,
        time=event.time,
        data=event.data_json.decode(),
        corrects=named.get(TakingBack.CORRECTS),
        retracts=named.get(TakingBack.RETRACTS),
        received_at=kept.received_at,
        reason=kept.refusal,
    )


router = Router(
    "/v1",
    tags=["Usage"],
    route_handlers=[
        list_quarantined_events,
        replay_quarantined_events,
        discard_quarantined_events,
    ],
)
