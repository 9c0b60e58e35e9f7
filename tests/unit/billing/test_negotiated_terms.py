"""Terms that no invoice could be computed from are refused before they hold."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.life.errors import TermsInvalid
from billing.domain.life.negotiating import require_fitting
from control_plane.catalog.domain import Charge, ChargeKind, Feature, FeatureKind, Price, Tier
from control_plane.kernel.calendar import Interval
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import ChargeTerms, Terms
from tests.support.billing import CNY, USAGE, fee, text

RATED = Charge(
    code="rated",
    kind=ChargeKind.GRADUATED_PERCENTAGE,
    timing=USAGE.timing,
    name=text("Rated"),
    meter="amounts",
    tiers=(Tier(up_to=None, unit_price=Decimal(0), flat_fee=Decimal(0), rate=Decimal(2)),),
)
EACH = replace(
    USAGE, code="each", kind=ChargeKind.PER_UNIT, tiers=(), unit_price=Decimal(0), included=None
)
PRICE = Price(CNY, Interval.MONTH, (fee("1999.00"), USAGE, RATED, EACH))
FEATURES = {
    "orders": Feature("orders", FeatureKind.METERED, "outbound", text("Orders"), per="day"),
    "labels": Feature("labels", FeatureKind.BOOLEAN, "outbound", text("Labels")),
}


def cny(amount: str) -> Money:
    return Money.parse(amount, CNY)


def open_tier(unit_price: str, flat_fee: str = "0") -> tuple[Tier, ...]:
    return (Tier(up_to=None, unit_price=Decimal(unit_price), flat_fee=Decimal(flat_fee)),)


@pytest.mark.parametrize(
    ("charge", "terms", "fault"),
    [
        ("outbound_lines", ChargeTerms(tiers=open_tier("-5")), "tiers"),
        ("outbound_lines", ChargeTerms(tiers=open_tier("5", "-1")), "tiers"),
        ("rated", ChargeTerms(tiers=open_tier("5")), "tiers"),
        ("outbound_lines", ChargeTerms(amount=cny("5.00")), "amount"),
        ("outbound_lines", ChargeTerms(unit_price=Decimal(5)), "unit_price"),
        ("base", ChargeTerms(tiers=open_tier("5")), "tiers"),
        ("base", ChargeTerms(minimum=cny("5.00"), maximum=cny("1.00")), "maximum"),
    ],
)
def test_a_charge_is_negotiated_only_by_what_it_is_priced_by(charge, terms, fault):
    with pytest.raises(TermsInvalid) as refused:
        require_fitting(Terms(charges={charge: terms}), PRICE, FEATURES)

    assert refused.value.fields["what"] == f"charges.{charge}.{fault}"


@pytest.mark.parametrize(
    ("feature", "grant"), [("labels", Decimal(5)), ("orders", True), ("orders", Decimal(-5))]
)
def test_a_feature_is_granted_as_its_kind_is(feature, grant):
    with pytest.raises(TermsInvalid, match=f"entitlements.{feature}"):
        require_fitting(Terms(entitlements={feature: grant}), PRICE, FEATURES)


def test_terms_that_fit_are_taken():
    terms = Terms(
        charges={
            "base": ChargeTerms(amount=cny("0.00"), minimum=cny("1.00"), maximum=cny("1.00")),
            "outbound_lines": ChargeTerms(tiers=open_tier("0.01"), included=Decimal(0)),
            "each": ChargeTerms(unit_price=Decimal("0.01")),
        },
        entitlements={"orders": Decimal(0), "labels": False},
    )

    require_fitting(terms, PRICE, FEATURES)
