"""What must hold of the items of any life, and of any order in which it was recorded."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.items import (
    Item,
    LineKind,
    PolicyBook,
    next_due_at,
    open_items,
    owed_items,
)
from billing.domain.rating import rate_item
from control_plane.kernel.calendar import Anchor, Interval, Period
from control_plane.kernel.ids import ChangeId, SubscriptionId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import (
    Action,
    BookAddon,
    Cancel,
    Change,
    ChangePlan,
    ChangeQuantity,
    ChargeTerms,
    Pause,
    Resume,
    SetTerms,
    Start,
    Terms,
    Timeline,
)
from tests.support.billing import CNY, GROWTH, SCALE, TWIN, changed, started
from tests.support.billing import VERSIONS as PLAIN
from tests.support.converging import Books
from tests.support.lives import BASIC, INTERVALS, PEAK, PLANS, VERSIONS, ZONES

START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(days=300)
SUBSCRIPTION = SubscriptionId(UUID(int=1))
MINUTES = st.integers(0, 60 * 24 * 150)

plans = st.builds(
    lambda plan, sold, keep: ChangePlan(plan.id, *sold, keep_anchor=keep),
    st.sampled_from(PLANS),
    st.sampled_from(INTERVALS),
    st.booleans(),
)
monthly = st.builds(
    lambda plan: ChangePlan(plan.id, Interval.MONTH), st.sampled_from((GROWTH, SCALE, TWIN))
)
terms = st.integers(1, 9999).map(
    lambda minor: SetTerms(Terms({"base": ChargeTerms(amount=Money(minor, CNY))}))
)
seats = st.integers(0, 9).map(lambda quantity: ChangeQuantity("seats", quantity))
pauses = st.sampled_from((Pause(), Resume()))
windows = st.integers(0, 200).map(
    lambda day: BookAddon(
        PEAK.id, Period(START + timedelta(days=day), START + timedelta(days=day + 20))
    )
)
tracks = st.tuples(
    *(
        st.lists(st.tuples(MINUTES, actions), max_size=3)
        for actions in (plans | terms, seats, pauses, windows)
    )
)

A_YEAR_AND_MORE = timedelta(days=370)


def begun(zone: str) -> Change:
    anchor = Anchor(START, zone, Interval.MONTH)
    action = Start(BASIC.id, "CNY", Interval.MONTH, anchor)
    return Change(ChangeId(UUID(int=1)), SUBSCRIPTION, 1, START, START, action)


@st.composite
def recordings(draw: st.DrawFn):
    """The same entries recorded in two orders, each track's own order kept, at any times."""
    drawn = draw(tracks)
    zone = draw(st.sampled_from(ZONES))
    named = [
        [
            (UUID(int=100 * (t + 1) + n), minutes, action)
            for n, (minutes, action) in enumerate(track)
        ]
        for t, track in enumerate(drawn)
    ]
    order = [t for t, track in enumerate(named) for _ in track]
    return [_recorded(draw, zone, named, draw(st.permutations(order))) for _ in range(2)]


def _recorded(draw, zone: str, named, order: list[int]) -> Timeline:
    rest = [iter(track) for track in named]
    known = sorted(draw(st.lists(MINUTES, min_size=len(order), max_size=len(order))))
    changes = [begun(zone)]
    for seq, (track, minutes) in enumerate(zip(order, known, strict=True), start=2):
        key, effective, action = next(rest[track])
        changes.append(_change(key, seq, effective, minutes, action))
    return Timeline(SUBSCRIPTION, tuple(changes))


def _change(key: UUID, seq: int, effective: int, known: int, action: Action) -> Change:
    at = [START + timedelta(minutes=minutes) for minutes in (effective, known)]
    return Change(ChangeId(key), SUBSCRIPTION, seq, at[0], at[1], action)


def converged(timeline: Timeline) -> list[dict[str, int]]:
    """What stands billed by the end and a year later, each entry taken in when it was recorded.

    But for what goes on at that instant: billed early or not, it is set off when it falls due, so
    that what goes on at the end has to agree a year later.
    """
    books = Books(VERSIONS)
    books.closed = START - timedelta(days=1)
    for count, change in enumerate(timeline.changes, start=1):
        known = Timeline(SUBSCRIPTION, timeline.changes[:count])
        before = Timeline(SUBSCRIPTION, timeline.changes[: max(1, count - 1)])
        books.run(before, change.known_at)
        if change.effective_at <= change.known_at:
            books.converge(known, change.known_at)
    found = []
    for at in (END, END + A_YEAR_AND_MORE):
        books.run(timeline, at)
        under_way = open_items(timeline, VERSIONS, PolicyBook(), at=at)
        found.append(books.by_charge({item.key for item in under_way}))
    return found


@settings(max_examples=60, deadline=None)
@given(recordings())
def test_whatever_the_order_of_recording_the_amounts_are_the_same(recorded):
    one, other = recorded

    assert converged(one) == converged(other)


