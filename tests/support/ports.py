"""Ports for tests, handed out so that parallel workers do not meet."""

import itertools
import os
import socket

_COUNTER = itertools.count()
_SPAN = 300

FIRST_PORT = 30_000
"""Above those that instances get, below those that Linux gives to outgoing connections."""

LAST_PORT = FIRST_PORT + 8 * _SPAN - 1


def free_port() -> int:
    """Return a port on 127.0.0.1 below the ephemeral range that nobody listens on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for _ in range(_SPAN):
        port = FIRST_PORT + _SPAN * (worker % 8) + next(_COUNTER) % _SPAN
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")
