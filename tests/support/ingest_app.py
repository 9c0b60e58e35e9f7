"""The web process under measurement: the real application, and two routes that only parse.

``/parse`` stands behind the same edge, authentication and guard as ``/v1/events``, on the same
short way before the framework; it reads the events in the same way, and answers without a database.
``/routed/parse`` does so as a handler of the framework, behind all of its middleware.
"""

from dataclasses import replace
from typing import Any

import msgspec
from litestar import Request, post

from control_plane.identity.domain import Permission
from control_plane.runtime.logging import configure_logging
from control_plane.runtime.settings import load_settings
from metering.domain.cloudevents import parse_events
from web.api.event_bodies import read_delivery
from web.api.event_results import EventResult, EventResults
from web.api.usage import short_ingest
from web.asgi import WebApp, create_app
from web.compose import compose
from web.edge.short_way import Asked
from web.lifetime import spare_the_collector


async def parse_only(asked: Asked) -> bytes:
    events = parse_events(await asked.read())
    shown = [EventResult(event.source, event.id, "accepted", None) for event in events]
    return msgspec.json.encode(EventResults(shown))


@post(
    "/routed/parse",
    status_code=200,
    opt={"permission": Permission.USAGE_WRITE, "idempotent": False},
)
async def routed_parse(request: Request[Any, Any, Any]) -> EventResults:
    events = parse_events((await read_delivery(request)).body)
    return EventResults([EventResult(event.source, event.id, "accepted", None) for event in events])


def app() -> WebApp:
    configure_logging("error")
    application = compose(load_settings())
    web = create_app(application)
    web.short_way.shorts["/parse"] = replace(short_ingest(application), answer=parse_only)
    web.register(routed_parse)
    spare_the_collector()  # as the real one does
    return web
