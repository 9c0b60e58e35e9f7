"""Tax numbers, checked offline: form and check digits. Only tax offices know who is registered.

The rules are those of the member states' VAT numbers as python-stdnum keeps them (for each country
the structure that VIES publishes, and its check digits), of HMRC for GB, of the Swiss UID register
for CH, and GB 32100-2015 for the Chinese unified social credit code.
"""

from importlib import import_module
from typing import Any

from stdnum import exceptions, get_cc_module

from billing.domain.tax.countries import EUROPEAN_UNION
from billing.domain.tax.errors import TaxNumberInvalid

_OTHERS = {"GB": "stdnum.gb.vat", "CH": "stdnum.ch.vat", "CN": "stdnum.cn.uscc"}
_PREFIXES = {"GR": "EL", "CH": "CHE"}
CHECKED = EUROPEAN_UNION | frozenset(_OTHERS)
"""Countries whose numbers are checked; any other is taken as it is given."""

LONGEST = 32


def tax_number(text: str, country: str, *, field: str = "tax_id") -> str:
    """Return a tax number in its compact form; a European one with its country's prefix.

    Raises:
        TaxNumberInvalid: the number is none of the country's.
    """
    given = " ".join(text.split()).upper()
    if not given or len(given) > LONGEST or not given.isprintable():
        raise TaxNumberInvalid(value=text[:LONGEST], country=country, field=field)
    if country not in CHECKED:
        return given
    try:
        compact = str(_rules(country).validate(given))
    except exceptions.ValidationError:
        raise TaxNumberInvalid(value=text[:LONGEST], country=country, field=field) from None
    return _prefixed(compact, country)


def is_tax_number(text: str | None, country: str) -> bool:
    """Tell whether a text is a checked number of the country."""
    if not text or country not in CHECKED:
        return False
    try:
        tax_number(text, country)
    except TaxNumberInvalid:
        return False
    return True


def _rules(country: str) -> Any:
    """Return the module that knows a country's numbers: of what it offers, ``validate``."""
    if country in _OTHERS:
        return import_module(_OTHERS[country])
    return get_cc_module(country.lower(), "vat")


def _prefixed(compact: str, country: str) -> str:
    prefix = _PREFIXES.get(country, country)
    return compact if country == "CN" or compact.startswith(prefix) else f"{prefix}{compact}"
