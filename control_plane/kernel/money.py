"""Money: whole minor units of one currency, rounded once and split without loss."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from control_plane.kernel.currency import Currency
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.rounding import Rounding, round_ratio

_LIMIT = 1 << 63  # amounts are kept in PostgreSQL's bigint
_AMOUNT = re.compile(r"(-?)([0-9]{1,20})(?:\.([0-9]{1,20}))?", re.ASCII)


class CurrencyMismatch(TallyardError):
    """Amounts of two currencies met in one sum or comparison."""

    code = "currency_mismatch"
    kind = ErrorKind.INVALID
    message = "An amount in {left} cannot be combined with one in {right}."
    remedy = "Keep each currency's amounts apart."


class MoneyOutOfRange(TallyardError):
    """An amount does not fit 63 bits of minor units."""

    code = "money_out_of_range"
    kind = ErrorKind.INVALID
    message = "{minor} minor units of {currency} are more than can be kept."
    remedy = "Use an amount below 9,223,372,036,854,775,808 minor units."


class InvalidAmount(TallyardError):
    """A text is not an amount of the currency."""

    code = "invalid_amount"
    kind = ErrorKind.INVALID
    message = "“{value}” is not an amount in {currency}."
    remedy = "Write the amount in major units with at most {exponent} decimals."


class InvalidWeights(TallyardError):
    """An amount cannot be split by these weights."""

    code = "invalid_weights"
    kind = ErrorKind.INVALID
    message = "An amount cannot be split by the weights {weights}."
    remedy = "Give weights that are not negative, at least one of them above zero."


def round_half_away(value: Fraction) -> int:
    """Round to the nearest whole number; a half goes away from zero (2.5 → 3, -2.5 → -3)."""
    return round_ratio(value, Rounding.HALF_AWAY)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount: ``minor`` whole minor units (fen, cents, yen) of ``currency``.

    Sums and comparisons of two currencies raise CurrencyMismatch; amounts beyond 63 bits raise
    MoneyOutOfRange. Equality across currencies is simply false.
    """

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {self.minor!r}")
        if not -_LIMIT < self.minor < _LIMIT:
            raise MoneyOutOfRange(minor=self.minor, currency=self.currency.code)

    @classmethod
    def zero(cls, currency: Currency) -> "Money":
        """Return nothing, of a currency."""
        return cls(0, currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: Currency) -> "Money":
        """Add up amounts of one currency; no amounts give zero."""
        return sum(amounts, cls(0, currency))

    @classmethod
    def rounded(
        cls,
        major: Decimal | Fraction | int,
        currency: Currency,
        rounding: Rounding = Rounding.HALF_AWAY,
    ) -> "Money":
        """Round an exact number of major units to minor ones, half away from zero by default."""
        return cls(round_ratio(Fraction(major) * currency.minor_per_major, rounding), currency)

    @classmethod
    def parse(cls, text: str, currency: Currency) -> "Money":
        """Read major units such as ``19.99``; nothing is ever rounded.

        Raises:
            InvalidAmount: not a plain decimal, or finer than the currency's minor unit.
        """
        match = _AMOUNT.fullmatch(text)
        decimals = (match[3] or "").rstrip("0") if match else ""
        if match is None or len(decimals) > currency.exponent:
            raise InvalidAmount(
                value=text, currency=currency.code, exponent=currency.exponent, field="amount"
            )
        minor = int(match[2] + decimals.ljust(currency.exponent, "0"))
        return cls(-minor if match[1] else minor, currency)

    def decimal_text(self) -> str:
        """Write the amount in major units with all of the currency's decimals: ``19.90``."""
        digits = str(abs(self.minor)).rjust(self.currency.exponent + 1, "0")
        whole = len(digits) - self.currency.exponent
        sign = "-" if self.minor < 0 else ""
        decimals = f".{digits[whole:]}" if self.currency.exponent else ""
        return f"{sign}{digits[:whole]}{decimals}"

    @property
    def major(self) -> Fraction:
        """The amount in major units, exactly."""
        return Fraction(self.minor, self.currency.minor_per_major)

    def scale(self, ratio: Fraction | int, rounding: Rounding = Rounding.HALF_AWAY) -> "Money":
        """Multiply by an exact ratio and round once, half away from zero by default."""
        return Money(round_ratio(Fraction(self.minor) * ratio, rounding), self.currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def __str__(self) -> str:
        return f"{self.currency.code} {self.decimal_text()}"

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency.code, right=other.currency.code)
        return other.minor


def allocate(total: Money, weights: Sequence[Fraction | int]) -> tuple[Money, ...]:
    """Split an amount by weights so that the parts add up to it exactly.

    Largest remainder: each part is its share rounded towards zero, and the minor units left over
    go to the largest remainders, ties by input order. A negative amount splits as its opposite.

    Raises:
        InvalidWeights: a weight is negative, or all are zero, or there are none.
    """
    whole = sum(weights, Fraction(0))
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise InvalidWeights(weights=", ".join(map(str, weights)) or "()")
    size = abs(total.minor)
    shares = [size * Fraction(weight) / whole for weight in weights]
    parts = [int(share) for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] - shares[i])
    for i in by_remainder[: size - sum(parts)]:
        parts[i] += 1
    sign = -1 if total.minor < 0 else 1
    return tuple(Money(sign * part, total.currency) for part in parts)
