from dataclasses import replace
from datetime import timedelta

import pytest

from control_plane.catalog.domain import Aggregation, Filter, LatePolicy
from metering.domain.judging import quantity_of, refuse
from tests.support.usage import CALLS, LINES, NOON, meter, usage_event


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


def test_an_event_older_than_its_meter_takes_is_refused_with_the_days():
    strict = replace(meter(), late=LatePolicy.REJECT_AFTER, late_days=30)

    refusal = refuse(usage_event(), meters=[strict], now=NOON + timedelta(days=30, seconds=1))

    assert refusal is not None
    assert (refusal.code, refusal.fields["days"]) == ("event_too_late", 30)
    assert refuse(usage_event(), meters=[strict], now=NOON + timedelta(days=30)) is None


def test_a_meter_whose_filters_an_event_does_not_pass_has_no_say():
    other = meter(property_="weight").narrowed((Filter("kind", ("parcel",)),))

    assert refuse(usage_event(), meters=[other], now=NOON) is None
    refusal = refuse(usage_event(data={"kind": "parcel"}), meters=[other], now=NOON)
    assert refusal is not None
    assert refusal.code == "property_missing"


def test_a_property_that_is_only_told_apart_may_be_any_text():
    unique = replace(meter(property_="sku"), aggregation=Aggregation.UNIQUE)

    for stated in ("A-1", 7, True):
        assert refuse(usage_event(data={"sku": stated}), meters=[unique], now=NOON) is None
    for missing in ({}, {"sku": ""}, {"sku": None}, {"sku": ["A-1"]}):
        refusal = refuse(usage_event(data=missing), meters=[unique], now=NOON)
        assert refusal is not None
        assert refusal.code == "property_missing"


def test_the_amount_of_money_is_asked_for_too():
    paid = replace(meter(), amount_property="fee")

    refusal = refuse(usage_event(data={"lines": 1, "fee": "much"}), meters=[paid], now=NOON)

    assert refusal is not None
    assert (refusal.code, refusal.fields["property"]) == ("property_not_quantity", "fee")
