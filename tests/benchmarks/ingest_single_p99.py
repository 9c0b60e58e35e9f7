"""How long one event waits for its acknowledgement, at half of what can be taken.

64 connections send single events at an even pace; the baseline inserts and commits one row at the
same pace over as many connections to the same server. Both in turns.
"""

import asyncio
from collections.abc import Iterable
from statistics import median, quantiles

from tests.support.ingest_bench import Bench, body_of, events, running_web, send_all
from tests.support.ingest_load import committers, paced, senders

CONNECTIONS = 64
SECONDS = {"small": 5, "full": 60}
CALIBRATION = 3_000
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
    bodies = [body_of([event]) for event in events("calibration", CALIBRATION)]
    calibration = [bench.request("/v1/events", body) for body in bodies]
    took = await asyncio.to_thread(send_all, bench.port, calibration, CONNECTIONS)
    load = CALIBRATION / took / 2
    count = max(500, round(load * seconds))
    bare = await committers(bench.settings.database_url, CONNECTIONS)
    rounds = []
    for n in range(ROUNDS):
        # Written beforehand, so that the client costs what it has to while it is measured.
        requests = [
            bench.request("/v1/events", body_of([event])) for event in events(f"p99-{n}", count)
        ]
        acts = await senders(bench.port, iter(requests), CONNECTIONS)
        mine = await paced(acts, load, count)
        rounds.append((_p99(mine), _p99(await paced(bare, load, count))))
    return load, rounds


def _p99(took: list[float]) -> float:
    return quantiles(took, n=100)[-1]
