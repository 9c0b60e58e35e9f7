"""What was published keeps its meaning, and a diff says what would change."""

import pytest

from control_plane.catalog.definitions import definitions_of
from control_plane.catalog.diff import Effect, FieldChange, prepare_publication
from control_plane.catalog.errors import CatalogInvalid
from control_plane.catalog.repository import NOTHING_ON_SALE
from control_plane.catalog.source.reader import read_catalog
from tests.support.catalogue import SMALL, place_of, spoiled

PUBLISHED = definitions_of(read_catalog(SMALL))


def problems_of(source):
    with pytest.raises(CatalogInvalid) as caught:
        read_catalog(source, published=PUBLISHED)
    return caught.value.problems


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("shipment_posted", "shipment_sent", "event_type"),
        ("property: lines", "property: units", "property"),
        ("aggregation: sum\n    property: lines", "aggregation: count", "aggregation"),
    ],
)
def test_a_published_meter_cannot_measure_something_else(old, new, what):
    source = spoiled(old, new)

    problem = problems_of(source)[0]

    assert problem.code == "meaning_changed"
    assert dict(problem.fields)["what"] == what
    assert (problem.line, problem.column) == place_of(source, "code: outbound_lines")


def test_a_published_definition_cannot_be_removed():
    meters = SMALL.index("meters:"), SMALL.index("seasons:")
    source = (SMALL[: meters[0]] + SMALL[meters[1] :]).replace(
        """          - kind: graduated
            meter: outbound_lines
            included: "2000"
            tiers:
              - {up_to: "5000", unit_price: "0.05", flat_fee: "1.50"}
              - {unit_price: "0.03"}
""",
        "",
    )

    (problem,) = problems_of(source)

    assert problem.code == "definition_removed"
    assert dict(problem.fields) == {"what": "meter", "value": "outbound_lines"}


def test_names_may_change_after_publication():
    read_catalog(spoiled("zh: 出库明细行", "zh: 出库行"), published=PUBLISHED)


def test_what_events_hold_and_are_grouped_by_may_change_after_publication():
    asked = "property: lines\n    properties: {region: {type: string}}\n    dimensions: [region]"

    catalog = read_catalog(spoiled("property: lines", asked), published=PUBLISHED)

    (difference,) = publication(catalog, first_catalog()).differences
    assert [(f.path, f.after) for f in difference.fields] == [
        ("properties[region].code", "region"),
        ("properties[region].type", "string"),
        ("dimensions[0]", "region"),
    ]


def publication(draft, before=None):
    before = before or NOTHING_ON_SALE
    return prepare_publication(draft, before, before.plans, before.addons)


def first_catalog():
    return publication(read_catalog(SMALL)).catalog


def test_first_publication_numbers_everything_from_one():
    first = publication(read_catalog(SMALL))

    assert {p.version for p in first.new_plans} == {p.version for p in first.new_addons} == {1}
    assert {d.effect for d in first.differences} == {Effect.NEW}
    assert {d.code for d in first.differences if d.section == "plans"} == set(first.catalog.plans)


def test_the_same_file_again_changes_nothing():
    again = publication(read_catalog(SMALL), first_catalog())

    assert again.differences == ()
    assert (again.new_plans, again.new_addons) == ((), ())


def test_a_changed_price_makes_one_new_version_and_names_the_value():
    before = first_catalog()

    after = publication(read_catalog(spoiled('"3999.00"', '"4200.00"')), before)

    assert [(p.code, p.version) for p in after.new_plans] == [("scale", 2)]
    assert after.catalog.plan("growth") is before.plan("growth")
    (difference,) = after.differences
    assert (difference.effect, difference.version) == (Effect.CHANGED, 2)
    assert difference.fields == (
        FieldChange("prices[CNY/month].charges[base].amount", "3999.00", "4200.00"),
    )


def test_equal_numbers_written_differently_are_no_change():
    source = SMALL.replace('"2000"', "2000.0").replace('"0.05"', '"0.050"')

    assert publication(read_catalog(source), first_catalog()).differences == ()


def test_a_withdrawn_plan_returns_with_its_old_version():
    before = first_catalog()
    start, end = SMALL.index("  - code: receiving"), SMALL.index("addons:")
    without = publication(read_catalog(SMALL[:start] + SMALL[end:]), before)
    back = prepare_publication(read_catalog(SMALL), without.catalog, before.plans, before.addons)

    assert [(d.code, d.effect) for d in without.differences] == [("receiving", Effect.WITHDRAWN)]
    assert [(d.code, d.effect, d.version) for d in back.differences] == [
        ("receiving", Effect.RETURNS, 1)
    ]
    assert back.new_plans == ()
    assert back.catalog.plan("receiving").id == before.plan("receiving").id
