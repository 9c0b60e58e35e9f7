"""Convergence by worked examples: the difference, and where it is taken back."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from billing.domain.billed import Billed, BilledLine
from billing.domain.converge import cut
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import InvoiceId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import Cancel, ChangePlan
from tests.support.billing import CNY, SCALE, SUBSCRIPTION, at, changed, started
from tests.support.convergence import MemoryBilling

START = at("2026-01-10T02:00:00")
CHANGED = at("2026-01-25T06:00:00")
FEBRUARY = at("2026-02-10T02:00:00")


def upgraded(known=None):
    return changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), CHANGED, known)


def amounts(settled) -> list[tuple[str, int]]:
    lines = [(line.item, line.amount.minor) for line in settled.lines]
    return lines + [(c.item_key.split(":")[1], -c.amount.minor) for c in settled.cuts]


def test_a_change_is_the_difference_of_both_plans():
    billing = MemoryBilling(quantity=lambda _: Decimal(0))
    billing.close([upgraded()], CHANGED)

    (_, first), (_, change) = billing.issued
    assert amounts(first) == [("growth@1", 199900)]
    # Growth keeps 15 of 31 days, 967.26; scale takes 16, 2,064.00 (rounded once each).
    assert amounts(change) == [
        ("growth@1", 0),
        ("scale@1", 206400),
        ("growth@1", -(199900 - 96726)),
    ]


def test_a_change_recorded_late_ends_at_the_same_amounts():
    on_time, late = MemoryBilling(), MemoryBilling()
    on_time.close([upgraded()], FEBRUARY + timedelta(days=20))
    late.close([upgraded(known=FEBRUARY + timedelta(days=10))], FEBRUARY + timedelta(days=20))

    assert late.standing() == on_time.standing()


def test_what_is_owed_no_more_is_taken_back_whole():
    ended = changed(started(START), Cancel(), START + timedelta(days=3), FEBRUARY + timedelta(1))
    billing = MemoryBilling(quantity=lambda _: Decimal(0))
    billing.close([ended], FEBRUARY + timedelta(days=2))

    _, last = billing.issued[-1]
    # Of the first month 3 of 31 days stay owed; of the second nothing does.
    assert sorted(c.amount.minor for c in last.cuts) == [199900 - 19345, 199900]
    assert sum(billing.standing().values()) == 19345


def test_a_second_look_finds_nothing_left_to_do():
    billing = MemoryBilling()
    billing.close([upgraded()], FEBRUARY)
    again = billing.converge([upgraded()], FEBRUARY, FEBRUARY, reach=START)

    assert (again.lines, again.cuts) == ((), ())


def test_cuts_take_the_newest_line_first_and_never_more_than_is_left():
    def line(name: str, minor: int) -> BilledLine:
        return BilledLine(name, InvoiceId(UUID(int=minor)), Money(minor, CNY))

    billed = Billed(
        SUBSCRIPTION, FEBRUARY, Money(150, CNY), 4, lines=(line("b", 50), line("a", 100))
    )

    taken = cut("item", billed, Money(70, CNY))

    assert [(c.line_key, c.revision, c.amount.minor) for c in taken] == [("b", 5, 50), ("a", 6, 20)]
    assert sum(c.amount.minor for c in cut("item", billed, Money(999, CNY))) == 150
