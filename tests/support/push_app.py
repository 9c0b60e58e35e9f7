"""The web process under measurement: the real application, and a route that only passes on.

``/bare`` stands behind the same middleware, authentication and guard as ``/v1/service/stream``. It
hears of PostgreSQL's notifications on a connection of its own and sends each, as it is, to
everybody who listens.
"""

import asyncio
from collections.abc import AsyncIterator

import psycopg
from litestar import Litestar, get
from litestar.response import Stream

from control_plane.identity.domain import Permission
from control_plane.runtime.logging import configure_logging
from control_plane.runtime.roles import Role, plain_dsn, role_url
from control_plane.runtime.settings import Settings, load_settings
from web.asgi import create_app
from web.compose import compose
from web.lifetime import end_with_server, spare_the_collector

CHANNEL = "bare"


class Bare:
    """One LISTEN connection, and everybody who waits for what it hears."""

    def __init__(self, settings: Settings) -> None:
        self.dsn = plain_dsn(role_url(settings, Role.SYSTEM))
        self.waiting: set[asyncio.Queue[bytes]] = set()
        self.task: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self.dsn, autocommit=True)
        await connection.execute(f"LISTEN {CHANNEL}")
        async for notice in connection.notifies():
            event = f"event: bare\ndata: {notice.payload}\n\n".encode()
            for queue in self.waiting:
                queue.put_nowait(event)

    async def events(self) -> AsyncIterator[bytes]:
        if self.task is None:
            self.task = asyncio.create_task(self.listen())
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.waiting.add(queue)
        yield b": here\n\n"
        while True:
            yield await queue.get()


def app() -> Litestar:
    end_with_server()
    configure_logging("error")
    settings = load_settings()
    bare = Bare(settings)

    @get("/bare", opt={"permission": Permission.SERVICE_SYNC})
    async def pass_on() -> Stream:
        return Stream(bare.events(), media_type="text/event-stream")

    application = create_app(compose(settings))
    application.register(pass_on)
    spare_the_collector()  # as the real one does
    return application
