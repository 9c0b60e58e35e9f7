"""What a meter asks of its events' data is held at the edge, and told in full."""

from dataclasses import replace

import pytest

from control_plane.catalog.domain import Filter, Property, PropertyType
from metering.domain.judging import refuse
from metering.domain.schema import broken
from tests.support.usage import NOON, meter, usage_event

REGIONS = ("north", "south")


def asking(*properties):
    return replace(meter(), properties=properties)


def held(value):
    return usage_event(data={"lines": 1, "region": value})


@pytest.mark.parametrize(
    ("kind", "values", "value"),
    [
        ("string", (), ""),
        ("string", REGIONS, "north"),
        ("number", (), 1.5),
        ("number", (), "-0.50"),
        ("number", ("1.5", "-2"), "1.50"),
        ("number", ("1.5", "-2"), -2),
        ("boolean", (), False),
        ("boolean", ("true",), True),
        ("string", REGIONS, None),
    ],
)
def test_what_is_asked_for_is_taken(kind, values, value):
    assert broken(held(value), asking(Property("region", PropertyType(kind), values))) is None


@pytest.mark.parametrize(
    ("kind", "values", "value", "code", "shown", "known"),
    [
        ("string", (), 7, "property_type_wrong", "7", ["string"]),
        ("string", REGIONS, True, "property_type_wrong", "true", ["string"]),
        ("string", REGIONS, ["north"], "property_type_wrong", '["north"]', ["string"]),
        ("string", REGIONS, "North", "property_value_not_allowed", "North", list(REGIONS)),
        ("number", (), "many", "property_type_wrong", '"many"', ["number"]),
        ("number", (), {}, "property_type_wrong", "{}", ["number"]),
        ("number", ("1",), 2, "property_value_not_allowed", "2", ["1"]),
        ("boolean", (), "true", "property_type_wrong", '"true"', ["boolean"]),
        ("boolean", ("true",), False, "property_value_not_allowed", "false", ["true"]),
    ],
)
def test_what_is_not_is_told_with_its_value_and_what_is_taken(
    kind, values, value, code, shown, known
):
    asked = asking(Property("region", PropertyType(kind), values))

    refusal = refuse(held(value), meters=[asked], now=NOON)

    told = {name: refusal.fields[name] for name in ("meter", "property", "value", "known")}
    assert (refusal.code, refusal.field) == (code, "data.region")
    assert told == {
        "meter": "outbound_lines",
        "property": "region",
        "value": shown,
        "known": known,
    }


@pytest.mark.parametrize("values", [(), REGIONS])
def test_a_required_property_is_there(values):
    asked = asking(Property("region", PropertyType.STRING, values, required=True))

    for event in (held(None), usage_event(data={"lines": 1})):
        refusal = broken(event, asked)
        assert refusal.code == "required_property_missing"
        assert refusal.fields["known"] == (list(values) or ["string"])


def test_a_meter_whose_filters_an_event_does_not_pass_asks_nothing_of_it():
    asked = asking(Property("region", PropertyType.STRING, required=True))
    filtered = replace(asked, filters=(Filter("carrier", ("sf",)),))

    assert refuse(usage_event(data={"lines": 1}), meters=[filtered], now=NOON) is None


def test_a_long_list_of_values_is_cut_short_in_the_sentence_alone():
    many = tuple(f"r{n}" for n in range(30))

    refusal = broken(held("x"), asking(Property("region", PropertyType.STRING, many)))

    assert refusal.fields["known"] == list(many)
    assert str(refusal.fields["allowed"]).endswith("r19, …")
