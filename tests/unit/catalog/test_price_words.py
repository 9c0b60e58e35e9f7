"""Every example of the guide is told to customers in sentences, in both languages."""

import re

import pytest

from control_plane.catalog.domain import Price
from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import currency
from tests.support.pricing_guide import guide, guide_charge
from web.portal.addon_terms import addon_notes
from web.portal.offers import charge_lines, plain_fee
from web.portal.terms import charge_terms, price_notes


def terms(code, language="en", **policies):
    charge = guide_charge(code)
    price = Price(currency("CNY"), Interval.MONTH, (charge,))
    unit = guide().meters[charge.meter].unit if charge.meter else None
    return charge_terms(charge, price, unit, language, DEFAULTS.over(policies))


def test_each_model_says_what_decides_its_price():
    assert terms("per_line") == ("1,000 lines included", "CN¥0.002 for each further unit (lines)")
    assert terms("parcel_volume") == (
        "CN¥0.10 for each, if the total is up to 1,000 parcels",
        "CN¥0.08 for each, if the total is above that",
    )
    assert terms("labels")[-1] == "CN¥5.00 for each package of 100 parcels started"
    assert terms("labels", package_rounding="down")[-1].startswith("CN¥5.00 for each full package")
    assert terms("sales_share") == (
        "3 % of the amount up to CN¥1,000.00",
        "2 % of what is above",
        "CN¥5.00 once this tier is reached",
    )
    assert terms("places")[:2] == ("Counted by the peak of the period", "100 places included")
    assert terms("handling")[0] == "CN¥0.10 each: east · cold"
    assert terms("storage")[:2] == ("2 GB included", "CN¥3.00 for each further unit (GB)")
    assert terms("seats") == ("2 included", "CN¥30.00 for each", "10 % discount")
    assert "Counted over a whole year" in terms("yearly_lines")
    assert terms("place_hours") == (
        "CN¥0.02 for each unit (3,600 place-seconds)",
        "Invoiced every week",
    )


def test_chinese_sentences_hold_no_english():
    assert terms("labels", "zh") == ("含 50 件", "每 100 件为一包，每包 ¥5.00，不足一包按一包计")
    for plan in guide().plans.values():
        for price in plan.prices:
            for line in charge_lines(price, guide(), "zh"):
                said = re.sub(r"east|west|cold|dry|site|GB|CN|JP|KWD", "", " ".join(line.terms))
                assert not re.search("[A-Za-z]", said), line


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_charge_beyond_the_plain_fee_is_told(language):
    for plan in guide().plans.values():
        for price in plan.prices:
            lines = charge_lines(price, guide(), language)
            assert all(line.name and line.terms for line in lines)
            assert len(lines) == sum(charge.code != "base" for charge in price.charges)


def test_the_fee_is_what_a_period_costs_with_nothing_counted():
    price = guide().plans["charges_0"].prices[0]

    assert plain_fee(price).minor == 199900


def test_a_commitment_and_tax_are_noted_for_the_whole_price():
    price = guide().plans["prices_0"].prices[0]

    assert price_notes(price, "en") == (
        "At least ¥60,000 a period, all charges together",
        "Prices include tax",
    )


def test_an_addon_says_what_booking_it_commits_to():
    peak = guide().addon("peak_double11")

    assert addon_notes(peak, currency("CNY"), "en") == (
        "CN¥688.00 when booked at least 60 days ahead",
        "CN¥788.00 when booked at least 30 days ahead",
        "100 % back when cancelled at least 30 days ahead",
        "50 % back when cancelled at least 7 days ahead",
        "Nothing back when cancelled later",
        "30 % of the price is the deposit",
        "At most 5 at a time",
    )
    assert addon_notes(peak, currency("CNY"), "zh")[0] == "至少提前 60 天预订：¥688.00"
