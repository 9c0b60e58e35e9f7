"""Which port of the machine an instance gets."""

import hashlib
from collections.abc import Iterator

from control_plane.kernel.ids import InstanceId

FIRST_PORT = 20_000
LAST_PORT = 29_999
"""Below the range from which Linux gives ports to outgoing connections (ip(7))."""

CANDIDATES = 64


def candidate_ports(instance_id: InstanceId) -> Iterator[int]:
    """Yield ports to try, in an order of the instance's own.

    Always the same for one instance, so that a repeated attempt lands where the first one did;
    scattered over instances, so that many of them rarely try the same.
    """
    span = LAST_PORT - FIRST_PORT + 1
    for attempt in range(CANDIDATES):
        digest = hashlib.sha256(instance_id.bytes + bytes([attempt])).digest()
        yield FIRST_PORT + int.from_bytes(digest[:4]) % span


def local_url(port: int) -> str:
    """Return where this machine reaches an instance."""
    return f"http://127.0.0.1:{port}"
