"""Tax numbers of every country whose form and check digits are known."""

import pytest

from billing.domain.tax.countries import EUROPEAN_UNION, countries, is_country
from billing.domain.tax.errors import TaxNumberInvalid
from billing.domain.tax.numbers import CHECKED, is_tax_number, tax_number

VALID = {
    "AT": "ATU13585627",
    "BE": "BE0428759497",
    "BG": "BG175074752",
    "CY": "CY10259033P",
    "CZ": "CZ25123891",
    "DE": "DE136695976",
    "DK": "DK13585628",
    "EE": "EE100931558",
    "ES": "ESB58378431",
    "FI": "FI20774740",
    "FR": "FR40303265045",
    "GR": "EL094259216",
    "HR": "HR33392005961",
    "HU": "HU12892312",
    "IE": "IE6433435F",
    "IT": "IT00743110157",
    "LT": "LT119511515",
    "LU": "LU15027442",
    "LV": "LV40003521600",
    "MT": "MT11679112",
    "NL": "NL004495445B01",
    "PL": "PL8567346215",
    "PT": "PT501964843",
    "RO": "RO18547290",
    "SE": "SE123456789701",
    "SI": "SI50223054",
    "SK": "SK2022749619",
    "GB": "GB980780684",
    "CH": "CHE107787577MWST",
    "CN": "91110000600037341L",
}


def _with_another_digit(number: str) -> str:
    """Change the digit in the middle of what follows the prefix."""
    places = [i for i, letter in enumerate(number) if letter.isdigit() and i > 2]
    place = places[len(places) // 2]
    return f"{number[:place]}{(int(number[place]) + 1) % 10}{number[place + 1 :]}"


def test_every_country_that_is_checked_has_an_example():
    assert set(VALID) == CHECKED
    assert EUROPEAN_UNION < CHECKED


@pytest.mark.parametrize(("country", "number"), VALID.items())
def test_a_number_of_a_country_is_taken_in_its_compact_form(country, number):
    assert tax_number(number, country) == number
    assert tax_number(f" {number[:4]} {number[4:].lower()} ", country) == number


@pytest.mark.parametrize(("country", "number"), VALID.items())
def test_a_slip_of_one_digit_is_seen(country, number):
    with pytest.raises(TaxNumberInvalid):
        tax_number(_with_another_digit(number), country)
    assert not is_tax_number(_with_another_digit(number), country)


@pytest.mark.parametrize(("country", "number"), VALID.items())
def test_a_number_is_its_own_countrys_only(country, number):
    other = "DE" if country != "DE" else "FR"
    with pytest.raises(TaxNumberInvalid):
        tax_number(number, other)


def test_a_number_of_a_country_without_rules_is_taken_as_it_is_given():
    assert tax_number(" t1234567890123 ", "JP") == "T1234567890123"
    assert not is_tax_number("T1234567890123", "JP")
    for wrong in ("", " ", "x" * 40, "1\x00"):
        with pytest.raises(TaxNumberInvalid):
            tax_number(wrong, "JP")


def test_no_number_is_no_tax_number():
    assert not is_tax_number(None, "DE")


def test_countries_have_names_in_both_languages():
    assert countries("en")["DE"] == "Germany"
    assert countries("zh_CN")["DE"] == "德国"
    assert [is_country(code) for code in ("CN", "cn", "EU", "ZZ", "001", "")] == [
        True, False, False, False, False, False,
    ]  # fmt: skip
