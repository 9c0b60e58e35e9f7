"""The web server: uvicorn, the bounds it lacks, and the processes it works in."""

import asyncio
import logging
import socket
import sys
from typing import Any, Final

import httptools
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from control_plane.kernel.errors import ErrorKind, TallyardError
from web.lifetime import end_with_server

LARGEST_HEAD: Final = 65_536
"""How many bytes a request's line and headers may have while they are not all there."""
HEAD_SECONDS: Final = 30
"""How long they may take to come, from the connection's or the request's first moment."""
LONGEST_QUEUE: Final = 100
"""How many requests of one connection may wait for the answer to the one before."""

_END_SECONDS = 30  # for what has begun when a process is asked to end
_IDLE_SECONDS = 75  # that a connection is kept between requests; longer than clients keep theirs
_HUNG_SECONDS = 30  # without a sign of life, before a worker is replaced

_log = logging.getLogger(__name__)


class PortUnusable(TallyardError):
    """The address to serve on cannot be had."""

    code = "port_unusable"
    kind = ErrorKind.UNAVAILABLE
    message = "Port {port} of {host} cannot be used: {reason}"
    remedy = "End what listens there, or choose another with --port or TALLYARD_PORT."


class Connection(HttpToolsProtocol):
    """A connection on which a request's head comes soon and is of bounded length, or ends it."""

    _in_head = False
    _untold = 0  # bytes since the last that were a whole head's or a body's
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
        """Read on, unless a head, or what follows on a body, has become too long."""
        self._unset_keepalive_if_required()
        self._untold += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._untold > LARGEST_HEAD:
            self.send_400_response("The request's headers are too long.")
        elif self._in_head:
            if self._late is None and not self.flow.read_paused:
                self._expect()
        elif self.cycle is not None and self.cycle.response_complete:
            self._expect_a_request()

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Take what follows for the body, and for no headers.

        Raises:
            ValueError: too many requests wait already; the parser makes a refusal of it.
        """
        self._in_head = False
        self._untold = 0
        self._expect_nothing()
        super().on_headers_complete()
        self.headers = []  # or a body's trailers would come among the headers
        if len(self.pipeline) > LONGEST_QUEUE:
            raise ValueError("too many requests wait for their answers")

    def on_body(self, body: bytes) -> None:
        """Begin to count anew."""
        self._untold = 0
        super().on_body(body)

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                data = self._declined(data[offer.args[0] :])
            else:
                return

    def _should_upgrade(self) -> bool:
        return True  # has uvicorn ignore the parser until the head comes again, without the offer

    def _declined(self, rest: bytes) -> bytes:
        """Give the head without its offer to upgrade: after one the parser would read no body."""
        if self.scope["method"] == "CONNECT":
            raise httptools.HttpParserError("no tunnels here")
        line = f"{self.scope['method']} ".encode() + self.url
        line += f" HTTP/{self.scope['http_version']}".encode()
        kept = (field for field in self.scope["headers"] if field[0] != b"upgrade")
        return b"\r\n".join((line, *map(b": ".join, kept), b"", rest))

    def _expect(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _expect_nothing(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _expect_a_request(self) -> None:
        """Do what uvicorn does after an answer, and not after what still came of its request."""
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )


class Config(uvicorn.Config):
    """What is served, and the end of a worker that cannot build it."""

    def load(self) -> None:
        """Build the application, in a worker that ends with its server.

        Raises:
            SystemExit: that cannot be done; with any other error the worker would be replaced,
                again and again.
        """
        end_with_server()
        try:
            super().load()
        except Exception:  # noqa: BLE001 - whatever it is, it would be so again
            _log.exception("The application cannot be built.")
            sys.exit(STARTUP_FAILURE)


class Supervisor(Multiprocess):
    """Replaces workers that die, and notices at once that they did."""

    def keep_subprocess_alive(self) -> None:
        """Let a worker's end alone hold its end of the pipe, whose closing is the news."""
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()


def server_config(app: Any, host: str, port: int, *, workers: int = 1) -> Config:
    """Say how an ASGI application, or the factory of one by its name, is served."""
    return Config(
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


def serve(config: Config) -> None:
    """Serve in processes of their own until asked to end; one that dies is replaced.

    Raises:
        PortUnusable: another process listens there, or this one may not.
        SystemExit: the application could not be started.
    """
    supervisor = Supervisor(config, [_listening(config)])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        sys.exit(STARTUP_FAILURE)


def _listening(config: Config) -> socket.socket:
    """Listen before there are workers: two servers may bind to one port, but not listen on it."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    address = (config.host, config.port)
    try:
        return socket.create_server(address, family=family, backlog=config.backlog)
    except OSError as error:
        reason = error.strerror or str(error)
        raise PortUnusable(host=config.host, port=config.port, reason=reason) from error
