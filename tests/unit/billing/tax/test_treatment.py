"""How sales are taxed, country to country."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.domain.tax.errors import TaxRateMissing
from billing.domain.tax.rates import rate_on
from billing.domain.tax.reasons import EXPORT, REVERSE_CHARGE
from billing.domain.tax.sale import Buyer, Exemption, ExportCode, Seller
from billing.domain.tax.treat import jurisdiction_of, treat
from control_plane.catalog.domain import Text
from tests.support.taxation import DAY, RATES, rate, sale

GERMAN = Seller("DE", goods=frozenset({"books"}))


def treated(found, category="standard"):
    at = jurisdiction_of(found)
    treatment = treat(found, category, [r for r in RATES if r.jurisdiction == at])
    return treatment.code, treatment.rate, treatment.jurisdiction


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (sale("CN", "CN"), ("S", 13, "CN")),
        (sale("DE", "DE", business=True), ("S", 19, "DE")),
        (sale("DE", "FR", business=True), ("AE", 0, "FR")),
        (sale("DE", "FR"), ("S", 19, "DE")),
        (sale(replace(GERMAN, oss=True), "FR"), ("S", 20, "FR")),
        (sale(replace(GERMAN, oss=True), "FR", business=True), ("AE", 0, "FR")),
        (sale("DE", "CH", business=True), ("G", 0, "CH")),
        (sale(replace(GERMAN, export=ExportCode.OUT_OF_SCOPE), "CH"), ("O", 0, "CH")),
        (sale("CN", "US"), ("G", 0, "US")),
        (sale(Seller("CN", registrations=frozenset({"DE"})), "DE"), ("S", 19, "DE")),
        (
            sale(Seller("CN", registrations=frozenset({"US-CA"})), Buyer("US", region="CA")),
            ("S", Decimal("8.25"), "US-CA"),
        ),
    ],
)
def test_a_sale_of_a_service_is_taxed_where_it_belongs(found, expected):
    assert treated(found) == expected


def test_goods_to_a_business_elsewhere_in_the_union_are_an_intra_community_supply():
    assert treated(sale(GERMAN, "FR", business=True), "books") == ("K", 0, "FR")


def test_goods_that_leave_the_union_are_an_export_however_services_are_declared():
    abroad = sale(replace(GERMAN, export=ExportCode.OUT_OF_SCOPE), "CH")

    assert treated(abroad, "books") == ("G", 0, "CH")


@pytest.mark.parametrize(
    "buyer",
    [
        Buyer("FR", business=True),
        Buyer("FR", business=True, tax_id="FR40303265046"),
        Buyer("FR", business=True, tax_id="DE136695976"),
        Buyer("FR", business=False, tax_id="FR40303265045"),
    ],
)
def test_without_a_valid_number_of_its_country_a_business_is_taxed_as_a_consumer(buyer):
    assert treated(sale(GERMAN, buyer)) == ("S", 19, "DE")


def test_untaxed_invoices_say_why():
    reverse = treat(sale("DE", "FR", business=True), "standard", ())
    export = treat(sale("CN", "US"), "standard", ())

    assert (reverse.reason, export.reason) == (REVERSE_CHARGE, EXPORT)


def test_a_rate_that_is_not_known_is_refused_and_not_taken_for_zero():
    with pytest.raises(TaxRateMissing):
        treat(sale("CN", "CN"), "gold", RATES[:2])
    with pytest.raises(TaxRateMissing):
        treat(sale("JP", "JP"), "standard", RATES[-1:])


def test_a_certificate_exempts_what_it_names_while_it_holds():
    held = Exemption(
        jurisdiction="CN",
        category="standard",
        code="E",
        certificate="X-1",
        reason=Text("Exempt", "免税"),
        valid_from=date(2026, 1, 1),
        valid_to=date(2027, 1, 1),
    )
    exempt = Buyer("CN", exemptions=(held,))

    assert treated(sale("CN", exempt)) == ("E", 0, "CN")
    assert treated(sale("CN", exempt), "service") == ("S", 6, "CN")
    assert treated(sale("CN", exempt, date(2025, 12, 31))) == ("S", 13, "CN")
    assert treated(sale("CN", exempt, date(2027, 1, 1))) == ("S", 13, "CN")
    assert treated(sale("DE", replace(exempt, country="DE"))) == ("S", 19, "DE")


def test_a_rate_holds_from_its_day_until_the_next_begins():
    rates = [
        rate("DE", "19", valid_from=date(2007, 1, 1)),
        rate("DE", "16", valid_from=date(2020, 7, 1)),
        rate("DE", "19", valid_from=date(2021, 1, 1), valid_to=date(2030, 1, 1)),
        rate("DE", "18", valid_from=date(2020, 7, 1), revision=2),
    ]

    found = [
        rate_on(rates, "standard", day)
        for day in (
            date(2006, 12, 31), date(2020, 6, 30), date(2020, 7, 1), DAY, date(2030, 1, 1),
        )
    ]  # fmt: skip

    assert [r and r.rate for r in found] == [None, 19, 18, 19, None]
