"""How long one event waits for its acknowledgement, at half of what can be taken.

64 connections send single events at an even pace; the baseline inserts and commits one row at the
same pace over as many connections to the same server. Both in turns.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from statistics import median, quantiles

from tests.support.ingest_bench import Bench, body_of, events, running_web
from tests.support.ingest_load import committers, paced, senders

CONNECTIONS = 64
SECONDS = {"small": 5, "full": 60}
CALIBRATION = 1_500
ROUNDS = 3


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the 99th percentile, from when an event was due to be sent."""
    with running_web() as bench:
        load, rounds = asyncio.run(_measure(bench, SECONDS[size]))
    mine, bare = (median(side) for side in zip(*rounds, strict=True))
    yield {
        "name": "ingest_single_p99",
        "value": round(mine * 1000, 2),
        "unit": "ms",
        "baseline": round(bare * 1000, 2),
        "ratio": round(mine / bare, 3),
        "conditions": {
            "connections": CONNECTIONS,
            "events_per_second": round(load),
            "seconds": SECONDS[size],
            "rounds": ROUNDS,
            "web_processes": 1,
            "durable": True,
            "baseline": "INSERT of one row and commit, same connections and pace",
        },
    }


async def _measure(bench: Bench, seconds: int) -> tuple[float, list[tuple[float, float]]]:
    requests = _requests(bench)
    acts = await senders(bench.port, requests, CONNECTIONS)
    bare = await committers(bench.settings.database_url, CONNECTIONS)
    started = time.perf_counter()
    await paced(acts, CALIBRATION * 1000, CALIBRATION)  # all are due at once
    load = CALIBRATION / (time.perf_counter() - started) / 2
    count = max(500, round(load * seconds))
    rounds = []
    for _ in range(ROUNDS):
        mine = await paced(acts, load, count)
        rounds.append((_p99(mine), _p99(await paced(bare, load, count))))
    return load, rounds


def _requests(bench: Bench) -> Iterator[bytes]:
    for n in itertools.count():
        for event in events(f"p99-{n}", 100):
            yield bench.request("/v1/events", body_of([event]))


def _p99(took: list[float]) -> float:
    return quantiles(took, n=100)[-1]
