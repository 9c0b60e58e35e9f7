"""The fee of a day, by which plan changes are timed: quantities held and discounts are in it."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.domain.life.fees import Held, daily_fees, recurring_fee
from control_plane.catalog.domain import Charge, ChargeKind, Price, Text, Timing
from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

CNY = currency("CNY")
JANUARY = datetime(2026, 1, 9, 16, tzinfo=UTC)
"""The first instant of 10 January in Shanghai: the period from then on has 31 days."""


def seats(amount: int = 310_00, **more: object) -> Charge:
    return Charge(
        code="seats",
        kind=ChargeKind.FLAT,
        timing=Timing.ADVANCE,
        name=Text("Seats", "席位"),
        amount=Money(amount, CNY),
        quantity="seats",
        **more,
    )


def held(*charges: Charge, interval: Interval = Interval.MONTH, count: int = 1, **n: int) -> Held:
    price = Price(currency=CNY, interval=interval, charges=charges, count=count)
    return Held("team@1", price, n, DEFAULTS, "Asia/Shanghai")


def test_a_day_costs_what_all_seats_cost():
    assert daily_fees(held(seats(), seats=1), JANUARY) == Fraction(10)
    assert daily_fees(held(seats(), seats=7), JANUARY) == Fraction(70)
    assert recurring_fee(held(seats(), seats=7)).minor == 2170_00


def test_without_a_count_there_is_one():
    assert daily_fees(held(seats()), JANUARY) == Fraction(10)


def test_seats_that_are_included_cost_nothing():
    assert daily_fees(held(seats(included=Decimal(3)), seats=7), JANUARY) == Fraction(40)


def test_a_discount_is_off_it():
    assert daily_fees(held(seats(discount=Decimal(20)), seats=7), JANUARY) == Fraction(56)


@pytest.mark.parametrize(("bound", "expected"), [("maximum", 20), ("minimum", 20)])
def test_it_stays_within_a_minimum_and_a_maximum(bound: str, expected: int):
    many = {"maximum": 7, "minimum": 1}[bound]
    limited = seats(**{bound: Money(620_00, CNY)})

    assert daily_fees(held(limited, seats=many), JANUARY) == Fraction(expected)


def test_a_quarter_is_spread_over_its_own_days():
    quarterly = held(seats(900_00), interval=Interval.MONTH, count=3, seats=2)

    assert daily_fees(quarterly, JANUARY) == Fraction(1800, 31 + 28 + 31)


def test_a_fee_of_its_own_interval_counts_by_that_one():
    yearly = held(seats(3650_00, interval=Interval.YEAR), seats=1)

    assert daily_fees(yearly, JANUARY) == Fraction(10)
    assert recurring_fee(yearly).minor == 0
