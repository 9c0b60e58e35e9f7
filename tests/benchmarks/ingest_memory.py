"""Whether the web process grows under full load: its resident memory, a minute on.

Batches of 1,000 as fast as they are answered, and single events beside them.
"""

import asyncio
from collections.abc import Iterable

from tests.support.ingest_bench import Bench, running_web
from tests.support.ingest_load import endless, full_load, resident_bytes

BATCH = 1_000
SECONDS = {"small": 60, "full": 600}
BATCH_SENDERS = 2
SINGLE_SENDERS = 4


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the bytes at the end, to those after a tenth of the time."""
    seconds = SECONDS[size]
    with running_web() as bench:
        early, late, sent = asyncio.run(_measure(bench, seconds))
    yield {
        "name": "ingest_memory",
        "value": late,
        "unit": "bytes",
        "baseline": early,
        "ratio": round(late / early, 3),
        "conditions": {
            "seconds": seconds,
            "events": sent,
            "batch": BATCH,
            "batch_senders": BATCH_SENDERS,
            "single_senders": SINGLE_SENDERS,
            "web_processes": 1,
            "baseline": "resident bytes after a tenth of the time",
        },
    }


async def _measure(bench: Bench, seconds: int) -> tuple[int, int, int]:
    batches, singles = endless(bench, BATCH), endless(bench, 1)
    sent = 0
    found = []
    for part in (seconds / 10, seconds * 9 / 10):
        in_batches, alone = await asyncio.gather(
            full_load(bench.port, part, batches, BATCH_SENDERS),
            full_load(bench.port, part, singles, SINGLE_SENDERS),
        )
        sent += in_batches * BATCH + alone
        found.append(resident_bytes(bench.pid))
    return found[0], found[1], sent
