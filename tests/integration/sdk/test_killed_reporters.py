"""SIGKILL at random moments, and a control plane that comes and goes: each call counts once."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from control_plane.sdk.call_reporter import CallReporter
from control_plane.sdk.call_spool import CallSpool

FEW, MANY = 5, 200


class ControlPlane(ThreadingHTTPServer):
    """Keeps events by identity. Away in turns, and now and then its answer is lost."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, chance: random.Random) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.chance = chance
        self.stored: dict[tuple[str, str], dict] = {}
        self.conflicts = 0
        self.lost = 0
        self.guard = threading.Lock()

    def take(self, events: list[dict]) -> list[dict]:
        with self.guard:
            return [self._take(event) for event in events]

    def _take(self, event: dict) -> dict:
        identity = event["source"], event["id"]
        known = self.stored.setdefault(identity, event)
        self.conflicts += known != event
        return {"source": identity[0], "id": identity[1], "status": "accepted"}


class _Handler(BaseHTTPRequestHandler):
    server: ControlPlane

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        luck = self.server.chance.random()
        if luck < 0.2:
            self.send_error(503)
            return
        results = self.server.take(json.loads(body))
        if luck < 0.4:
            self.server.lost += 1
            self.connection.close()
            return
        answer = json.dumps({"results": results}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def control():
    server = ControlPlane(random.Random(11))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def run_until_killed(folder, first, url, seconds) -> list[int]:
    """Return the numbers whose calls were recorded before SIGKILL."""
    command = [sys.executable, "-m", "tests.support.call_recorder", str(folder), str(first), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        numbers = [int(process.stdout.readline())]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            numbers.append(int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split(b"\n")
        numbers += [int(line) for line in rest[:-1]]
    assert process.returncode == -signal.SIGKILL
    return numbers


async def kill_and_count(control, folder, kills: int) -> None:
    url = f"http://127.0.0.1:{control.server_port}/v1/events"
    acknowledged: list[int] = []
    for _ in range(kills):
        first = acknowledged[-1] + 1000 if acknowledged else 0
        seconds = control.chance.uniform(0.01, 0.12)
        acknowledged += run_until_killed(folder, first, url, seconds)

    spool = CallSpool(folder, source="/instances/ins_1", subject="m")

    async def send(events):
        return control.take(events)

    await CallReporter(spool, send).flush()
    left = [path.name for path in folder.iterdir() if path.suffix != ".damaged"]
    spool.close()

    counted = sorted(event["data"]["n"] for event in control.stored.values())
    assert len(counted) == len(set(counted))
    assert set(acknowledged) <= set(counted)
    # Killed between recording and saying so, a call was counted and not answered: one a kill.
    assert len(counted) - len(acknowledged) <= kills
    assert control.conflicts == 0
    assert left == []


async def test_killed_again_and_again_no_call_is_lost_and_none_counted_twice(control, tmp_path):
    await kill_and_count(control, tmp_path / "calls", FEW)


@pytest.mark.nightly
async def test_killed_many_times_no_call_is_lost_and_none_counted_twice(control, tmp_path):
    await kill_and_count(control, tmp_path / "calls", MANY)
    assert control.lost > FEW
