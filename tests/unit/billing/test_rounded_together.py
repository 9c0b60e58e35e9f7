"""Rounded at the invoice: worked examples of what lines that fall due together bear."""

from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest

from billing.domain.assembling import RoundingNotAllowed, refuse_for_en16931
from billing.domain.explain import MESSAGES
from billing.domain.items import PolicyBook, owed_items
from billing.domain.rating import rate_items
from billing.domain.together import neighbours_since, rounds_together, share_out
from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import SubscriptionId
from control_plane.subscriptions.domain import Cancel, ChangePlan, Timeline
from tests.support.billing import SCALE, VERSIONS, at, changed, started
from tests.support.convergence import MemoryBilling

TOGETHER = PolicyBook({"rounding_place": "invoice"})
START = at("2026-01-10T02:00:00")
ENDED = at("2026-01-21T02:00:00")


def subscription(number: int, timeline: Timeline) -> Timeline:
    """The same timeline of another subscription."""
    changes = tuple(
        type(c)(c.id, SubscriptionId(UUID(int=number)), c.seq, c.effective_at, c.known_at, c.action)
        for c in timeline.changes
    )
    return Timeline(SubscriptionId(UUID(int=number)), changes)


def three(*, known=None) -> list[Timeline]:
    """Three subscriptions, each cancelled after 11 of 31 days of 1,999.00: 709.322… each."""
    ended = changed(started(START), Cancel(), ENDED, known)
    return [subscription(number, ended) for number in (1, 2, 3)]


def rated(timelines, policies=TOGETHER):
    items = [
        item
        for timeline in timelines
        for item in owed_items(timeline, VERSIONS, policies, at=ENDED, after=at("2026-01-01"))
        if item.usage is None
    ]
    return rate_items(items, {})


@pytest.mark.parametrize(
    ("exact", "shared"),
    [
        (("1/3", "1/3", "1/3"), [1, 0, 0]),
        (("31/3", "31/3", "31/3"), [11, 10, 10]),
        (("1/4", "3/4", "1/2"), [0, 1, 1]),
        (("5", "0"), [5, 0]),
        (("-21/2", "1/2"), [-10, 0]),
    ],
)
def test_each_part_goes_down_or_up_and_their_sum_is_rounded_once(exact, shared):
    parts = [Fraction(part) for part in exact]

    assert share_out(parts, ["a"] * len(parts), DEFAULTS) == shared


def test_ties_go_by_key_where_the_policy_says_so():
    halves = [Fraction(1, 3)] * 3

    assert share_out(halves, ["c", "a", "b"], DEFAULTS.over({"split_ties": "key"})) == [0, 1, 0]


def test_lines_of_all_subscriptions_that_fall_due_together_are_one_sum():
    assert [line.owed.minor for line in rated(three(), PolicyBook())] == [70932] * 3
    assert [line.owed.minor for line in rated(three())] == [70933, 70932, 70932], "2,127.967…"


def test_a_line_says_what_it_bears_of_which_sum():
    told = rated(three())[0].steps[-1]

    assert told == {
        "step": "rounded_together",
        "exact": "21989/31",
        "sum": "65967/31",
        "total": "2127.97",
        "amount": "709.33",
    }
    assert all(f"{{{name}}}" in MESSAGES["rounded_together"] for name in set(told) - {"step"})


def test_lines_that_disagree_are_rounded_alone():
    lone = PolicyBook({"rounding_place": "line"})
    mixed = [*rated(three()[:2]), *rated(three()[2:], lone)]

    again = rate_items([line.item for line in mixed], {})

    assert {line.steps[-1]["step"] for line in again} == {"rounded"}


def test_a_document_by_en_16931_is_refused():
    with pytest.raises(RoundingNotAllowed) as refused:
        refuse_for_en16931(DEFAULTS.over({"rounding_place": "invoice"}))

    assert refused.value.fields["policy"] == "rounding_place"


def test_only_a_choice_of_it_looks_at_neighbours():
    assert not rounds_together(VERSIONS, PolicyBook())
    assert rounds_together(VERSIONS, TOGETHER)
    # The longest period sold is a year: no period that is open then began earlier.
    assert (ENDED - neighbours_since(VERSIONS, ENDED)).days == 368


def test_a_change_of_one_subscription_moves_what_is_due_with_it_in_another():
    """The neighbour's minor unit is a line or a cut like any other difference."""
    one, other = (subscription(n, started(START)) for n in (1, 2))
    moved = changed(one, ChangePlan(SCALE.id, Interval.MONTH), at("2026-01-13T05:00:00"), ENDED)
    billing = MemoryBilling(quantity=lambda _: Decimal("0.1"), policies=TOGETHER)

    billing.close([moved, other], at("2026-05-01"))

    fresh = MemoryBilling(quantity=lambda _: Decimal("0.1"), policies=TOGETHER)
    before = at("2025-12-01")
    fresh.converge([moved, other], at("2026-05-01"), before, reach=before)
    assert billing.standing() == fresh.standing()
