"""The way to the control plane with nothing but the standard library: one answer, or a stream."""

import http.client
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from control_plane.kernel.clock import Clock, SystemClock
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.courier import ControlPlaneBusy, wait_asked_for
from control_plane.sdk.envelope import Envelope, EnvelopeInvalid
from control_plane.sdk.events import LARGEST, MEDIA_TYPE, StreamEvent, read_events
from control_plane.sdk.stream_body import read_body

_JSON = "application/json"
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_NO_STREAM = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_ACCEPTABLE}


class ControlPlaneRefused(TallyardError):
    """The control plane answered, but not with what was asked for."""

    code = "control_plane_refused"
    kind = ErrorKind.UNAVAILABLE
    message = "The control plane answered {path} with {status}."
    remedy = "Check the service token and the address of the control plane."

    def __init__(self, *, path: str, status: int) -> None:
        self.status = status
        super().__init__(path=path, status=status)

    @property
    def no_such_stream(self) -> bool:
        """Whether this control plane, or something before it, knows no streams."""
        return self.status in _NO_STREAM


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """What one request brought: a newer snapshot if there is one, a heartbeat, newer key rings."""

    snapshot: Envelope | None
    heartbeat: Envelope
    keys: tuple[Envelope, ...] = ()


@dataclass(slots=True)
class ControlLink:
    """Speaks the service API with a service token, over a connection per answer or stream.

    ``silence_seconds`` is how long the other side may say nothing at all.
    """

    url: str
    token: str = field(repr=False)
    silence_seconds: float = 15.0
    context: ssl.SSLContext | None = None
    clock: Clock = field(default_factory=SystemClock)
    _open: socket.socket | None = field(default=None, init=False, repr=False)

    def fetch(self, have: int, ring: int, wait: int = 0) -> SyncAnswer:
        """Ask for what is newer than revision ``have`` and key ring ``ring``.

        With ``wait``, a control plane that has nothing newer answers after that many seconds.

        Raises:
            ControlPlaneRefused: it answered otherwise.
            OSError, http.client.HTTPException: it did not answer, or stopped.
            EnvelopeInvalid, ValueError: the answer cannot be read.
        """
        query = {"have": have, "ring": ring} | ({"wait": wait} if wait else {})
        path = "/v1/service/snapshot"
        with (
            closing(self._connect(self.silence_seconds + wait)) as connection,
            self._get(connection, path, query, "application/json") as response,
        ):
            body = json.loads(_read_whole(response))
        if not isinstance(body, dict):
            raise EnvelopeInvalid(reason="the answer is no object")
        keys = body.get("keys") or []
        if not isinstance(keys, list):
            raise EnvelopeInvalid(reason="the key rings are no list")
        snapshot = body.get("snapshot")
        return SyncAnswer(
            None if snapshot is None else Envelope.from_json(snapshot),
            Envelope.from_json(body.get("heartbeat")),
            tuple(Envelope.from_json(item) for item in keys),
        )

    def stream(self, have: int, ring: int) -> Iterator[StreamEvent]:
        """Follow what happens; it ends when the other side ends it, or is silent for too long.

        Whatever comes without an event, such as comments of something between, is silence too.

        Raises:
            ControlPlaneRefused: there is no stream to be had.
            OSError, http.client.HTTPException: the connection broke or fell silent.
        """
        query = {"have": have, "ring": ring}
        with closing(self._connect(self.silence_seconds)) as connection:
            self._open = sock = connection.sock
            try:
                with self._get(connection, "/v1/service/stream", query, MEDIA_TYPE) as response:
                    monotonic = self.clock.monotonic
                    pieces = _Awaited(read_body(response, sock), monotonic, self.silence_seconds)
                    for event in read_events(pieces):
                        yield event
                        pieces.since = monotonic()
            finally:
                self._open = None

    def post(self, path: str, body: object, media_type: str = _JSON) -> object:
        """Send JSON and return the JSON of the answer.

        Raises:
            ControlPlaneBusy: it takes nothing now, and says for how long.
            ControlPlaneRefused: it answered otherwise.
            OSError, http.client.HTTPException, ValueError: nothing is known of what was sent.
        """
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": media_type}
        with closing(self._connect(self.silence_seconds)) as connection:
            before = urlsplit(self.url).path.rstrip("/")
            connection.request("POST", f"{before}{path}", body=data, headers=headers)
            with connection.getresponse() as response:
                answer = _read_whole(response)
                if response.status in _BUSY:
                    asked = wait_asked_for(response.headers["Retry-After"], self.clock.now())
                    raise ControlPlaneBusy(status=response.status, seconds=asked)
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise ControlPlaneRefused(path=path, status=response.status)
        return json.loads(answer)

    def interrupt(self) -> None:
        """Break the stream that another thread follows."""
        open_now = self._open
        if open_now is not None:
            with suppress(OSError):
                open_now.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """Let go of a stream of the process we were forked from, which goes on using it.

        Nothing is said on it. Our copy has to go: while it is open, the other side would not see
        that process end.
        """
        open_now, self._open = self._open, None
        if open_now is not None:
            with suppress(OSError):
                os.close(open_now.detach())

    def _connect(self, seconds: float) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
        if parts.scheme == "https":
            self.context = self.context or ssl.create_default_context()
            context = self.context
            connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
        connection.connect()
        return connection

    def _get(
        self, connection: http.client.HTTPConnection, path: str, query: dict[str, int], accept: str
    ) -> http.client.HTTPResponse:
        before = urlsplit(self.url).path.rstrip("/")
        headers = {"Authorization": f"Bearer {self.token}", "Accept": accept}
        connection.request("GET", f"{before}{path}?{urlencode(query)}", headers=headers)
        response = connection.getresponse()
        kind = response.headers.get_content_type()
        if response.status != HTTPStatus.OK or kind != accept:
            status = response.status if response.status != HTTPStatus.OK else 406
            raise ControlPlaneRefused(path=path, status=status)
        return response


class _Awaited:
    """Pieces of a stream for as long as there is an event among them every so many seconds."""

    def __init__(
        self, pieces: Iterable[bytes], monotonic: Callable[[], float], seconds: float
    ) -> None:
        self._pieces, self._monotonic, self._seconds = pieces, monotonic, seconds
        self.since = monotonic()
        """When the last event was told of."""

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield piece  # whoever reads it tells of every event in it before asking for more
            if self._monotonic() - self.since > self._seconds:
                raise TimeoutError("the stream says nothing but comments")


def _read_whole(response: http.client.HTTPResponse) -> bytes:
    """Return a body that is no longer than any snapshot."""
    length = response.length
    if length is None:
        body = response.read(LARGEST + 1)
        length = len(body)
    elif length <= LARGEST:
        body = response.read()
    if length > LARGEST:
        raise http.client.LineTooLong("answer")
    return body
