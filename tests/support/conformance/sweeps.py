"""Many more cases than anybody writes by hand: the Python client's answers, from a fixed seed."""

import random
from datetime import UTC, datetime, timedelta

from control_plane.kernel.calendar import instant_text
from tests.support.conformance import leases
from tests.support.conformance.writing import boolean, snapshot, window

ZONES = (
    "Asia/Shanghai Asia/Kolkata Asia/Kathmandu Asia/Tokyo Australia/Sydney Australia/Lord_Howe "
    "America/New_York America/Sao_Paulo America/Santiago America/St_Johns Africa/Cairo "
    "Europe/Berlin Europe/London Pacific/Auckland Pacific/Apia Pacific/Kiritimati UTC"
).split()
INTERVALS = "minute hour day week month quarter year".split()
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)


def instant(rng):
    whole = FIRST + timedelta(seconds=rng.randrange(int((LAST - FIRST).total_seconds())))
    return whole + timedelta(microseconds=rng.choice((0, 0, 1, 250_000, 999_999)))


def quotas():
    """Every zone and interval, at random instants of the past, whose rules change no more."""
    rng = random.Random(5)
    return [
        (f"{per} in {zone} at {at}", {"per": per, "zone": zone, "at": at}, None)
        for zone in ZONES
        for per in INTERVALS
        for at in [instant_text(instant(rng)) for _ in range(3)]
    ]


def decisions():
    """Random windows, asked around their edges."""
    rng = random.Random(6)
    cases = []
    for n in range(60):
        edges = sorted({instant(rng) for _ in range(2 * rng.randrange(1, 4))})
        pairs = list(zip(edges[::2], edges[1::2], strict=False))
        windows = [window(instant_text(start), instant_text(end)) for start, end in pairs]
        terms = {"strict": rng.random() < 0.3, "on_stale": rng.choice(("deny", "allow"))}
        body = snapshot(features={"any": boolean(*windows, **terms)})
        edge = rng.choice([edge for pair in pairs for edge in pair] or [FIRST])
        at = edge + timedelta(microseconds=rng.choice((-1, 0, 1)))
        age = rng.choice((0, 30, 31, 259_200, 259_201))
        asked = {"snapshot": body, "feature": "any", "at": instant_text(at), "age_seconds": age}
        cases.append((f"sweep {n}", asked, None))
    return cases


def plays():
    """Random spending, holding, confirming and releasing within one lease."""
    rng = random.Random(7)
    cases = []
    for n in range(40):
        steps = [leases.spend(0, 1), leases.send(0), leases.answers(50, leases.granted(100))]
        names, at = [], 100
        for _ in range(30):
            at += rng.choice((0, 1, 200))
            steps.append(_random_step(rng, at, names))
        asked = {"kind": "metered", "mode": "hard", "period": "day:2026-01-10", "steps": steps}
        cases.append((f"sweep {n}", asked, None))
    return cases


def _random_step(rng, at, names):
    act = rng.choice(("spend", "spend", "hold", "confirm", "release"))
    if act == "spend" or (act != "hold" and not names):
        return leases.spend(at, rng.randrange(12))
    if act == "hold":
        names.append(f"h{len(names)}")
        more = {"timeout_ms": 300} if rng.random() < 0.3 else {}
        return leases.hold(at, names[-1], rng.randrange(12), **more)
    name = rng.choice(names)
    if act == "release":
        return leases.release(at, name)
    return leases.confirm(at, name, rng.choice((None, 0, 1, 5, 11)))