@st.composite
def lives(draw: st.DrawFn) -> Timeline:
    """A start, some plan changes at any instants, perhaps a cancellation."""
    moments = sorted(START + timedelta(minutes=m) for m in draw(st.lists(MINUTES, max_size=5)))
    timeline = started(START, GROWTH, zone=draw(st.sampled_from(ZONES)))
    for moment in moments:
        timeline = changed(timeline, draw(monthly), moment)
    if moments and draw(st.booleans()):
        timeline = changed(timeline, Cancel(), moments[-1] + timedelta(minutes=draw(MINUTES)))
    return timeline


def everything(timeline: Timeline, **policies: str) -> tuple[Item, ...]:
    return owed_items(
        timeline, PLAIN, PolicyBook(policies), at=END, after=START - timedelta(days=1)
    )


@settings(deadline=None)
@given(lives())
def test_usage_tiles_the_life_and_follows_without_a_break(timeline):
    usage = [item for item in everything(timeline) if item.usage]

    assert all(a.service.end == b.service.start for a, b in pairwise(usage))
    assert all(b.follows == a.key for a, b in pairwise(usage))
    if usage:
        assert usage[0].service.start == START
    if timeline.ended_at is not None and START < timeline.ended_at <= END:
        assert usage[-1].service.end == timeline.ended_at


@settings(deadline=None)
@given(lives())
def test_fees_share_out_every_lived_day_of_a_period_once(timeline):
    shares: dict[Period, Fraction] = {}
    for item in everything(timeline):
        if item.kind is LineKind.FEE:
            part = sum((p.share.fraction for p in item.fee_parts), Fraction(0))
            shares[item.period] = shares.get(item.period, Fraction(0)) + part

    if timeline.ended_at == START:  # cancelled in its very instant: it never lived
        assert shares == {}
        return
    *full, last = [shares[period] for period in sorted(shares, key=lambda p: p.start)]
    assert all(share == 1 for share in full)
    assert last <= 1
    if timeline.ended_at is None:
        assert last == 1


@settings(deadline=None)
@given(lives())
def test_keys_are_unique_and_every_item_falls_due_at_an_announced_instant(timeline):
    items = everything(timeline)
    announced, mark = set(), START - timedelta(days=1)
    while (following := next_due_at(timeline, mark, PLAIN)) is not None and following <= END:
        announced.add(following)
        mark = following

    assert len({item.key for item in items}) == len(items)
    assert {item.due_at for item in items} <= announced


@settings(max_examples=10, deadline=None)
@given(recordings(), lives())
def test_nothing_near_is_left_out_with_what_is_long_over(recorded, metered):
    first, book = START - timedelta(days=1), PolicyBook()

    for timeline, versions in ((recorded[0], VERSIONS), (metered, PLAIN)):
        for day in (*range(10, 290, 40), 900, 2500):
            after = START + timedelta(days=day)
            at = after + timedelta(days=40)
            of_all = owed_items(timeline, versions, book, at=at, after=first)
            near = owed_items(timeline, versions, book, at=at, after=after)
            again = owed_items(timeline, versions, book, at=at, after=at, reach=after)
            assert near == tuple(item for item in of_all if item.due_at > after)
            assert again == tuple(item for item in of_all if item.until > after)


@settings(deadline=None)
@given(lives(), st.lists(MINUTES, max_size=4))
def test_items_come_out_the_same_in_one_run_or_in_many(timeline, stops):
    """As long as nothing changes in between: what is due is a matter of instants, not of runs."""
    marks = [START - timedelta(days=1), *sorted(START + timedelta(minutes=m) for m in stops), END]
    final = timeline.effective_by(END)
    book = PolicyBook()
    found = [
        item.key
        for after, at in pairwise(marks)
        for item in owed_items(final, PLAIN, book, at=END, after=after)
        if item.due_at <= at
    ]

    assert sorted(found) == sorted(item.key for item in everything(timeline))


@settings(deadline=None)
@given(MINUTES, st.sampled_from((Interval.MONTH, Interval.YEAR)))
def test_moving_between_equal_prices_owes_one_price_at_every_instant(minutes, interval):
    timeline = started(START, GROWTH, interval=interval)
    moved = changed(timeline, ChangePlan(TWIN.id, interval), START + timedelta(minutes=minutes))
    period = timeline.anchor.period_at(START + timedelta(minutes=minutes))

    fees = [i for i in everything(moved) if i.kind is LineKind.FEE and i.period == period]

    owed = sum(rate_item(item).exact for item in fees)
    assert owed == Fraction(Decimal("1999.00")) * (10 if interval is Interval.YEAR else 1)


@settings(deadline=None)
@given(lives(), st.sampled_from(("second", "local_day")), st.sampled_from(("none", "by_days")))
def test_no_share_is_beyond_its_whole(timeline, unit, short):
    for item in everything(timeline, proration_unit=unit, short_period=short):
        assert 0 <= item.share.numerator <= item.share.denominator
        assert all(0 < p.share.numerator <= p.share.denominator for p in item.fee_parts)
