"""What a status of the lease endpoint means, over HTTP: two clients, one rule."""

import json
import subprocess
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from control_plane.sdk import conformance
from control_plane.sdk.control_link import ControlLink
from control_plane.sdk.courier import ControlPlaneBusy
from control_plane.sdk.features import FeatureGrant, FeatureKind
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_thread import LeaseThread, pause_for
from control_plane.sdk.quota import EVER

SOURCES = Path(conformance.__file__).parents[1] / "javascript" / "src" / "index.js"
SCRIPTS = Path(__file__).parents[2] / "support" / "javascript"
GRANT = FeatureGrant(FeatureKind.METERED, (), per="ever")

KEPT, LET_GO = True, False
RULE = {  # address: whether the same request goes again, and the least wait in seconds
    "200": (KEPT, 0),  # an answer that nobody signed
    "400": (LET_GO, 0),
    "401": (KEPT, 30),
    "403": (KEPT, 30),
    "404": (KEPT, 30),
    "409": (LET_GO, 0),
    "413": (LET_GO, 0),
    "422": (LET_GO, 0),
    "429/7": (KEPT, 7),
    "500": (KEPT, 0),
    "503": (KEPT, 0),
    "503/12": (KEPT, 12),
    "503/Wed, 01 Jan 2200 00:00:00 GMT": (KEPT, 300),
    "503/Sat, 10 Jan 2026 02:00:00 GMT": (KEPT, 0),
}


class Handler(BaseHTTPRequestHandler):
    """Answers with the status, and the Retry-After, that its address says."""

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, *after = (
            self.path.replace("%20", " ").removesuffix("/v1/service/leases")[1:].split("/")
        )
        self.send_response(int(status))
        for seconds in after:
            self.send_header("Retry-After", seconds)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@pytest.fixture
def base():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def address(base, told):
    return f"{base}/{told.replace(' ', '%20')}"


def asking() -> LeaseBook:
    """A book that needs its first lease."""
    book = LeaseBook("ins_1", lambda: 0.0)
    book.account("orders", GRANT, EVER, Decimal(10)).spend(1, 0.0)
    return book


def said_by(script: str, **config: object) -> Any:
    command = [compute_driver_executable()[0], str(SCRIPTS / script)]
    command.append(json.dumps({"module": SOURCES.as_uri(), **config}))
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(said.stdout)


@pytest.mark.parametrize("told", RULE)
def test_the_python_client_keeps_the_rule(base, told):
    book = asking()
    first = book.begin().request_id
    thread = LeaseThread(book, ControlLink(address(base, told), "tys_token"), tenant="", keys={})

    with pytest.raises(Exception) as failed:  # noqa: PT011 - each status has an error of its own
        thread.turn()

    again = book.begin()
    same = again is not None and again.request_id == first
    assert (same, pause_for(failed.value, 1).least) == RULE[told]


def test_the_javascript_client_keeps_the_rule(base):
    found = said_by("refused.mjs", urls=[address(base, told) for told in RULE])

    assert {
        told: (one["same"], one["least"]) for told, one in zip(RULE, found, strict=True)
    } == RULE
    assert all(one["error"] and not one["answered"] for one in found)


def test_a_javascript_client_that_stops_sends_until_nothing_is_due():
    assert said_by("stopping.mjs") == {
        "sent": ["acquire", "renew", "renew", "close"],
        "due": None,
        "error": None,
    }


class BusyLink:
    """A control plane that asks for an hour of patience."""

    def __init__(self):
        self.bodies = []

    def post(self, path, body):
        del path
        self.bodies.append(body)
        raise ControlPlaneBusy(status=503, seconds=3600)


def test_no_need_makes_a_thread_ask_before_the_time_that_it_was_asked_to_wait():
    link, book = BusyLink(), asking()
    thread = LeaseThread(book, link, tenant="", keys={})
    thread.start()
    while thread.last_error is None:
        threading.Event().wait(0.01)

    thread.wake()
    threading.Event().wait(0.4)  # longer than any pause that a need may cut short
    asked = list(link.bodies)
    thread.stop()

    assert len(asked) == 1
    assert link.bodies[1:] == asked  # the last try at the end, with the very same request
