"""Timing a check beside its baseline: batches alternate, so that a noisy neighbour hits both.

Each sample is the mean over a batch of checks, so that the timer does not dominate; the garbage
collector runs between batches.
"""

import gc
import math
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from control_plane.kernel.clock import SystemClock
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.envelope import generate_key_pair, key_id_of, sign
from control_plane.sdk.snapshot import FeatureGrant, Snapshot

BATCH = 1_000
FEATURES = 40
TENANT = "ten_bench"
_COLLECT_EVERY = 100
_NANOSECONDS = 1e9

Batch = Callable[[list[str]], None]


def bench_snapshot(now: datetime, grant: FeatureGrant) -> Snapshot:
    """Return a snapshot with as many features as a module knows, all of one kind."""
    features = dict.fromkeys(features_of_a_module(), grant)
    return Snapshot(TENANT, 1, now, "Asia/Shanghai", features)


def features_of_a_module() -> list[str]:
    return [f"module_{n}" for n in range(FEATURES)]


def present() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a benchmark measures the real clock


def held(snapshot: Snapshot) -> EntitlementState:
    """Return what a module would hold of a snapshot, signature and all."""
    private_key, public_key = generate_key_pair()
    key_id = key_id_of(public_key)
    state = EntitlementState(tenant=TENANT, keys={key_id: public_key}, clock=SystemClock())
    state.apply_snapshot(sign(snapshot.to_bytes(), private_key, key_id))
    return state


def bare_with_clock(ends: dict[str, float]) -> Callable[[str], bool]:
    """Return the baseline: a look-up, the time, and a comparison."""
    clock = time.time

    def bare(feature: str) -> bool:
        end = ends.get(feature)
        return end is not None and clock() < end

    return bare


def each(function: Callable[[str], object]) -> Batch:
    """Return a batch that asks for every feature in turn."""

    def batch(features: list[str]) -> None:
        for feature in features:
            function(feature)

    return batch


def figure(
    name: str, check: Batch, bare: Batch, samples: int, conditions: Mapping[str, object]
) -> dict[str, object]:
    """Measure both and return the line for the p99s, in nanoseconds a check."""
    measured, baseline = _timings(check, bare, samples)
    return {
        "name": name,
        "value": round(_percentile(measured, 0.99), 1),
        "unit": "ns p99",
        "baseline": round(_percentile(baseline, 0.99), 1),
        "ratio": round(_percentile(measured, 0.99) / _percentile(baseline, 0.99), 3),
        "conditions": {
            "features": FEATURES,
            "batch": BATCH,
            "samples": samples,
            "ratio_of_medians": round(_percentile(measured, 0.5) / _percentile(baseline, 0.5), 3),
            **conditions,
        },
    }


def _timings(check: Batch, bare: Batch, samples: int) -> tuple[list[float], list[float]]:
    codes = features_of_a_module()
    features = [codes[n % FEATURES] for n in range(BATCH)]
    timings: tuple[list[float], list[float]] = ([], [])
    gc.disable()
    try:
        for n in range(samples):
            for batch, kept in zip((check, bare), timings, strict=True):
                start = time.perf_counter()
                batch(features)
                kept.append((time.perf_counter() - start) / BATCH * _NANOSECONDS)
            if n % _COLLECT_EVERY == 0:
                gc.collect()
    finally:
        gc.enable()
    return timings


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]
