from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.sdk.decide import Checker, Decision, Reason, decide
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Window
from tests.unit.sdk.conftest import DAY, NOW, make_snapshot

SNAPSHOT = make_snapshot()
TICK = timedelta(microseconds=1)


def granted(limit, until):
    return Decision(
        allowed=True,
        reason=Reason.GRANTED,
        limit=limit,
        revision=12,
        valid_until=until,
        value=limit,
    )


@pytest.mark.parametrize(
    ("feature", "at", "allowed", "reason"),
    [
        ("inbound", NOW, True, Reason.GRANTED),
        ("outbound", NOW - DAY, True, Reason.GRANTED),
        ("outbound", NOW + DAY - TICK, True, Reason.GRANTED),
        ("outbound", NOW + DAY, False, Reason.EXPIRED),
        ("outbound", NOW - DAY - TICK, False, Reason.NOT_STARTED),
        ("stocktaking", NOW, False, Reason.NOT_SUBSCRIBED),
        ("alerts", NOW, False, Reason.UNKNOWN_FEATURE),
    ],
)
def test_a_feature_is_granted_within_its_windows_only(feature, at, allowed, reason):
    decision = decide(SNAPSHOT, feature, at, age_seconds=0)

    assert (decision.allowed, decision.reason) == (allowed, reason)
    assert decision.revision == 12


def test_a_limit_is_that_of_the_window_in_force():
    before = decide(SNAPSHOT, "outbound.orders_per_day", NOW, age_seconds=0)
    after = decide(SNAPSHOT, "outbound.orders_per_day", NOW + DAY, age_seconds=0)

    assert before == granted(Decimal(150), NOW + DAY)
    assert after == granted(Decimal(450), None)


@pytest.mark.parametrize(
    ("feature", "age", "allowed"),
    [
        ("reservations", 30, True),
        ("reservations", 30.001, False),
        ("inbound", 72 * 3600, True),
        ("inbound", 72 * 3600 + 1, False),
        ("alerts", 72 * 3600 + 1, False),
    ],
)
def test_strict_features_tolerate_30_seconds_and_others_72_hours(feature, age, allowed):
    decision = decide(SNAPSHOT, feature, NOW, age_seconds=age)

    assert decision.allowed is allowed
    if not allowed:
        assert decision.reason is Reason.STALE


def test_a_gap_between_windows_is_expired_until_the_next():
    windows = (Window(NOW - DAY, NOW, "a"), Window(NOW + DAY, None, "b"))
    snapshot = make_snapshot(features={"outbound": FeatureGrant(FeatureKind.BOOLEAN, windows)})

    decision = decide(snapshot, "outbound", NOW, age_seconds=0)

    assert decision == Decision(
        allowed=False, reason=Reason.EXPIRED, revision=12, valid_until=NOW + DAY
    )


instants = st.integers(0, 40).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def grants(draw):
    edges = sorted(draw(st.lists(instants, unique=True, max_size=8)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    windows = [Window(start, end, "plan:a@1", Decimal(n)) for n, (start, end) in enumerate(pairs)]
    if len(edges) % 2:
        windows.append(Window(edges[-1], None, "plan:b@1", Decimal(99)))
    return FeatureGrant(FeatureKind.METERED, tuple(windows), per="day")


@given(grants(), st.lists(instants, min_size=1, max_size=20))
def test_the_prebuilt_answers_are_those_of_the_rule(grant, moments):
    snapshot = make_snapshot(features={"outbound.orders_per_day": grant})
    checker = Checker(snapshot)

    for at in moments:
        for feature in ("outbound.orders_per_day", "unheard_of"):
            assert checker.check(feature, at.timestamp()) == decide(
                snapshot, feature, at, age_seconds=0
            )


@given(grants(), instants)
def test_a_decision_holds_until_the_instant_it_names_and_changes_there(grant, at):
    snapshot = make_snapshot(features={"f": grant})
    decision = decide(snapshot, "f", at, age_seconds=0)

    if decision.valid_until is not None:
        last = decide(snapshot, "f", decision.valid_until - TICK, age_seconds=0)
        assert last == decision
        assert decide(snapshot, "f", decision.valid_until, age_seconds=0) != decision
