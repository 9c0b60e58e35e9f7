"""The name of a set of events that can be added up: `sum256:<count>:<hex>`.

The older name, `metering.domain.usage.event_set_digest`, needs every hash in order. This one adds:
each hash is four signed numbers of 64 bits, the lanes, and a set is named by the lanes' exact sums
and by how many events it holds. Sets put together add up, what is taken back subtracts, so a
rollup carries its events' name without them.

It tells sets apart that differ by accident, by a defect or by an edit of stored rows. Whoever could
choose the hashes of very many events might find two sets of one sum; an event's hash is that of
its body, which only its own tenant writes.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

PREFIX = "sum256:"
_LANE_BYTES = 8
_LANES = 4


@dataclass(frozen=True, slots=True)
class Lanes:
    """The sums of the four lanes over a set of hashes; exact, so without a bound."""

    first: int = 0
    second: int = 0
    third: int = 0
    fourth: int = 0

    def plus(self, other: "Lanes") -> "Lanes":
        """Return the lanes of both sets together."""
        return Lanes(
            self.first + other.first,
            self.second + other.second,
            self.third + other.third,
            self.fourth + other.fourth,
        )

    def less(self, other: "Lanes") -> "Lanes":
        """Return the lanes of a set without a part of it."""
        return Lanes(
            self.first - other.first,
            self.second - other.second,
            self.third - other.third,
            self.fourth - other.fourth,
        )


def lanes_of(body_hash: bytes) -> Lanes:
    """Read the lanes of one SHA-256, big-endian and signed, as PostgreSQL casts bytes to bigint."""
    places = (slice(n * _LANE_BYTES, (n + 1) * _LANE_BYTES) for n in range(_LANES))
    return Lanes(*(int.from_bytes(body_hash[at], signed=True) for at in places))


def sum_digest(count: int, lanes: Lanes) -> str:
    """Name a set by how many it holds and the sums of their lanes."""
    text = f"{count}:{lanes.first},{lanes.second},{lanes.third},{lanes.fourth}"
    return f"{PREFIX}{count}:{hashlib.sha256(text.encode()).hexdigest()}"


def added_digest(hashes: Iterable[bytes]) -> str:
    """Name a set of events by their hashes, one after the other."""
    count, lanes = 0, Lanes()
    for body_hash in hashes:
        count, lanes = count + 1, lanes.plus(lanes_of(body_hash))
    return sum_digest(count, lanes)


def is_added(digest: str) -> bool:
    """Tell whether a digest is of the kind that adds up."""
    return digest.startswith(PREFIX)
