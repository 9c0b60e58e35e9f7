from dataclasses import replace
from datetime import timedelta

import pytest

from control_plane.catalog.domain import Aggregation, Filter, LatePolicy
from control_plane.catalog.domain.meters import Property, PropertyType
from metering.domain.judging import refuse
from metering.domain.quick_judging import judge
from tests.support.usage import CALLS, LINES, NOON, SHIPMENT, meter, usage_event

METERS = {
    "nothing": (),
    "count": (CALLS,),
    "sum": (LINES, CALLS),
    "unique": (replace(LINES, aggregation=Aggregation.UNIQUE),),
    "amount": (replace(LINES, amount_property="fee"),),
    "filter": (replace(LINES, filters=(Filter("calls", ("1",)),)),),
    "late": (replace(CALLS, late=LatePolicy.REJECT_AFTER, late_days=3),),
    "number": (replace(CALLS, properties=(Property("lines", PropertyType.NUMBER),)),),
    "numbers": (replace(CALLS, properties=(Property("lines", PropertyType.NUMBER, ("3",)),)),),
    "boolean": (replace(CALLS, properties=(Property("lines", PropertyType.BOOLEAN),)),),
    "required": (replace(CALLS, properties=(Property("lines", PropertyType.STRING, (), True),)),),
    "values": (
        replace(CALLS, properties=(Property("lines", PropertyType.STRING, ("many", "few")),)),
    ),
}
EVENTS = [
    usage_event(f"{n}-{days}", data=data, time=NOON - timedelta(days=days))
    for n, data in enumerate(
        [
            {},
            {"lines": 0},
            {"lines": -1},
            {"lines": "3"},
            {"lines": "many", "calls": 2},
            {"lines": None},
            {"lines": True, "calls": 1},
            {"lines": 2.5, "fee": 1},
            {"lines": 1, "fee": "x"},
        ]
    )
    for days in (-1, 0, 10)
]


@pytest.mark.parametrize("name", METERS)
def test_judging_many_says_what_judging_each_says(name):
    meters = {SHIPMENT: METERS[name]}
    stranger = usage_event("stranger", type="tallyard.unheard_of")

    found = judge([*EVENTS, stranger], meters=meters, now=NOON)

    alone = [refuse(event, meters=METERS[name], now=NOON) for event in EVENTS]
    assert [r and r.code for r in found] == [*(r and r.code for r in alone), "unknown_meter"]
    assert any(r is None for r in alone) == (name != "nothing")


def test_a_meter_of_another_type_asks_nothing():
    other = meter("other", event_type="tallyard.outbound.scanned")

    assert judge([usage_event(data={})], meters={SHIPMENT: (CALLS,), "x": (other,)}, now=NOON) == [
        None
    ]
