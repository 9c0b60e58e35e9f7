"""Every fault of a catalogue file is found, at its exact line and column."""

import pytest

from control_plane.catalog.errors import CatalogInvalid
from control_plane.catalog.source.faults import Fault, Problem
from control_plane.catalog.source.reader import read_catalog
from tests.support.catalogue import SMALL, place_of, spoiled
from tests.unit.billing.tax.sheet_fault_cases import CASES as TAX_CASES
from tests.unit.billing.whatif.scenario_fault_cases import CASES as SCENARIO_CASES
from tests.unit.billing.whatif.scenario_fault_cases import COUNTS
from tests.unit.catalog.fault_cases import CASES
from tests.unit.catalog.pricing_fault_cases import (
    ADDON_EXTRAS,
    CHARGES,
    METER_EXTRAS,
    PRICE_EXTRAS,
)

PRICING_CASES = (CHARGES, ADDON_EXTRAS, PRICE_EXTRAS, METER_EXTRAS)


def problems_of(source: str) -> tuple[Problem, ...]:
    with pytest.raises(CatalogInvalid) as caught:
        read_catalog(source)
    return caught.value.problems


@pytest.mark.parametrize(
    ("fault", "old", "new", "part", "path"),
    CASES,
    ids=[f"{case[0].name}-{n}" for n, case in enumerate(CASES)],
)
def test_a_fault_is_reported_alone_and_at_its_place(fault, old, new, part, path):
    source = spoiled(old, new)

    problems = problems_of(source)

    assert [problem.code for problem in problems] == [fault.name.lower()]
    if part:
        assert (problems[0].line, problems[0].column) == place_of(source, part)
    if path:
        assert problems[0].path == path


def test_a_duplicate_plan_is_reported_where_it_is_repeated_and_says_where_the_first_is():
    source = spoiled("- code: scale", "- code: growth")

    (problem,) = problems_of(source)

    second = source.rindex("- code: growth")
    assert problem.line == source[:second].count("\n") + 1
    first_line, _ = place_of(source, "code: growth")
    assert f"line {first_line}" in problem.message


def test_a_yes_or_no_feature_is_granted_with_true_only():
    with_option = spoiled(
        "  - code: outbound.orders_per_day\n",
        "  - {code: outbound.bulk, kind: boolean, module: outbound, name: {en: Bulk, zh: 批量}}\n"
        "  - code: outbound.orders_per_day\n",
    )
    granted = "{outbound.orders_per_day: 400, outbound.bulk: %s}"

    (problem,) = problems_of(
        with_option.replace("{outbound.orders_per_day: 400}", granted % "false")
    )
    catalog = read_catalog(with_option.replace("{outbound.orders_per_day: 400}", granted % "true"))

    assert problem.code == "grant_not_true"
    assert catalog.addon("peak_618").grants["outbound.bulk"] is True


def test_all_faults_of_a_file_come_at_once_in_its_order():
    source = SMALL
    for old, new in [
        ("zone: Asia/Shanghai", "zone: Mars/Base"),
        ("{en: Growth, zh: 成长版}", "{en: Growth}"),
        ('"1999.00"', '"-1"'),
        ("meter: outbound_lines", "meter: nothing"),
        ('"618"\n', '"817"\n'),
        ('"888.00"', '"888.005"'),
    ]:
        assert old in source
        source = source.replace(old, new, 1)

    problems = problems_of(source)

    assert [p.code for p in problems] == [
        "unknown_zone",
        "missing_translation",
        "negative",
        "unknown_meter",
        "unknown_season",
        "too_fine",
    ]
    assert [p.line for p in problems] == sorted(p.line for p in problems)


def test_amounts_follow_the_exponent_of_their_own_currency():
    yen = spoiled('{currency: CNY, amount: "888.00"}', '{currency: JPY, amount: "888.5"}')
    dinar = spoiled('{currency: CNY, amount: "888.00"}', '{currency: KWD, amount: "888.125"}')

    assert [p.code for p in problems_of(yen)] == ["too_fine"]
    assert read_catalog(dinar).addon("peak_618").prices["KWD"].minor == 888_125


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("", "empty", 1),
        ("# only a comment\n", "empty", 1),
        ("modules: [\n", "syntax", 2),
        ("modules: []\n---\nmodules: []\n", "syntax", 2),
        ("modules: &all []\nfeatures: *all\n", "alias", 2),
        ("- a list\n", "not_a_mapping", 1),
        ("modules: \x00\n", "syntax", 1),
    ],
)
def test_what_is_no_catalogue_at_all_is_refused_with_a_place(source, code, line):
    problems = problems_of(source)

    assert (problems[0].code, problems[0].line) == (code, line)


def test_a_missing_section_is_named():
    problems = problems_of("modules: []\nfeatures: []\n")

    assert [(p.code, p.fields) for p in problems] == [("missing_key", (("value", "plans"),))]


def test_deep_nesting_and_endless_files_are_refused_before_they_cost_anything():
    assert [p.code for p in problems_of("modules: " + "[" * 200_000)] == ["too_deep"]
    assert [p.code for p in problems_of("# " + "x" * 2_000_000)] == ["too_large"]


def test_every_fault_of_the_list_has_a_case_in_one_of_the_suites():
    """Catalogues here, scenarios in unit/billing/whatif, tax files in integration/billing/tax."""
    told_above = {
        Fault.SYNTAX,
        Fault.ALIAS,
        Fault.EMPTY,
        Fault.TOO_DEEP,
        Fault.TOO_LARGE,
        Fault.GRANT_NOT_TRUE,
    }
    published = {Fault.MEANING_CHANGED, Fault.DEFINITION_REMOVED}
    suites = (CASES, *PRICING_CASES, SCENARIO_CASES, COUNTS, TAX_CASES)
    listed = {case[0] for cases in suites for case in cases}

    assert told_above | published | {
        Fault.EARLY_PRICE_UNKNOWN,
        Fault.PROPERTY_TYPES_DIFFER,
    } | listed == set(Fault)
