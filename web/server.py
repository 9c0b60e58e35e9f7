"""The web server: uvicorn, the bounds it lacks, and the processes it works in."""

import asyncio
import sys
from typing import Any, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

LARGEST_HEAD: Final = 65_536
"""How many bytes a request's line and headers may have beyond the first that were read."""
HEAD_SECONDS: Final = 30
"""How long they may take to come, from the connection's or the request's first moment."""

_END_SECONDS = 30  # for what has begun when a process is asked to end
_IDLE_SECONDS = 75  # that a connection is kept between requests; longer than clients keep theirs
_HUNG_SECONDS = 30  # without a sign of life, before a worker is replaced


class Connection(HttpToolsProtocol):
    """A connection on which a request's head comes soon and is of bounded length, or ends it."""

    _in_head = False
    _head = 0
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a head from now on."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless a head that goes on has become too long."""
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        if self._in_head:
            if self._head > LARGEST_HEAD:
                self.send_400_response("The request's headers are too long.")
            elif self._late is None:
                self._expect()

    def on_message_begin(self) -> None:
        """Count the head from here."""
        self._in_head = True
        self._head = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take what follows for the body."""
        self._in_head = False
        self._expect_nothing()
        super().on_headers_complete()

    def _expect(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _expect_nothing(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def server_config(app: Any, host: str, port: int, *, workers: int = 1) -> uvicorn.Config:
    """Say how an ASGI application, or the factory of one by its name, is served."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        host=host,
        port=port,
        workers=workers,
        interface="asgi3",
        http=Connection,
        loop="auto",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here asks who a proxy says that it speaks for
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_END_SECONDS,
        timeout_worker_healthcheck=_HUNG_SECONDS,
    )


def serve(config: uvicorn.Config) -> None:
    """Serve in processes of their own until asked to end; one that dies is replaced.

    Raises:
        SystemExit: the port is taken, or the application could not be started.
    """
    supervisor = Multiprocess(config, [config.bind_socket()])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        sys.exit(STARTUP_FAILURE)
