from datetime import timedelta

import pytest

from metering.domain.judging import quantity_of, refuse
from tests.support.usage import CALLS, LINES, NOON, usage_event


@pytest.mark.parametrize("value", [0, 3, "3", "0.000000000001", 2.5])
def test_an_event_with_a_quantity_may_be_counted(value):
    assert refuse(usage_event(data={"lines": value}), meters=[LINES], now=NOON) is None


@pytest.mark.parametrize("value", [-1, "-1", "", "many", "1e3", "1" * 19, True, [1], {"x": 1}])
def test_a_property_that_is_no_quantity_is_refused(value):
    refusal = refuse(usage_event(data={"lines": value}), meters=[LINES], now=NOON)

    assert (refusal.code, refusal.field) == ("property_not_quantity", "data.lines")


@pytest.mark.parametrize("data", [{}, {"lines": None}])
def test_a_missing_property_is_refused(data):
    refusal = refuse(usage_event(data=data), meters=[CALLS, LINES], now=NOON)

    assert (refusal.code, refusal.field) == ("property_missing", "data.lines")


def test_counting_needs_no_property():
    assert refuse(usage_event(data={}), meters=[CALLS], now=NOON) is None
    assert quantity_of(usage_event(data={}), CALLS) == 1


def test_a_type_without_a_meter_is_refused():
    assert refuse(usage_event(), meters=[], now=NOON).code == "unknown_meter"


def test_five_minutes_ahead_of_the_tenants_clock_are_forgiven_and_no_more():
    limit = NOON + timedelta(minutes=5)

    assert refuse(usage_event(time=limit), meters=[CALLS], now=NOON) is None
    late = usage_event(time=limit + timedelta(microseconds=1))
    assert refuse(late, meters=[CALLS], now=NOON).code == "time_in_future"
