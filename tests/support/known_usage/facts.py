"""What happened, by number: what is told of it, and what counts of it in the end.

Everything about a fact follows from the seed and its number, so that five million of them need no
memory, and whoever looks twice sees the same.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b
from typing import Any

from tests.support.usage import cloud_event

SPAN = timedelta(days=75)
EARLY = 3_000
"""How many facts before its own something may be told, such as a correction of what is to come."""
LATE = 20_000
SOURCES = 5
ENDPOINTS = 40
STATUSES = ("200", "404", "500")


class Fate(Enum):
    """What goes wrong with a fact: in each 1,000, so many."""

    PLAIN = 871
    REPEATED = 60
    CONFLICTING = 10
    CORRECTED = 30
    RETRACTED = 20
    CORRECTED_TWICE = 5
    CORRECTED_AND_RETRACTED = 4


@dataclass(frozen=True, slots=True)
class Told:
    """An event that counts: of a fact, or of a correction of it."""

    id: str
    source: str
    time: datetime
    lines: int
    units: str
    endpoint: str
    status: str

    def event(self, **changes: Any) -> dict[str, Any]:
        """Write it as a CloudEvent."""
        return cloud_event(
            self.id,
            source=self.source,
            time=self.time.isoformat(),
            data={
                "lines": self.lines,
                "units": self.units,
                "endpoint": self.endpoint,
                "status": self.status,
            },
            **changes,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """So many facts of the time before ``end``."""

    seed: int
    count: int
    end: datetime

    def fate(self, n: int) -> Fate:
        """Return what goes wrong with a fact."""
        left = int.from_bytes(self._chance(n)[:4]) % 1_000
        for fate in Fate:
            if left < fate.value:
                return fate
            left -= fate.value
        raise AssertionError("fates do not add up to 1,000")

    def told(self, n: int, version: int = 0) -> Told:
        """Return what is told of a fact, or by the n-th correction of it."""
        chance = self._chance(n, version)
        micros = int.from_bytes(chance[8:16]) % (SPAN // timedelta(microseconds=1))
        return Told(
            id=f"f{n}" if not version else f"f{n}-c{version}",
            source=f"/instances/ins_{n % SOURCES}",
            time=self.end - timedelta(microseconds=micros + 1),
            lines=chance[4] % 9 + 1,
            units=f"{chance[5]}.{chance[6] % 100:02d}",
            endpoint=f"/v1/orders/{chance[7] % ENDPOINTS}",
            status=STATUSES[chance[16] % len(STATUSES)],
        )

    def standing(self, n: int) -> Told | None:
        """Return what counts of a fact when all is told."""
        match self.fate(n):
            case Fate.CORRECTED:
                return self.told(n, 1)
            case Fate.CORRECTED_TWICE:
                return self.told(n, 2)
            case Fate.RETRACTED | Fate.CORRECTED_AND_RETRACTED:
                return None
            case _:
                return self.told(n)

    def deliveries(self) -> Iterator[dict[str, Any]]:
        """Tell everything but conflicts: out of order, again, and corrected before it is told."""
        waiting: list[tuple[int, int, dict[str, Any]]] = []
        pushed = 0
        for n in range(self.count):
            for place, event in self._tellings(n):
                heapq.heappush(waiting, (place, pushed, event))
                pushed += 1
            while waiting and waiting[0][0] <= n - EARLY:
                yield heapq.heappop(waiting)[2]
        while waiting:
            yield heapq.heappop(waiting)[2]

    def conflicts(self) -> Iterator[dict[str, Any]]:
        """Tell otherwise what stands already: to be sent when all else was acknowledged."""
        for n in range(self.count):
            if self.fate(n) is Fate.CONFLICTING:
                first = self.told(n)
                yield replace(first, lines=first.lines + 100).event()

    def _tellings(self, n: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """Return what is told of a fact, each with its place among all."""
        fate, told = self.fate(n), self.told(n)
        chance = self._chance(n, version=99)
        near, far = (int.from_bytes(chance[at : at + 4]) for at in (0, 4))
        yield n + near % 500, told.event()
        if fate is Fate.REPEATED:
            yield n + far % LATE, told.event()
        if fate in {Fate.CORRECTED, Fate.CORRECTED_TWICE, Fate.CORRECTED_AND_RETRACTED}:
            correction = self.told(n, 1).event(corrects=told.id)
            yield n - EARLY + far % (EARLY + LATE), correction
            yield n + near % LATE, correction
        if fate is Fate.CORRECTED_TWICE:
            yield n - near % EARLY, self.told(n, 2).event(corrects=f"{told.id}-c1")
        if fate is Fate.CORRECTED_AND_RETRACTED:
            yield n - near % EARLY, replace(told, id=f"{told.id}-r").event(retracts=f"{told.id}-c1")
        if fate is Fate.RETRACTED:
            yield (
                n - EARLY + far % (2 * EARLY),
                replace(told, id=f"{told.id}-r").event(retracts=told.id),
            )

    def _chance(self, n: int, version: int = 0) -> bytes:
        return blake2b(f"{self.seed}:{n}:{version}".encode(), digest_size=24).digest()
