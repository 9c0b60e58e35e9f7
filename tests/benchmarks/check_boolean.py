"""The in-process entitlement check against a bare dict look-up with an expiry comparison.

Two figures. ``check_boolean`` is the whole of what a module calls, ``EntitlementState.check``: it
reads the clock, and knows snapshot age and windows. Its baseline reads the clock too, looks up, and
compares. ``check_boolean_at`` is the prebuilt form alone, ``Checker.check``, at a given instant.

Each sample is the mean over a batch of checks, so that the timer does not dominate; batches of both
sides alternate, so that a noisy neighbour hits both; the garbage collector runs between batches.
"""

import gc
import math
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from control_plane.kernel.clock import SystemClock
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.decide import Checker
from control_plane.sdk.envelope import generate_key_pair, key_id_of, sign
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Snapshot, Window

BATCH = 1_000
FEATURES = 40
SAMPLES = {"small": 2_000, "full": 20_000}
COLLECT_EVERY = 100
NANOSECONDS = 1e9

Batch = Callable[[list[str]], None]


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the p99 of both forms, in nanoseconds a check, beside their baselines."""
    now = datetime.now(UTC)  # noqa: TID251 - a benchmark measures the real clock
    snapshot = _snapshot(now)
    ends = {code: now.timestamp() + 86_400 for code in snapshot.features}
    pairs = {
        "check_boolean": (_checks(_state(snapshot).check), _checks(_bare_with_clock(ends))),
        "check_boolean_at": (
            _checks_at(Checker(snapshot).check, now.timestamp()),
            _checks_at(_bare_at(ends), now.timestamp()),
        ),
    }
    for name, (check, bare) in pairs.items():
        measured, baseline = _timings(check, bare, SAMPLES[size])
        yield {
            "name": name,
            "value": round(_percentile(measured, 0.99), 1),
            "unit": "ns p99",
            "baseline": round(_percentile(baseline, 0.99), 1),
            "ratio": round(_percentile(measured, 0.99) / _percentile(baseline, 0.99), 3),
            "conditions": {
                "features": FEATURES,
                "batch": BATCH,
                "samples": SAMPLES[size],
                "ratio_of_medians": round(
                    _percentile(measured, 0.5) / _percentile(baseline, 0.5), 3
                ),
            },
        }


def _snapshot(now: datetime) -> Snapshot:
    window = Window(now - timedelta(days=1), now + timedelta(days=1), "plan:bench@1")
    grant = FeatureGrant(FeatureKind.BOOLEAN, (window,))
    features = {f"module_{n}": grant for n in range(FEATURES)}
    return Snapshot("ten_bench", 1, now, "Asia/Shanghai", features)


def _state(snapshot: Snapshot) -> EntitlementState:
    private_key, public_key = generate_key_pair()
    key_id = key_id_of(public_key)
    state = EntitlementState(tenant="ten_bench", keys={key_id: public_key}, clock=SystemClock())
    state.apply_snapshot(sign(snapshot.to_bytes(), private_key, key_id))
    return state


def _bare_with_clock(ends: dict[str, float]) -> Callable[[str], bool]:
    clock = time.time

    def bare(feature: str) -> bool:
        end = ends.get(feature)
        return end is not None and clock() < end

    return bare


def _bare_at(ends: dict[str, float]) -> Callable[[str, float], bool]:
    def bare(feature: str, at: float) -> bool:
        end = ends.get(feature)
        return end is not None and at < end

    return bare


def _checks(function: Callable[[str], object]) -> Batch:
    def batch(features: list[str]) -> None:
        for feature in features:
            function(feature)

    return batch


def _checks_at(function: Callable[[str, float], object], at: float) -> Batch:
    def batch(features: list[str]) -> None:
        for feature in features:
            function(feature, at)

    return batch


def _timings(check: Batch, bare: Batch, samples: int) -> tuple[list[float], list[float]]:
    features = [f"module_{n % FEATURES}" for n in range(BATCH)]
    timings: tuple[list[float], list[float]] = ([], [])
    gc.disable()
    try:
        for n in range(samples):
            for batch, kept in zip((check, bare), timings, strict=True):
                start = time.perf_counter()
                batch(features)
                kept.append((time.perf_counter() - start) / BATCH * NANOSECONDS)
            if n % COLLECT_EVERY == 0:
                gc.collect()
    finally:
        gc.enable()
    return timings


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]
