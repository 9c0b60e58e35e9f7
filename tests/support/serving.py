"""Real servers for tests: in a process of its own as `tallyard serve` makes it, or in the loop.

``python -m tests.support.serving tests.support.ingest_app:app 8000`` serves what a factory makes.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from litestar.types import Receive, Send

from web.server import serve, server_config


class InLoop(uvicorn.Server):
    """A server that leaves the process's signals alone."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def command(app: str, port: int) -> list[str]:
    """Return the command line of a server with one worker."""
    return [sys.executable, "-m", "tests.support.serving", app, str(port)]


async def live(receive: Receive, send: Send) -> None:
    """Go through the lifespan of an application that neither needs nor leaves anything."""
    kind = ""
    while kind != "lifespan.shutdown":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})  # type: ignore[typeddict-item] # one of two


@asynccontextmanager
async def serving(app: Any, port: int) -> AsyncIterator[None]:
    """A real server on a port of this machine, for the length of the block."""
    server = InLoop(server_config(app, "127.0.0.1", port))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
        if running.done():
            running.result()
    try:
        yield
    finally:
        server.should_exit = True
        await running


if __name__ == "__main__":
    serve(server_config(sys.argv[1], "127.0.0.1", int(sys.argv[2])))
