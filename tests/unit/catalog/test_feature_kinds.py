"""Features of every kind are read, kept and protected; each key belongs to its kinds."""

from decimal import Decimal

import pytest

from control_plane.catalog.codec import plan_body, plan_from_body
from control_plane.catalog.definitions import definitions_body, definitions_from_body
from control_plane.catalog.domain import (
    Access,
    FeatureKind,
    Mode,
    OnStale,
    Rate,
    ValueType,
    fits_feature,
)
from control_plane.catalog.errors import CatalogInvalid
from control_plane.catalog.source.reader import read_catalog
from tests.support.catalogue import SMALL

KINDS = """\
  - {code: outbound.region, kind: configuration, type: choice, choices: [near, far],
     module: outbound, name: {en: Region, zh: 区域}}
  - {code: outbound.batch, kind: configuration, type: integer, module: outbound,
     name: {en: Batch, zh: 批}}
  - {code: outbound.labels, kind: metered, per: month, mode: soft, meter: outbound_lines,
     lease_seconds: 60, module: outbound, name: {en: Labels, zh: 面单}}
  - {code: outbound.calls, kind: metered, rolling: 3600, max_age_seconds: 120, on_stale: allow,
     module: outbound, name: {en: Calls, zh: 调用}}
  - {code: outbound.rate, kind: rate, access: read, module: outbound, name: {en: Rate, zh: 速率}}
  - {code: outbound.jobs, kind: concurrency, module: outbound, name: {en: Jobs, zh: 任务}}
  - {code: outbound.people, kind: seats, module: outbound, name: {en: People, zh: 人员}}
"""
GRANTED = (
    "{outbound.orders_per_day: 150, outbound.region: far, outbound.batch: 20, "
    'outbound.labels: 1000, outbound.calls: 90, outbound.rate: {per_second: "2.5", burst: 9}, '
    "outbound.jobs: 4, outbound.people: 12}"
)
WITH_KINDS = SMALL.replace("meters:\n", KINDS + "meters:\n", 1).replace(
    "{outbound.orders_per_day: 150}", GRANTED, 1
)
# What other plans of the small catalogue hold outbound must say, too.
WITH_KINDS = WITH_KINDS.replace(
    "{outbound.orders_per_day: 200}",
    "{outbound.orders_per_day: 200, outbound.labels: 1, outbound.calls: 1}",
)


def test_every_kind_is_read_with_what_belongs_to_it():
    features = read_catalog(WITH_KINDS).features

    region = features["outbound.region"]
    assert (region.type, region.choices) == (ValueType.CHOICE, ("near", "far"))
    labels = features["outbound.labels"]
    assert (labels.per, labels.mode, labels.meter) == ("month", Mode.SOFT, "outbound_lines")
    calls = features["outbound.calls"]
    assert (calls.per, calls.rolling_seconds, calls.max_age_seconds) == (None, 3600, 120)
    assert calls.on_stale is OnStale.ALLOW
    assert features["outbound.rate"].access is Access.READ
    assert features["outbound.people"].kind is FeatureKind.SEATS


def test_a_plan_grants_each_kind_in_its_own_way_and_keeps_it():
    plan = read_catalog(WITH_KINDS).plan("growth")

    assert plan.entitlements["outbound.region"] == "far"
    assert plan.entitlements["outbound.rate"] == Rate(Decimal("2.5"), Decimal(9))
    assert plan_from_body(plan.id, 0, plan_body(plan)) == plan


def test_definitions_come_back_as_they_were_stored():
    catalog = read_catalog(WITH_KINDS)

    assert definitions_from_body(definitions_body(catalog)).features == catalog.features


def test_the_old_word_limit_is_a_hard_metered_feature_in_files_and_in_what_was_published():
    catalog = read_catalog(SMALL)
    stored = definitions_body(catalog)
    for feature in stored["features"]:
        feature["kind"] = feature["kind"].replace("metered", "limit")

    orders = catalog.features["outbound.orders_per_day"]
    assert (orders.kind, orders.mode, orders.per) == (FeatureKind.METERED, Mode.HARD, "day")
    published = definitions_from_body(stored)
    assert published.features == catalog.features
    as_now = SMALL.replace("kind: limit", "kind: metered")
    assert read_catalog(as_now, published).features == catalog.features


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("mode: soft, ", "mode: soft, rolling: 60, ", "one_of"),
        ("rolling: 3600, ", "", "one_of"),
        ("meter: outbound_lines,\n     lease", "meter: none_such,\n     lease", "unknown_meter"),
        ("choices: [near, far]", "strict: true", "missing_key"),
        ("type: integer,", "type: integer, choices: [a],", "key_of_other_kind"),
        ("kind: rate,", "kind: rate, per: day,", "key_of_other_kind"),
        ("kind: seats,", "kind: seats, lease_seconds: 9,", "key_of_other_kind"),
        ("outbound.region: far", "outbound.region: away", "unknown_choice"),
        ("outbound.batch: 20", "outbound.batch: 2.5", "not_whole_units"),
        ("outbound.jobs: 4", "outbound.jobs: 0.5", "not_whole_units"),
        ('"2.5", burst: 9', '"0", burst: 9', "not_above_zero"),
        ('"2.5", burst: 9', '"2.5", burst: 0', "not_above_zero"),
    ],
)
def test_what_does_not_fit_its_kind_is_told(old, new, fault):
    with pytest.raises(CatalogInvalid) as caught:
        read_catalog(WITH_KINDS.replace(old, new, 1))

    assert [problem.code for problem in caught.value.problems] == [fault]


def test_a_published_feature_keeps_what_it_counts_in():
    published = read_catalog(WITH_KINDS)
    stored = definitions_from_body(definitions_body(published))

    with pytest.raises(CatalogInvalid) as caught:
        read_catalog(WITH_KINDS.replace("rolling: 3600", "rolling: 7200"), stored)

    assert [problem.code for problem in caught.value.problems] == ["meaning_changed"]


@pytest.mark.parametrize(
    ("code", "fitting", "unfitting"),
    [
        ("outbound", True, Decimal(1)),
        ("outbound.region", "near", "elsewhere"),
        ("outbound.batch", Decimal(3), Decimal("3.5")),
        ("outbound.labels", Decimal(3), True),
        ("outbound.rate", Rate(Decimal(1), Decimal(1)), Decimal(3)),
        ("outbound.rate", Rate(Decimal(1), Decimal(1)), Rate(Decimal(0), Decimal(1))),
        ("outbound.people", Decimal(0), "3"),
    ],
)
def test_a_value_fits_its_feature_or_not(code, fitting, unfitting):
    feature = read_catalog(WITH_KINDS).features[code]

    assert fits_feature(fitting, feature)
    assert not fits_feature(unfitting, feature)
