"""What events add up to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby


@dataclass(frozen=True, slots=True)
class UsageTotal:
    """The quantity of a meter over a set of events, and which set it was.

    ``digest`` is the hex form of ``event_set_digest`` over the events' hashes:
    the same set gives the same digest, in whatever order it arrived.
    """

    quantity: Decimal
    events: int
    digest: str


@dataclass(frozen=True, slots=True)
class UsagePoint:
    """The usage of one window ``[start, end)``; windows without events are zero."""

    start: datetime
    end: datetime
    quantity: Decimal
    events: int


def event_set_digest(hashes: Iterable[bytes]) -> str:
    """Name a set of events by one SHA-256, independent of their order.

    Two levels (the sorted hashes of each first byte, then those results in
    order), so that PostgreSQL computes the same without ever joining more than
    1/256 of a set into one value.
    """
    branches = (
        hashlib.sha256(b"".join(branch)).digest()
        for _, branch in groupby(sorted(hashes), key=lambda value: value[0])
    )
    return hashlib.sha256(b"".join(branches)).hexdigest()
