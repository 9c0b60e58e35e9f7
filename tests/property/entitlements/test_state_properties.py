"""Whatever passes, a state prepared beforehand answers as the rule does at that very instant."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.clock import FakeClock
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.decide import decide
from control_plane.sdk.envelope import generate_key_pair, key_id_of, sign
from control_plane.sdk.messages import Heartbeat
from control_plane.sdk.snapshot import (
    Access,
    FeatureGrant,
    FeatureKind,
    OnStale,
    Snapshot,
    Standing,
    Window,
)

START = datetime(2026, 1, 10, 2, tzinfo=UTC)
PRIVATE_KEY, PUBLIC_KEY = generate_key_pair()
KEY_ID = key_id_of(PUBLIC_KEY)
CODES = ["a", "b", "c", "unheard_of"]
# Quarters of a second: a float holds every sum of them exactly.
QUARTERS = st.one_of(st.integers(0, 200), st.integers(0, 4 * 80 * 3600))


@st.composite
def grants(draw):
    edges = sorted(draw(st.lists(QUARTERS, unique=True, max_size=6)))
    windows = tuple(
        Window(START + timedelta(seconds=a / 4), START + timedelta(seconds=b / 4), "p", Decimal(n))
        for n, (a, b) in enumerate(zip(edges[::2], edges[1::2], strict=False))
    )
    return FeatureGrant(
        FeatureKind.METERED,
        windows,
        per="day",
        strict=draw(st.booleans()),
        max_age_seconds=draw(st.sampled_from([None, 0, 7, 3600])),
        access=draw(st.sampled_from(Access)),
        on_stale=draw(st.sampled_from(OnStale)),
    )


acts = st.one_of(
    st.tuples(st.just("pass"), QUARTERS),
    st.tuples(st.just("beat"), st.integers(0, 100)),
    st.tuples(st.just("publish"), st.sampled_from(Standing)),
)


@given(st.lists(grants(), min_size=3, max_size=3), st.lists(acts, max_size=25))
def test_a_state_answers_at_every_instant_as_the_rule_does(granted, happened):
    clock = FakeClock(START)
    state = EntitlementState(tenant="ten_x", keys={KEY_ID: PUBLIC_KEY}, clock=clock)
    features = dict(zip(CODES, granted, strict=False))
    snapshot = Snapshot("ten_x", 1, START, "Asia/Shanghai", features)

    def say(message):
        return sign(message.to_bytes(), PRIVATE_KEY, KEY_ID)

    state.apply_snapshot(say(snapshot))
    for kind, what in [*happened, ("pass", 1)]:
        if kind == "pass":
            clock.advance(seconds=what / 4)
        elif kind == "beat":  # signed a while ago, and late
            at = max(START, clock.now() - timedelta(seconds=what))
            state.apply_heartbeat(say(Heartbeat("ten_x", snapshot.revision, at)))
        else:
            snapshot = Snapshot(
                "ten_x",
                snapshot.revision + 1,
                clock.now(),
                "Asia/Shanghai",
                features,
                standing=what,
            )
            state.apply_snapshot(say(snapshot))
        for code in CODES:
            age = state.age_seconds()
            assert state.check(code) == decide(snapshot, code, clock.now(), age_seconds=age)
