"""Any split of events over buckets and commits, in any order, gives what they give together."""

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from control_plane.catalog.domain import Aggregation
from control_plane.kernel.period import Period
from metering.domain.aggregating import aggregate
from metering.domain.covers import QUARTER, cover
from metering.domain.cutoff import contains, is_inside
from metering.domain.digests import added_digest, sum_digest
from metering.domain.rollups import DIVISIBLE, ROLLED, Rollup, rollup_of
from tests.support.usage import JANUARY, LINES, usage_event

_EVENTS = st.lists(
    st.builds(
        usage_event,
        st.integers(0, 10_000).map("evt-{}".format),
        time=st.integers(0, 9_999).map(lambda n: JANUARY.start + timedelta(minutes=n)),
        data=st.fixed_dictionaries(
            {"lines": st.sampled_from([0, 3, "2.50", "0.000000000001", "no", None])}
        ),
    ),
    max_size=30,
    unique_by=lambda event: event.id,
)
_KINDS = st.sampled_from(sorted(ROLLED - {Aggregation.UNIQUE}))


def put_together(events, meter):
    return reduce(Rollup.plus, (rollup_of(event, meter) for event in events), Rollup())


@given(_EVENTS, _KINDS, st.lists(st.integers(0, 30), max_size=4), st.randoms())
def test_any_split_in_any_order_is_the_whole(events, kind, cuts, chance):
    meter = replace(LINES, aggregation=kind)
    shuffled = chance.sample(events, len(events))
    places = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    parts = [put_together(shuffled[a:b], meter) for a, b in pairwise(places)]
    chance.shuffle(parts)

    whole = reduce(Rollup.plus, parts, Rollup())

    assert whole.quantity(kind) == aggregate(events, meter)
    assert whole.events == len(events)
    assert sum_digest(whole.events, whole.lanes) == added_digest(e.body_hash for e in events)


@given(_EVENTS, st.sampled_from(sorted(DIVISIBLE - {Aggregation.UNIQUE})), st.integers(0, 30))
def test_what_is_taken_off_leaves_the_rest(events, kind, cut):
    meter = replace(LINES, aggregation=kind)
    whole, gone = put_together(events, meter), put_together(events[:cut], meter)

    rest = whole.less(gone)

    assert rest.quantity(kind) == aggregate(events[cut:], meter)
    digest = added_digest(event.body_hash for event in events[cut:])
    assert sum_digest(rest.events, rest.lanes) == digest


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_cover_is_the_period_in_buckets_and_slivers(start, seconds):
    begin = JANUARY.start + timedelta(seconds=start)
    period = Period(begin, begin + timedelta(seconds=seconds))

    found = cover(period)

    pieces = sorted(
        [*found.days, *found.quarters, *found.slivers], key=lambda piece: (piece.start, piece.end)
    )
    assert sum((piece.length for piece in pieces), timedelta(0)) == period.length
    assert all(a.end == b.start for a, b in pairwise(pieces))
    assert all(piece.length < QUARTER or piece == period for piece in found.slivers)
    for piece in found.days:
        assert piece.start.time() == piece.end.time() == JANUARY.start.time()


_SNAPSHOTS = st.builds(
    lambda xmin, more, running: (
        f"{xmin}:{xmin + more}:" + ",".join(str(xmin + n) for n in sorted(running) if n < more)
    ),
    st.integers(3, 20),
    st.integers(0, 9),
    st.frozensets(st.integers(0, 8), max_size=4),
)


@given(_SNAPSHOTS, _SNAPSHOTS)
def test_a_cutoff_that_contains_another_holds_all_of_it(later, earlier):
    inside = [n for n in range(3, 40) if is_inside(earlier, n)]

    if contains(later, earlier):
        assert all(is_inside(later, n) for n in inside)
    assert contains(later, later)
