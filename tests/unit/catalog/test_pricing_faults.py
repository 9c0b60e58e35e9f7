"""What is wrong with a price is found, at its line and column, and alone."""

import pytest

from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.reader import read_catalog
from tests.support.catalogue import SMALL, place_of, spoiled
from tests.unit.catalog.pricing_fault_cases import (
    ADDON_EXTRAS,
    CHARGES,
    METER_EXTRAS,
    PRICE_EXTRAS,
)
from tests.unit.catalog.test_catalog_faults import problems_of

CHARGE = SMALL[SMALL.index("          - kind: graduated") : SMALL.index("  - code: scale")]


def named(cases):
    return [pytest.param(*case, id=f"{case[0].name}-{n}") for n, case in enumerate(cases)]


def found_alone(fault, source, part, after):
    start = source.index(after)
    (problem, *others) = problems_of(source)

    assert (problem.code, others) == (fault.name.lower(), [])
    if part is not None:
        line, column = place_of(source[start:], part)
        above = source[:start].count("\n")
        column += len(source[:start]) - source[:start].rfind("\n") - 1 if line == 1 else 0
        assert (problem.line, problem.column) == (line + above, column)


@pytest.mark.parametrize(("fault", "said", "part"), named(CHARGES))
def test_a_charge_is_told_what_is_wrong_with_it(fault, said, part):
    charge = f"          - {{meter: outbound_lines, kind: {said}}}\n"
    source = spoiled(CHARGE, charge)
    if fault is Fault.METER_WITHOUT_MONEY:
        source = source.replace("aggregation: sum\n    property: lines", "aggregation: count")

    found_alone(fault, source, part, "{meter: ")


@pytest.mark.parametrize(("fault", "said", "part"), named(ADDON_EXTRAS))
def test_an_addon_is_told_what_is_wrong_with_its_ladders(fault, said, part):
    source = f"{SMALL}    {said}\n"

    if fault is Fault.EARLY_PRICE_MISSING:
        codes = {problem.code for problem in problems_of(source)}
        assert codes == {"early_price_missing", "early_price_unknown"}
    else:
        found_alone(fault, source, part, said)


@pytest.mark.parametrize(("fault", "said", "part"), named(PRICE_EXTRAS))
def test_a_price_is_told_what_is_wrong_with_it(fault, said, part):
    first = "      - currency: CNY\n        interval: month\n"
    source = SMALL.replace(first, f"{first}        {said}\n", 1)

    found_alone(fault, source, part, said)


@pytest.mark.parametrize(("fault", "said", "part"), named(METER_EXTRAS))
def test_a_meter_is_told_what_is_wrong_with_it(fault, said, part):
    lines = "    " + said.replace(", late_days", "\n    late_days")
    source = spoiled("    property: lines\n", f"    property: lines\n{lines}\n")

    found_alone(fault, source, part, lines)


def test_two_meters_of_the_same_events_ask_the_same_type_of_a_property():
    asked = "    property: lines\n    properties: {region: {type: string}}\n"
    start, end = SMALL.index("  - code: outbound_lines"), SMALL.index("seasons:")
    meter = SMALL[start:end].replace("    property: lines\n", asked)
    other = meter.replace("code: outbound_lines", "code: others").replace("string", "number")
    source = f"{SMALL[:start]}{meter}{other}{SMALL[end:]}"

    (problem,) = problems_of(source)

    assert problem.code == Fault.PROPERTY_TYPES_DIFFER.name.lower()
    assert dict(problem.fields) == {"value": "region", "type": "string", "other": "outbound_lines"}
    filtered = other.replace("    module", "    filters: [{property: k, values: [x]}]\n    module")
    read_catalog(f"{SMALL[:start]}{meter}{filtered}{SMALL[end:]}")


def test_a_fee_includes_some_of_a_quantity_only_when_it_names_one():
    fee = 'kind: flat, amount: "1999.00"'

    (problem,) = problems_of(spoiled(fee, f"{fee}, included: 2"))

    assert (problem.code, dict(problem.fields)["value"]) == ("unknown_key", "included")


def test_prices_of_the_same_interval_and_count_are_listed_once():
    first = "      - currency: CNY\n        interval: month\n"
    block = SMALL[SMALL.index(first) : SMALL.index("  - code: scale")]
    again = block.replace(first, f"{first}        count: 2\n")

    (problem,) = problems_of(spoiled(block, block + again + again))

    assert dict(problem.fields) == {"currency": "CNY", "interval": "2 month"}
