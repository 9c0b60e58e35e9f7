"""Countries as tax law groups them, by ISO 3166-1 alpha-2."""

from functools import lru_cache

from babel import Locale

_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})

EUROPEAN_UNION = frozenset(
    {
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    }
)
"""The territories in which Directive 2006/112/EC applies, its Articles 5 to 8 aside."""


def in_the_union(country: str) -> bool:
    """Tell whether a country is a member state of the European Union."""
    return country in EUROPEAN_UNION


@lru_cache(maxsize=4)
def countries(language: str) -> dict[str, str]:
    """Return every country's name by its code, in a language (``en``, ``zh_CN``), by name."""
    names = {str(code): str(name) for code, name in Locale.parse(language).territories.items()}
    codes = (code for code in names if len(code) == len("CN") and code.isalpha())
    found = {code: names[code] for code in codes if code not in _NO_COUNTRIES}
    return dict(sorted(found.items(), key=lambda entry: entry[1]))


def is_country(code: str) -> bool:
    """Tell whether a text is a country's code, in capital letters."""
    return code in countries("en")
