"""Currencies of ISO 4217 and how many decimals their minor unit has."""

from dataclasses import dataclass
from types import MappingProxyType

from control_plane.kernel.errors import ErrorKind, TallyardError


class UnknownCurrency(TallyardError):
    """A currency code is not one that Tallyard bills in."""

    code = "unknown_currency"
    kind = ErrorKind.INVALID
    message = "“{currency}” is not a currency that Tallyard bills in."
    remedy = "Use one of {known}."


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency: its ISO 4217 alphabetic code and the exponent of its minor unit.

    The exponent is 2 for CNY (1 yuan = 100 fen), 0 for JPY, 3 for KWD.
    """

    code: str
    exponent: int

    @property
    def minor_per_major(self) -> int:
        """How many minor units make one major unit."""
        return int(10**self.exponent)


CURRENCIES = MappingProxyType(
    {
        code: Currency(code, exponent)
        for code, exponent in {
            "AUD": 2,
            "CAD": 2,
            "CHF": 2,
            "CNY": 2,
            "EUR": 2,
            "GBP": 2,
            "HKD": 2,
            "JPY": 0,
            "KRW": 0,
            "KWD": 3,
            "SGD": 2,
            "TWD": 2,
            "USD": 2,
        }.items()
    }
)


def currency(code: str) -> Currency:
    """Return the currency of an upper-case ISO 4217 code.

    Raises:
        UnknownCurrency: the code is not among ``CURRENCIES``.
    """
    found = CURRENCIES.get(code)
    if found is None:
        raise UnknownCurrency(currency=code, known=", ".join(CURRENCIES), field="currency")
    return found
