"""Checks over plain HTTP, 64 connections, against a handler that only parses and answers.

Both sides are routes of one web process, behind the same middleware and API-key authentication,
called by the same client with the same bodies, in turns. ``check_http`` asks for booleans, which
are answered from the snapshot that the process holds; ``check_http_metered`` asks for a counted
feature, whose account is read from the database for every check.
"""

from collections.abc import Iterable
from statistics import median

from tests.support.check_bench import COUNTED, FEATURES, CheckBench, running_checks
from tests.support.ingest_bench import send_all

CONNECTIONS = 64
CHECKS = {"small": 4_000, "full": 20_000}
ROUNDS = {"small": 5, "full": 7}
PATHS = ("/v1/entitlements/check", "/bare")


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield checks per second."""
    count = CHECKS[size]
    asked = {
        "check_http": [f"module_{n % FEATURES}" for n in range(count)],
        "check_http_metered": [COUNTED] * count,
    }
    with running_checks() as bench:
        for name, features in asked.items():
            rounds = [_round(bench, features, turn) for turn in range(ROUNDS[size])]
            value, baseline = (count / median(side) for side in zip(*rounds, strict=True))
            yield {
                "name": name,
                "value": round(value),
                "unit": "checks/s",
                "baseline": round(baseline),
                "ratio": round(value / baseline, 3),
                "conditions": {
                    "connections": CONNECTIONS,
                    "checks": count,
                    "rounds": ROUNDS[size],
                    "features": FEATURES + 1,
                    "web_processes": 1,
                    "baseline": "parses and answers; same middleware and API-key authentication",
                },
            }


def _round(bench: CheckBench, features: list[str], turn: int) -> tuple[float, float]:
    """Measure both sides; each goes first every other time."""
    seconds = {
        path: send_all(bench.port, [bench.request(path, f) for f in features], CONNECTIONS)
        for path in (PATHS if turn % 2 else PATHS[::-1])
    }
    return seconds[PATHS[0]], seconds[PATHS[1]]
