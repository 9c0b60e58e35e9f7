"""Take a file's events in, chunk by chunk."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from control_plane.kernel.ids import TenantId
from metering.domain.cloudevents import Delivered
from metering.domain.events import IngestResult, IngestStatus
from metering.sources.chunks import Chunk

_FIRST_REASONS = 5
REFUSED = frozenset({IngestStatus.CONFLICT, IngestStatus.REJECTED})


class Takes(Protocol):
    """Takes events that were read, or says what taking them would do."""

    async def deliver(
        self, tenant_id: TenantId, delivered: Sequence[Delivered]
    ) -> list[IngestResult]:
        """Answer for each, in order."""


@dataclass(slots=True)
class Tally:
    """What became of a file's rows so far, and the first row of each reason for a refusal."""

    counts: Counter[IngestStatus] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows were answered for."""
        return self.counts.total()

    @property
    def refused(self) -> int:
        """How many rows will never count."""
        return sum(self.counts[status] for status in REFUSED)

    def add(self, number: int, result: IngestResult) -> None:
        """Count the answer for a row."""
        self.counts[result.status] += 1
        if result.reason is not None:
            self.reasons[result.reason] += 1
            self.first.setdefault(result.reason, number)

    def main_reasons(self) -> list[tuple[str, int, int]]:
        """Return the most frequent reasons: code, rows, the first such row."""
        return [(code, n, self.first[code]) for code, n in self.reasons.most_common(_FIRST_REASONS)]


@dataclass(frozen=True, slots=True)
class ImportEvents:
    """Deliver chunks in order; the next is read while the one before is being committed.

    When a chunk is yielded, its accepted events are on disk. Importing the same file again, or
    again from a place before the last one reached, counts nothing twice.
    """

    takes: Takes

    async def __call__(
        self, tenant_id: TenantId, chunks: Iterator[Chunk]
    ) -> AsyncIterator[tuple[Chunk, list[IngestResult]]]:
        """Yield each chunk with the answers for its rows."""
        chunk = next(chunks, None)
        while chunk is not None:
            under_way = asyncio.create_task(self.takes.deliver(tenant_id, chunk.delivered))
            await asyncio.sleep(0)
            following, failure = _next(chunks)
            yield chunk, await under_way
            if failure is not None:
                raise failure
            chunk = following


def _next(chunks: Iterator[Chunk]) -> tuple[Chunk | None, Exception | None]:
    """Read on; a failure is kept until what was read before it has been answered for."""
    try:
        return next(chunks, None), None
    except Exception as failure:  # noqa: BLE001 - raised by the caller a moment later
        return None, failure
