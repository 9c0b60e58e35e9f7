"""How long one event waits for its acknowledgement, at half of what can be taken.

64 connections send single events at an even pace. The baseline inserts and commits one row at the
same concurrency: 64 connections to the same server, each with one commit under way. A second
figure, ``ingest_single_p99_paced``, has a harder one: as many commits a second as there are
events, so that hardly any two are under way together. All three take turns.
"""

import asyncio
from collections.abc import Iterable
from statistics import median, quantiles

from tests.support.ingest_bench import Bench, body_of, events, running_web, send_all
from tests.support.ingest_load import committers, paced, senders, unpaced

CONNECTIONS = 64
SECONDS = {"small": 5, "full": 60}
CALIBRATION = 3_000
ROUNDS = 5


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the 99th percentile, from when an event was due to be sent."""
    seconds = SECONDS[size]
    with running_web() as bench:
        load, rounds = asyncio.run(_measure(bench, seconds))
    mine, together, in_turn = (median(side) for side in zip(*rounds, strict=True))
    baselines = {
        "ingest_single_p99": (together, "INSERT of one row and commit, 64 under way"),
        "ingest_single_p99_paced": (in_turn, "INSERT of one row and commit, at the same pace"),
    }
    for name, (bare, baseline) in baselines.items():
        yield {
            "name": name,
            "value": round(mine * 1000, 2),
            "unit": "ms",
            "baseline": round(bare * 1000, 2),
            "ratio": round(mine / bare, 3),
            "conditions": {
                "connections": CONNECTIONS,
                "events_per_second": round(load),
                "seconds": seconds,
                "rounds": ROUNDS,
                "web_processes": 1,
                "durable": True,
                "baseline": baseline,
            },
        }


async def _measure(bench: Bench, seconds: int) -> tuple[float, list[tuple[float, float, float]]]:
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
        together = await unpaced(bare, count)
        rounds.append((_p99(mine), _p99(together), _p99(await paced(bare, load, count))))
    return load, rounds


def _p99(took: list[float]) -> float:
    return quantiles(took, n=100)[-1]
