"""The web process under measurement: the real application, and a route that decides nothing.

``/bare`` stands behind the same edge, authentication and guard as a check, on the same short way
before the framework; it reads the same body, and answers the same document without looking
anything up.
"""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from control_plane.runtime.logging import configure_logging
from control_plane.runtime.settings import load_settings
from web.api.entitlement_checks import CheckRequest, CheckView, short_check
from web.asgi import WebApp, create_app
from web.compose import compose
from web.edge.short_way import Asked
from web.lifetime import spare_the_collector

SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_request = msgspec.json.Decoder(CheckRequest)


async def bare(asked: Asked) -> bytes:
    data = _request.decode(await asked.read())
    view = CheckView(
        feature=data.feature,
        allowed=True,
        reason="granted",
        limit=None,
        remaining=None,
        value=None,
        valid_until=None,
        revision=1,
        at=SOME_TIME,
        age_seconds=0,
    )
    return msgspec.json.encode(view)


def app() -> WebApp:
    configure_logging("error")
    application = compose(load_settings())
    web = create_app(application)
    web.short_way.shorts["/bare"] = replace(short_check(application), answer=bare)
    spare_the_collector()  # as the real one does
    return web
