"""Amounts, days and account numbers as paper shows them."""

import re
from datetime import date
from functools import lru_cache

from babel.dates import format_date, format_interval

from billing.domain.numbers import grouped
from control_plane.kernel.money import Money

_LONGEST_WORD = 28
_LONG_WORDS = re.compile(rf"\S{{{_LONGEST_WORD},}}")
_ZERO_WIDTH = "\N{ZERO WIDTH SPACE}"


def amount_text(amount: Money, *, with_code: bool = False) -> str:
    """Write an amount with its thousands apart: ``1,999.00``, or ``CNY 1,999.00``."""
    code = f"{amount.currency.code}\N{NO-BREAK SPACE}" if with_code else ""
    return code + grouped(amount.decimal_text()).replace("-", "\N{MINUS SIGN}")


def breakable(text: str) -> str:
    """Let words longer than a column be broken, at invisible places."""
    return _LONG_WORDS.sub(lambda found: _ZERO_WIDTH.join(found[0]), text)


@lru_cache(maxsize=4096)
def days_text(first: date, last: date, language: str) -> str:
    """Write a stretch of days; most lines of an invoice share theirs."""
    return str(format_interval(first, last, "yMMMd", locale=language))


@lru_cache(maxsize=4096)
def day_text(day: date, language: str) -> str:
    """Write a day with its month in words."""
    return str(format_date(day, format="long", locale=language))


def spaced(iban: str) -> str:
    """Write an IBAN in groups of four, as on paper (ISO 13616)."""
    return " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))
