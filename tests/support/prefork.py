"""A small pre-forking server: it imports and subscribes once, and its forked children serve.

``python -m tests.support.prefork URL TOKEN TENANT PUBLIC_KEYS CHILDREN`` prints the port it serves
on. ``GET /FEATURE`` answers with the child's own decision, as JSON.
"""

import contextlib
import json
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler

from control_plane.kernel.clock import SystemClock
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.envelope import load_public_keys
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.subscriber import Subscriber


def main(url: str, token: str, tenant: str, public_keys: str, children: str) -> None:
    ring = KeyRing(load_public_keys(public_keys))
    state = EntitlementState(tenant=tenant, keys=ring, clock=SystemClock())
    subscriber = Subscriber(state, url=url, token=token, ring=ring)
    subscriber.start()
    state.wait_for(1, 20)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            decision = state.check(self.path.lstrip("/"))
            found = {
                "pid": os.getpid(),
                "alive": subscriber.alive(),
                "connected": subscriber.connected,
                "allowed": decision.allowed,
                "revision": state.revision,
            }
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    pids = [_child(listening, Handler) for _ in range(int(children))]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    print(listening.getsockname()[1], flush=True)
    try:
        for pid in pids:
            os.waitpid(pid, 0)
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.kill(pid, signal.SIGKILL)


def _child(listening: socket.socket, handler: type[BaseHTTPRequestHandler]) -> int:
    pid = os.fork()
    if pid == 0:
        while True:
            connection, address = listening.accept()
            handler(connection, address, None)  # type: ignore[arg-type]
            connection.shutdown(socket.SHUT_WR)
            connection.close()
    return pid


if __name__ == "__main__":
    main(*sys.argv[1:])
