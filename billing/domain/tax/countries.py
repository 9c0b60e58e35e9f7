"""Countries as tax law groups them, by ISO 3166-1 alpha-2."""

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
