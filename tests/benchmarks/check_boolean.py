"""The in-process entitlement check against a bare dict look-up with an expiry comparison.

Two figures. ``check_boolean`` is the whole of what a module calls, ``EntitlementState.check``: it
reads the clock, and knows snapshot age and windows. Its baseline reads the clock too, looks up, and
compares. ``check_boolean_at`` is the prebuilt form alone, ``Checker.check``, at a given instant.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from control_plane.sdk.decide import Checker
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Window
from tests.support.check_timing import (
    Batch,
    bare_with_clock,
    bench_snapshot,
    each,
    figure,
    held,
    present,
)

SAMPLES = {"small": 2_000, "full": 20_000}


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the p99 of both forms, in nanoseconds a check, beside their baselines."""
    now = present()
    window = Window(now - timedelta(days=1), now + timedelta(days=1), "plan:bench@1")
    snapshot = bench_snapshot(now, FeatureGrant(FeatureKind.BOOLEAN, (window,)))
    ends = {code: now.timestamp() + 86_400 for code in snapshot.features}
    whole = each(held(snapshot).check), each(bare_with_clock(ends))
    yield figure("check_boolean", *whole, SAMPLES[size], {})
    at = now.timestamp()
    alone = _each_at(Checker(snapshot).check, at), _each_at(_bare_at(ends), at)
    yield figure("check_boolean_at", *alone, SAMPLES[size], {})


def _bare_at(ends: dict[str, float]) -> Callable[[str, float], bool]:
    def bare(feature: str, at: float) -> bool:
        end = ends.get(feature)
        return end is not None and at < end

    return bare


def _each_at(function: Callable[[str, float], object], at: float) -> Batch:
    def batch(features: list[str]) -> None:
        for feature in features:
            function(feature, at)

    return batch
