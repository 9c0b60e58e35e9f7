"""Web and worker as processes: they start, they end when asked, and nothing of them is left."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.integration.cli.shell import Shell, shell_for
from tests.support.ports import free_port

PATIENCE_SECONDS = 60


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def tallyard(settings, port) -> Shell:
    return shell_for(settings, TALLYARD_PORT=str(port))


def wait_until(happened) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def is_ready(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in found.split()]


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()


def test_a_server_killed_leaves_no_worker_behind_to_answer_in_its_place(
    tallyard: Shell, tmp_path, port
):
    with tallyard.running("serve", log=tmp_path / "first.log") as first:
        wait_until(lambda: is_ready(port))
        workers = children(first.pid)
        first.send_signal(signal.SIGKILL)
        first.wait(20)
        wait_until(lambda: all(map(is_gone, workers)))

    assert workers, "the server works through processes of its own"
    assert not is_ready(port)


def test_a_server_asked_to_end_ends_well(tallyard: Shell, tmp_path, port):
    with tallyard.running("serve", log=tmp_path / "web.log") as server:
        wait_until(lambda: is_ready(port))
        workers = children(server.pid)
        server.terminate()
        assert server.wait(PATIENCE_SECONDS) == 0
        wait_until(lambda: all(map(is_gone, workers)))


def test_a_worker_asked_to_end_ends_well(tallyard: Shell, tmp_path):
    log = tmp_path / "worker.log"
    with tallyard.running("worker", log=log) as worker:
        wait_until(lambda: "worker_started" in log.read_text())
        worker.terminate()
        assert worker.wait(PATIENCE_SECONDS) == 0
    assert "worker_stopped" in log.read_text()
