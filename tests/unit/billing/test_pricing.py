"""Prices of quantities, at their edges."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.domain.pricing import price_tiers, price_usage
from control_plane.catalog.domain import Tier
from tests.support.billing import USAGE

WHOLE = Fraction(1)
TIERS = (
    Tier(up_to=Decimal(10), unit_price=Decimal("1.50"), flat_fee=Decimal(7)),
    Tier(up_to=Decimal("20.5"), unit_price=Decimal(1), flat_fee=Decimal(100)),
    Tier(up_to=None, unit_price=Decimal("0.25"), flat_fee=Decimal(1000)),
)


@pytest.mark.parametrize(
    ("quantity", "entered", "amount"),
    [
        ("0", 1, "7"),  # the first tier's fee is due at zero usage
        ("10", 1, "22"),  # the bound belongs to the tier below it
        ("10.000001", 2, "122.000001"),
        ("20.5", 2, "132.5"),
        ("20.500004", 3, "1132.500001"),
    ],
)
def test_a_tier_is_entered_beyond_its_bound(quantity, entered, amount):
    parts = price_tiers(TIERS, Fraction(quantity), WHOLE)

    assert len(parts) == entered
    assert sum(part.amount for part in parts) == Fraction(amount)


def test_a_short_piece_shrinks_the_allowance_and_the_fees_but_no_bound():
    charge = replace(USAGE, included=Decimal(31), tiers=TIERS)

    price = price_usage(charge, Decimal(25), Fraction(10, 31))

    assert (price.included, price.billable) == (10, 15)
    assert [part.up_to for part in price.parts] == [Decimal(10), Decimal("20.5")]
    assert price.amount == 15 + 5 + Fraction(10, 31) * 107


def test_the_worked_example():
    price = price_usage(USAGE, Decimal(7234), WHOLE)

    assert price.amount == Fraction("257.02")
