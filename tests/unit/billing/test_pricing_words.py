"""Every step of a price is a sentence, in both languages, with all of its values."""

import re
from fractions import Fraction

import pytest

from billing.domain.explain import explain_lines
from billing.domain.pricing import price_fee, price_usage
from billing.domain.pricing.wording import PRICING_MESSAGES
from control_plane.catalog.domain import ChargeKind
from tests.support.pricing_guide import guide, guide_charge
from tests.unit.catalog.test_pricing_guide import EXAMPLES
from web.i18n import translations

SHARE = Fraction(10, 31)


def explained(steps, language):
    body = {
        "key": "k",
        "kind": "usage",
        "item_name": {"en": "Plan", "zh": "套餐"},
        "name": {"en": "Charge", "zh": "收费项"},
        "unit": {"en": "units", "zh": "个"},
        "first_day": "",
        "last_day": "",
        "amount_minor": 0,
        "steps": list(steps),
    }
    (line,) = explain_lines(
        {"zone": "UTC", "currency": "CNY", "lines": [body]},
        language,
        translations(language).ugettext,
    )
    return [step.text for step in line.steps]


@pytest.mark.parametrize(("code", "usage", "price"), EXAMPLES)
@pytest.mark.parametrize("share", [Fraction(1), SHARE])
def test_every_example_explains_itself_in_both_languages(code, usage, price, share):
    steps = price_usage(guide_charge(code), usage, share).steps

    english, chinese = explained(steps, "en"), explained(steps, "zh")

    assert len(english) == len(chinese) >= len(steps)
    assert not any("{" in text or re.search(r"[一-鿿]", text) for text in english)
    assert all(re.search(r"[一-鿿]", text) for text in chinese)


def test_an_explanation_reads_as_it_should():
    def told(code, usage):
        return explained(price_usage(guide_charge(code), usage, Fraction(1)).steps, "en")

    examples = {code: usage for code, usage, _ in EXAMPLES}
    assert told("labels", examples["labels"]) == [
        "Included: 50. Left to be charged: 201.",
        "201 in packages of 100: 3 at 5 each, 15.",
    ]
    assert told("storage", examples["storage"]) == [
        "5,400,000,000 divided by 1,000,000,000, rounded up: 6.",
        "Included: 2. Left to be charged: 4.",
        "Tier 1, above 0: 4 at 3 each, 12.",
        "Raised to the least charge: 20.",
    ]
    assert told("sales_fee", examples["sales_fee"]) == [
        "Free: 2 event(s). Of the 145, 130 bears no rate.",
        "2 % of 15: 0.3.",
        "2 event(s) at 0.1 each: 0.2.",
        "Least and most per event change this by 0.1.",
    ]


def test_seats_are_explained():
    steps = price_fee(guide_charge("seats")).steps

    assert explained(steps, "en")[0] == "1, of which 2 included, at 30.00 each: 0."


def test_every_model_is_among_the_examples():
    kinds = {guide_charge(code).kind for code, _, _ in EXAMPLES}

    assert kinds == set(ChargeKind) - {ChargeKind.FLAT}
    assert set(PRICING_MESSAGES)
    assert guide().plans
