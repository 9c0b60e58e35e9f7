"""Random histories of one subscription, for properties that hold of any of them."""

from hypothesis import strategies as st

from control_plane.kernel.calendar import Interval
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, new_id
from control_plane.subscriptions.domain import Timeline
from tests.support.timelines import booked, cancelled, changed, started

PLANS = [PlanVersionId(new_id()) for _ in range(4)]
ADDON = AddonVersionId(new_id())
DAYS = st.integers(0, 120)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("change"), DAYS, st.sampled_from(PLANS)),
        st.tuples(st.just("interval"), DAYS, st.sampled_from(PLANS)),
        st.tuples(st.just("book"), DAYS, st.integers(1, 40)),
        st.tuples(st.just("cancel"), DAYS, st.none()),
    ),
    max_size=8,
)


def history(drawn) -> Timeline:
    """Every step recorded a day after the one before; those refused left out."""
    timeline = started(PLANS[0])
    for known, (kind, day, extra) in enumerate(drawn, start=1):
        try:
            if kind == "change":
                timeline = changed(timeline, extra, day, known=known)
            elif kind == "interval":
                timeline = changed(timeline, extra, day, known=known, interval=Interval.YEAR)
            elif kind == "book":
                timeline = booked(timeline, ADDON, day, day + extra, known=known)
            else:
                timeline = cancelled(timeline, day, known=known)
        except TallyardError:
            continue
    return timeline
