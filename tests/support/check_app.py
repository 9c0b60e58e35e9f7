"""The web process under measurement: the real application, and a route that decides nothing.

``/bare`` stands behind the same middleware, authentication and guard as a check, reads the same
body, and answers the same document without looking anything up.
"""

import gc
from datetime import UTC, datetime

from litestar import Litestar, post
from litestar.params import JSONBody

from control_plane.runtime.logging import configure_logging
from control_plane.runtime.settings import load_settings
from web.api.entitlement_checks import ASK, CheckRequest, CheckView
from web.asgi import create_app
from web.compose import compose

SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@post("/bare", status_code=200, opt=ASK)
async def bare(data: JSONBody[CheckRequest]) -> CheckView:
    return CheckView(
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


def app() -> Litestar:
    configure_logging("error")
    application = create_app(compose(load_settings()))
    application.register(bare)
    gc.collect()  # as the real one does
    gc.freeze()
    return application
