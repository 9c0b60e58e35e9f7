"""A control plane that only tells of one tenant's snapshot, in threads of this process."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from control_plane.entitlements.key_file import KeyFile
from control_plane.kernel.clock import SystemClock
from control_plane.sdk.envelope import Envelope, generate_key_pair, key_id_of, sign
from control_plane.sdk.events import event_text
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Heartbeat, Snapshot, Window

TENANT = "ten_01h455vb4pex5vsknk084sn02q"
START = datetime(2020, 1, 1, tzinfo=UTC)


class ControlStandIn:
    """Answers polls and streams. Its fields say how well: change them while it runs."""

    def __init__(self, *, beat_seconds: float = 0.05) -> None:
        self.beat_seconds = beat_seconds
        self.file = KeyFile((generate_key_pair()[0],))
        self.revision = 0
        self.features: tuple[str, ...] = ("inbound",)
        self.streams = True  # False: an older control plane, which has no such route
        self.silent = False  # connections stay open, and nothing comes any more
        self.odd: bytes | None = None  # what polls are answered with instead
        self.polls = self.opened = 0
        self.changed = threading.Condition()
        self.publish("inbound")
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ring(self) -> KeyRing:
        """What a service is given when it is started."""
        return KeyRing(self.file.public_keys)

    def publish(self, *features: str) -> int:
        with self.changed:
            self.features = features
            self.revision += 1
            self.changed.notify_all()
        return self.revision

    def change_keys(self, file: KeyFile) -> None:
        with self.changed:
            self.file = file
            self.changed.notify_all()

    def start(self) -> None:
        control = self

        class Handler(_Handler):
            stand_in = control

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._connections: set[object] = set()
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    def stop(self) -> None:
        """End as a killed process does: every connection breaks."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
            with self.changed:
                self.changed.notify_all()

    @property
    def running(self) -> bool:
        return self._server is not None

    def signed(self, message: object) -> Envelope:
        key = self.file.signing
        return sign(message.to_bytes(), key, key_id_of(key.public_key()))

    def snapshot(self) -> Envelope:
        window = Window(START, None, "plan:test@1")
        features = {code: FeatureGrant(FeatureKind.BOOLEAN, (window,)) for code in self.features}
        now = SystemClock().now() - timedelta(seconds=1)
        return self.signed(Snapshot(TENANT, self.revision, now, "Asia/Shanghai", features))

    def heartbeat(self) -> Envelope:
        return self.signed(Heartbeat(TENANT, self.revision, SystemClock().now()))


class _Handler(BaseHTTPRequestHandler):
    stand_in: ControlStandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        control, parts = self.stand_in, urlsplit(self.path)
        query = parse_qs(parts.query)
        have, ring = int(query["have"][0]), int(query["ring"][0])
        if self.headers["Authorization"] != "Bearer tys_token":
            self.send_error(401)
        elif parts.path == "/v1/service/snapshot":
            control.polls += 1
            self._answer(have, ring)
        elif parts.path == "/v1/service/stream" and control.streams:
            control.opened += 1
            self._stream(have, ring)
        else:
            self.send_error(404)

    def _answer(self, have: int, ring: int) -> None:
        control = self.stand_in
        body = json.dumps(
            {
                "snapshot": control.snapshot().to_json() if have < control.revision else None,
                "heartbeat": control.heartbeat().to_json(),
                "keys": [envelope.to_json() for envelope in control.file.rings[ring:]],
            }
        ).encode()
        body = body if control.odd is None else control.odd
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, have: int, ring: int) -> None:
        control = self.stand_in
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while control.running:
            if not control.silent:
                have, ring = self._tell(have, ring)
            with control.changed:
                if control.revision == have or control.silent:
                    control.changed.wait(control.beat_seconds)

    def _tell(self, have: int, ring: int) -> tuple[int, int]:
        control = self.stand_in
        rings = control.file.rings
        events = [event_text("keys", envelope.to_json()) for envelope in rings[ring:]]
        if control.revision > have:
            events.append(event_text("snapshot", control.snapshot().to_json()))
        events.append(event_text("heartbeat", control.heartbeat().to_json()))
        self.wfile.write(b"".join(events))
        return max(have, control.revision), len(rings)


def until(happened, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
