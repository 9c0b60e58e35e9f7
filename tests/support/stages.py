"""Web applications that tests take turns with: building the routes costs half a second each time.

An `Application` holds all its parts as attributes, built on first use. Forgetting them and
starting over with other settings and another clock makes it a new one, behind the same routes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from litestar import Litestar

from control_plane.kernel.clock import Clock
from control_plane.runtime.settings import Settings
from web.asgi import create_app
from web.compose import Application, compose

# What `create_app` hands to the edge by itself, rather than through the application.
HANDED = (
    "authenticate_session",
    "authenticate_api_key",
    "authenticate_service_token",
    "work",
    "clock",
)
_free: list[tuple[Application, Litestar]] = []


@dataclass(frozen=True)
class Late:
    """What an application calls by this name when it is used, not when the routes were built."""

    application: Application
    name: str

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return getattr(self.application, self.name)(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self.application, self.name), name)


def _built(settings: Settings, clock: Clock) -> tuple[Application, Litestar]:
    application = compose(settings, clock)
    vars(application).update({name: Late(application, name) for name in HANDED})
    return application, create_app(application)


def start_over(application: Application, settings: Settings, clock: Clock) -> None:
    """Forget every part, and whatever they remember."""
    vars(application).clear()
    Application.__init__(application, settings, clock)


@asynccontextmanager
async def staged(settings: Settings, clock: Clock) -> AsyncIterator[tuple[Application, Litestar]]:
    """An application put together afresh, and the web application in front of it."""
    application, app = _free.pop() if _free else _built(settings, clock)
    start_over(application, settings, clock)
    try:
        yield application, app
    finally:
        await application.close()
        _free.append((application, app))
