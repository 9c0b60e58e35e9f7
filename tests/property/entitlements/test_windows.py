"""Overlapping grants flatten into windows that grant, at every instant, exactly their sum."""

import itertools
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from control_plane.catalog.domain import Feature, FeatureKind, Text
from control_plane.entitlements.domain.windows import Contribution, flatten
from tests.support.timelines import NOON

LABELS = Feature("labels", FeatureKind.METERED, "outbound", Text("Labels", "面单"), per="day")
SHIP = Feature("ship", FeatureKind.BOOLEAN, "outbound", Text("Ship", "出库"))

HOURS = st.integers(0, 60)


def hour(n):
    return NOON + timedelta(hours=n)


@st.composite
def contributions(draw, grants):
    start = draw(HOURS)
    length = draw(st.one_of(st.none(), st.integers(-3, 30)))
    return Contribution(
        start=hour(start),
        end=None if length is None else hour(start + length),
        grant=draw(grants),
        source=draw(
            st.sampled_from(["plan:growth@1", "plan:scale@1", "addon:peak@1", "addon:x@2"])
        ),
    )


LIMITS = st.lists(contributions(st.integers(0, 500).map(Decimal)), max_size=8)
BOOLEANS = st.lists(contributions(st.just(True)), max_size=8)


def holding(given_, at):
    return [c for c in given_ if c.start <= at and (c.end is None or at < c.end)]


def window_at(windows, at):
    found = [w for w in windows if w.start <= at and (w.end is None or at < w.end)]
    assert len(found) <= 1
    return found[0] if found else None


@given(LIMITS, st.integers(0, 100))
def test_at_every_instant_the_limit_is_the_sum_of_what_holds_then(given_, n):
    window = window_at(flatten(given_, LABELS), hour(n))

    held = holding(given_, hour(n))
    if not held:
        assert window is None
    else:
        assert window.value == sum(c.grant for c in held)
        assert set(window.source.split("+")) == {c.source for c in held}


@given(BOOLEANS, st.integers(0, 100))
def test_at_every_instant_a_yes_needs_one_that_holds(given_, n):
    window = window_at(flatten(given_, SHIP), hour(n))

    assert (window is not None) == bool(holding(given_, hour(n)))
    assert window is None or window.value is None


@given(st.one_of(LIMITS, BOOLEANS))
def test_windows_are_in_order_apart_not_empty_and_as_few_as_possible(given_):
    windows = flatten(given_, LABELS)

    for window in windows:
        assert window.end is None or window.start < window.end
    for earlier, later in itertools.pairwise(windows):
        assert earlier.end is not None
        assert earlier.end <= later.start
        if earlier.end == later.start:
            assert (earlier.value, earlier.source) != (later.value, later.source)


@given(LIMITS)
def test_windows_only_change_where_something_bought_starts_or_ends(given_):
    edges = {edge for c in given_ for edge in (c.start, c.end)}

    for window in flatten(given_, LABELS):
        assert window.start in edges
        assert window.end in edges


@given(LIMITS, st.randoms(use_true_random=False))
def test_the_order_of_purchase_changes_no_limit(given_, random):
    shuffled = list(given_)
    random.shuffle(shuffled)

    for n in range(100):
        one, other = (
            window_at(flatten(given_, LABELS), hour(n)),
            window_at(flatten(shuffled, LABELS), hour(n)),
        )
        assert (one and one.value) == (other and other.value)
