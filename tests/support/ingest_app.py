"""The web process under measurement: the real application, and a route that only parses.

``/parse`` stands behind the same edge, authentication and guard as ``/v1/events``, on the same
short way before the framework; it reads the events in the same way, and answers without a database.
"""

from dataclasses import replace

import msgspec

from control_plane.runtime.logging import configure_logging
from control_plane.runtime.settings import load_settings
from metering.domain.cloudevents import parse_events
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


def app() -> WebApp:
    configure_logging("error")
    application = compose(load_settings())
    web = create_app(application)
    web.short_way.shorts["/parse"] = replace(short_ingest(application), answer=parse_only)
    spare_the_collector()  # as the real one does
    return web
