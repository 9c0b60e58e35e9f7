"""Single events over HTTP, 64 connections, against a handler that only parses and answers.

Both sides are routes of one web process, behind the same middleware and
authentication, called by the same client with the same bodies, in turns.
"""

from collections.abc import Iterable
from statistics import median

from tests.support.ingest_bench import Bench, body_of, events, running_web, send_all

CONNECTIONS = 64
EVENTS = {"small": 5_000, "full": 20_000}
ROUNDS = 5
PATHS = ("/v1/events", "/parse")


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield events per second, acknowledged after their commit."""
    count = EVENTS[size]
    with running_web() as bench:
        rounds = [_round(bench, count, turn) for turn in range(ROUNDS)]
    value, baseline = (count / median(side) for side in zip(*rounds, strict=True))
    yield {
        "name": "ingest_single",
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
            "baseline": "parses and answers; same middleware and API-key authentication",
        },
    }


def _round(bench: Bench, count: int, turn: int) -> tuple[float, float]:
    """Measure both sides; each goes first every other time."""
    bodies = [body_of([event]) for event in events("single", count)]
    seconds = {
        path: send_all(bench.port, [bench.request(path, body) for body in bodies], CONNECTIONS)
        for path in (PATHS if turn % 2 else PATHS[::-1])
    }
    return seconds[PATHS[0]], seconds[PATHS[1]]
