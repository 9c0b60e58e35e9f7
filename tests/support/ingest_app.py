"""The web process under measurement: the real application, and a route that only parses.

``/parse`` stands behind the same middleware, authentication and guard as
``/v1/events``, reads the events in the same way, and answers without a database.
"""

import gc
from typing import Any

from litestar import Litestar, Request, post

from control_plane.identity.domain import Permission
from control_plane.runtime.logging import configure_logging
from control_plane.runtime.settings import load_settings
from metering.domain.cloudevents import parse_events
from web.api.event_bodies import read_delivery
from web.api.event_results import EventResult, EventResults
from web.asgi import create_app
from web.compose import compose


@post("/parse", status_code=200, opt={"permission": Permission.USAGE_WRITE, "idempotent": False})
async def parse_only(request: Request[Any, Any, Any]) -> EventResults:
    events = parse_events((await read_delivery(request)).body)
    return EventResults([EventResult(event.source, event.id, "accepted", None) for event in events])


def app() -> Litestar:
    configure_logging("error")
    application = create_app(compose(load_settings()))
    application.register(parse_only)
    gc.collect()  # as the real one does
    gc.freeze()
    return application
