"""The smallest thing that behaves like a module service towards a runtime.

Ready over HTTP, counts its starts in its data folder, shows its environment, ends on SIGTERM.
Standard library only: the same text runs as a process and, by ``python -c``, in a container.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STARTS = Path(os.environ["TALLYARD_DATA_DIR"]) / "starts"
SHOWN = ("TALLYARD_MODULE", "TALLYARD_TENANT_ID", "TALLYARD_INSTANCE_ID", "TALLYARD_CONTROL_URL",
         "TALLYARD_PEERS", "TALLYARD_LISTEN", "TALLYARD_DATA_DIR", "GREETING")  # fmt: skip


class Answer(BaseHTTPRequestHandler):
    """Answers readiness and what the tests ask."""

    def do_GET(self) -> None:
        """Answer ``/health/ready`` and ``/facts``."""
        ready = os.environ.get("NEVER_READY") is None
        body = json.dumps(facts()).encode()
        self.send_response(200 if ready or self.path == "/facts" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the log to what the tests look for."""


def facts() -> dict[str, object]:
    """Return what the tests want to know of this process."""
    return {
        "pid": os.getpid(),
        "uid": os.getuid(),
        "starts": int(STARTS.read_text(encoding="ascii")),
        "env": {name: os.environ.get(name) for name in SHOWN},
    }


def main() -> None:
    """Count the start, then serve until SIGTERM."""
    before = int(STARTS.read_text(encoding="ascii")) if STARTS.exists() else 0
    STARTS.write_text(str(before + 1), encoding="ascii")
    host, _, port = os.environ["TALLYARD_LISTEN"].rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Answer)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"stand-in start {before + 1}", flush=True)
    server.serve_forever()
    sys.exit(0)


main()
