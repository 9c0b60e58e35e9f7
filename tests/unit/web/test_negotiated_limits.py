"""Negotiated limits of every kind: numbers, texts and rates, as the form shows and reads them."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from control_plane.catalog.domain import Rate
from control_plane.catalog.source.reader import read_catalog
from control_plane.kernel.exact import exact_decimal
from control_plane.subscriptions.domain import ChargeTerms
from tests.unit.catalog.test_feature_kinds import WITH_KINDS
from web.grant_words import ValueUnreadable
from web.portal.forms import Submitted
from web.portal.negotiating import Listed, term_groups, terms_asked


@pytest.fixture
def listed():
    catalog = read_catalog(WITH_KINDS)
    plan = catalog.plans["growth"]
    return Listed(plan, plan.prices[0], catalog, "Asia/Shanghai")


def asked(listed, **fields):
    values = {name: [value] for name, value in fields.items()}
    return terms_asked(Submitted({"reason": ["A friend"], **values}), listed)


def test_the_form_shows_what_the_plan_says_of_every_kind(listed):
    kept = SimpleNamespace(charges={}, entitlements={"outbound.region": "near"})
    *_, limits = term_groups(listed, kept, "en")
    shown = {field.name: (field.listed, field.value) for field in limits.fields}

    assert shown["e.outbound.region"] == ("far", "near")
    assert shown["e.outbound.rate"] == ("2.5/9", "")
    assert shown["e.outbound.labels"] == ("1000", "")
    assert "e.outbound" not in shown


def test_texts_rates_and_numbers_are_read_by_their_feature(listed):
    terms = asked(
        listed,
        **{"e.outbound.region": "near", "e.outbound.rate": "5/20", "e.outbound.people": "40"},
    )

    assert terms.entitlements == {
        "outbound.region": "near",
        "outbound.rate": Rate(exact_decimal("5"), exact_decimal("20")),
        "outbound.people": exact_decimal("40"),
    }


def test_what_is_no_value_is_told_at_its_field(listed):
    with pytest.raises(ValueUnreadable) as refused:
        asked(listed, **{"e.outbound.rate": "fast"})

    assert refused.value.field == "e.outbound.rate"


@pytest.mark.parametrize(
    "code", ["outbound", "outbound.labels", "outbound.rate", "outbound.batch", "outbound.region"]
)
def test_what_was_taken_away_is_shown_and_taken_away_still_when_sent_again(listed, code):
    kept = SimpleNamespace(charges={}, entitlements={code: False})
    *_, limits = term_groups(listed, kept, "en")
    shown = {field.name: field.value for field in limits.fields if field.value}

    assert asked(listed, **shown).entitlements == {code: False}


def test_what_was_agreed_beyond_the_plan_is_agreed_still_when_sent_again(listed):
    listed = replace(listed, plan=replace(listed.plan, entitlements={}))
    agreed = {"outbound": True, "outbound.people": exact_decimal("40")}
    *_, limits = term_groups(listed, SimpleNamespace(charges={}, entitlements=agreed), "en")

    assert {field.listed for field in limits.fields} == {""}
    shown = {field.name: field.value for field in limits.fields}
    assert asked(listed, **shown).entitlements == agreed


def test_a_negotiated_nothing_is_shown_and_negotiated_still_when_sent_again(listed):
    charge = next(c for c in listed.price.charges if c.meter is not None and c.included)
    none = {charge.code: ChargeTerms(included=exact_decimal("0"))}
    groups = term_groups(listed, SimpleNamespace(charges=none, entitlements={}), "en")
    shown = {field.name: field.value for group in groups for field in group.fields if field.value}

    assert shown == {f"c.{charge.code}.included": "0"}
    assert asked(listed, **shown).charges == none
