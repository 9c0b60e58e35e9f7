"""The check of a leased feature, local spending included, against a bare dict look-up.

The whole of what a module calls, ``EntitlementState.check``, with a ``LeaseBook`` behind it whose
leases never run dry: the clock is read, age, window, period and lease expiry are known, a unit is
spent, and the decision says what is left. The baseline is that of ``check_boolean``. The usage
event is not recorded here: that is ``reporter_cost``.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from control_plane.kernel.clock import SystemClock
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.lease_book import LeaseBook
from control_plane.sdk.lease_messages import LeaseOperation, LeaseResult, LeaseStatus
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Window
from tests.support.check_timing import (
    FEATURES,
    bare_with_clock,
    bench_snapshot,
    each,
    features_of_a_module,
    figure,
    held,
    present,
)

SAMPLES = {"small": 2_000, "full": 20_000}
LEASED_UNITS = 10**12
LEASE_SECONDS = 3_600


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield the p99 of a check that spends a unit, in nanoseconds, beside the baseline."""
    now = present()
    window = Window(
        now - timedelta(days=1), now + timedelta(days=1), "plan:bench@1", Decimal(10**15)
    )
    grant = FeatureGrant(FeatureKind.METERED, (window,), per="year", max_age_seconds=86_400)
    state = held(bench_snapshot(now, grant))
    _lease(state)
    ends = {code: now.timestamp() + 86_400 for code in features_of_a_module()}
    yield figure(
        "check_metered",
        each(state.check),
        each(bare_with_clock(ends)),
        SAMPLES[size],
        {"leases": FEATURES},
    )
    assert state.check("module_0").remaining is not None, "nothing was spent of a lease"


def _lease(state: EntitlementState) -> None:
    """Give the state a book of leases, as a keeper would after the control plane's answer."""
    book = LeaseBook("ins_bench", SystemClock().monotonic)
    state.attach(book)
    for feature in features_of_a_module():
        state.check(feature)
    request = book.begin()
    assert request is not None
    results = tuple(_granted(n, operation) for n, operation in enumerate(request.operations))
    assert len(results) == FEATURES
    assert book.finish(request.request_id, results)


def _granted(number: int, operation: LeaseOperation) -> LeaseResult:
    return LeaseResult(
        op=operation.op,
        status=LeaseStatus.OK,
        lease=f"lea_{number}",
        feature=operation.feature,
        period=operation.period,
        fence=1,
        units=LEASED_UNITS,
        expires_in_seconds=LEASE_SECONDS,
        remaining=LEASED_UNITS,
    )
