"""Scenarios are read whole: times in their own zone, usage as events, faults by place."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from billing.domain.whatif.errors import ScenarioInvalid
from billing.whatif.reading import read_scenario
from control_plane.catalog.source.faults import Fault
from control_plane.subscriptions.domain import Cancel
from metering.domain.numbers import quantity
from tests.unit.billing.whatif.scenario_fault_cases import CASES, COUNTED, COUNTS

GROWTH = Path("tests/support/scenarios/growth.yaml").read_text(encoding="utf-8")


def faults(text: str) -> list[str]:
    with pytest.raises(ScenarioInvalid) as refused:
        read_scenario(text)
    return [f"{p.line}:{p.column} {p.code}" for p in refused.value.problems]


def test_a_time_without_an_offset_is_local_and_a_day_is_its_first_instant():
    scenario = read_scenario(GROWTH)

    assert scenario.until == datetime(2026, 4, 9, 16, tzinfo=UTC)
    assert scenario.timelines[0].started_at == datetime(2026, 1, 10, 2, tzinfo=UTC)
    assert isinstance(scenario.timelines[0].changes[-1].action, Cancel)


def test_so_much_a_day_is_one_event_a_day_at_local_noon():
    usage = read_scenario(GROWTH).usage

    assert len(usage) == 50, "10 January to 28 February, both included"
    assert {event.time.hour for event in usage} == {4}
    assert {quantity(event.data["lines"]) for event in usage} == {Decimal(250)}


def test_the_same_scenario_is_read_the_same_every_time():
    assert read_scenario(GROWTH) == read_scenario(GROWTH)


def test_json_is_read_as_the_yaml_it_is():
    as_json = json.dumps(yaml.safe_load(GROWTH), default=str)

    assert read_scenario(as_json).usage == read_scenario(GROWTH).usage


def test_a_counted_meter_gets_one_event_for_each():
    counted = GROWTH.replace("aggregation: sum, property: lines", "aggregation: count").replace(
        "from: 2026-01-10, to: 2026-02-28, per_day", "at: 2026-01-12, quantity"
    )

    assert len(read_scenario(counted).usage) == 250


def test_events_are_taken_as_they_would_be_sent():
    event = (
        "events: [{specversion: '1.0', id: e1, source: /s, type: t.shipment, "
        "time: '2026-01-11T00:00:00Z', data: {lines: 12.50}}]"
    )
    sent = read_scenario(f"{GROWTH}{event}\n").usage[-1]

    assert quantity(sent.data["lines"]) == Decimal("12.5")


@pytest.mark.parametrize(
    ("fault", "old", "new", "place"),
    CASES,
    ids=[f"{case[0].name}-{n}" for n, case in enumerate(CASES)],
)
def test_what_is_wrong_is_told_by_line_and_column(fault: Fault, old: str, new: str, place: str):
    assert old in GROWTH

    assert f"{place} {fault.name.lower()}" in faults(GROWTH.replace(old, new))


@pytest.mark.parametrize(("fault", "quantity"), COUNTS, ids=[case[0].name for case in COUNTS])
def test_a_counted_meter_takes_whole_events_and_not_too_many(fault: Fault, quantity: str):
    counted = GROWTH.replace(COUNTED, "aggregation: count").replace(
        'from: 2026-01-10, to: 2026-02-28, per_day: "250"',
        f'at: 2026-01-12, quantity: "{quantity}"',
    )

    assert faults(counted) == [f"25:5 {fault.name.lower()}"]
