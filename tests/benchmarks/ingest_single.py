"""Single events over HTTP, 64 connections, against a handler that only parses and answers.

All sides are routes of one web process, behind the same authentication, called by the same client
with the same bodies, in turns. The bare handler of ``ingest_single`` stands on the same short way
before the framework as the events do; that of ``ingest_single_routed`` is one of the framework,
behind its middleware, as any other route is.
"""

from collections.abc import Iterable
from itertools import permutations
from statistics import median

from tests.support.ingest_bench import Bench, body_of, events, running_web, send_all

CONNECTIONS = 64
EVENTS = {"small": 5_000, "full": 20_000}
ROUNDS = 6
PATHS = ("/v1/events", "/parse", "/routed/parse")
BASELINES = {
    "ingest_single": "parses and answers; same short way and API-key authentication",
    "ingest_single_routed": "parses and answers; a handler of the framework, behind its middleware",
}


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield events per second, acknowledged after their commit."""
    count = EVENTS[size]
    with running_web() as bench:
        rounds = [_round(bench, count, turn) for turn in range(ROUNDS)]
    value, *bare = (count / median(side) for side in zip(*rounds, strict=True))
    for baseline, (name, described) in zip(bare, BASELINES.items(), strict=True):
        yield {
            "name": name,
            "value": round(value),
            "unit": "events/s",
            "baseline": round(baseline),
            "ratio": round(value / baseline, 3),
            "conditions": {
                "connections": CONNECTIONS,
                "events": count,
                "rounds": ROUNDS,
                "web_processes": 1,
                "durable": True,
                "baseline": described,
            },
        }


def _round(bench: Bench, count: int, turn: int) -> tuple[float, ...]:
    """Measure all sides, in every order once: none comes after the same other one each time."""
    bodies = [body_of([event]) for event in events("single", count)]
    orders = list(permutations(PATHS))
    seconds = {
        path: send_all(bench.port, [bench.request(path, body) for body in bodies], CONNECTIONS)
        for path in orders[turn % len(orders)]
    }
    return tuple(seconds[path] for path in PATHS)
