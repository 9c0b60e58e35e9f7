"""The server's processes: a dead one is replaced, and what cannot be served is told once."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.cli.shell import shell_for
from tests.support.ports import free_port
from tests.support.serving import command, live

PATIENCE_SECONDS = 20
HERE = "tests.integration.web.test_server_processes"


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    answer = str(os.getpid()).encode()
    headers = [(b"content-length", str(len(answer)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def whole():
    return app


def unbuildable():
    raise LookupError("no such store")


def unstartable():
    async def refuse(scope, receive, send):
        raise LookupError("no such store")

    return refuse


@contextmanager
def running(factory: str, port: int, log: Path):
    with log.open("wb") as file:
        process = subprocess.Popen(command(f"{HERE}:{factory}", port), stdout=file, stderr=file)
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def worker_of(port: int) -> int:
    """Ask the server, until it answers, which process does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as asked:
                asked.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
                with asked.makefile("rb") as answer:
                    return int(answer.read().rpartition(b"\n")[2])
        except (OSError, ValueError):
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.05)


def test_a_worker_killed_is_replaced(tmp_path):
    port = free_port()
    with running("whole", port, tmp_path / "log") as server:
        first = worker_of(port)
        os.kill(first, signal.SIGKILL)
        second = worker_of(port)
        server.terminate()

        assert server.wait(PATIENCE_SECONDS) == 0
        assert second not in {first, server.pid}


def test_a_server_killed_takes_its_worker_along(tmp_path):
    port = free_port()
    with running("whole", port, tmp_path / "log") as server:
        worker = worker_of(port)
        server.kill()
        server.wait(PATIENCE_SECONDS)

        deadline = time.monotonic() + PATIENCE_SECONDS
        while Path(f"/proc/{worker}").exists():
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.05)


@pytest.mark.parametrize("factory", ["unbuildable", "unstartable", "missing"])
def test_an_application_that_cannot_start_ends_the_server(tmp_path, factory):
    log = tmp_path / "log"
    with running(factory, free_port(), log) as server:
        assert server.wait(PATIENCE_SECONDS) == 3

    said = log.read_text()
    reason = 'Attribute "missing"' if factory == "missing" else "LookupError: no such store"
    assert said.count(reason) == 1, said


def test_a_port_that_is_taken_is_named(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shell_for(settings).anew("serve", "--port", str(port))

    assert done.status == 1
    assert done.err.startswith(f"Port {port} of 127.0.0.1 cannot be used: Address already in use")
    assert "Traceback" not in done.err


def test_two_servers_that_start_at_once_do_not_share_a_port(tmp_path):
    port = free_port()
    with (
        running("whole", port, tmp_path / "a") as one,
        running("whole", port, tmp_path / "b") as two,
    ):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while one.poll() is None and two.poll() is None:
            assert time.monotonic() < deadline, "both go on"
            time.sleep(0.05)
        assert worker_of(port)

        assert {one.poll(), two.poll()} == {None, 1}
