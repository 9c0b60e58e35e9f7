"""Reads currencies and amounts of money."""

from fractions import Fraction

from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.kernel.currency import CURRENCIES, Currency
from control_plane.kernel.money import Money

PLACEHOLDER = CURRENCIES["CNY"]
"""Stands where a currency could not be read; nothing is built then."""


def read_currency(cursor: Cursor | None) -> Currency | None:
    """Read a currency's code, None after a fault."""
    if cursor is None:
        return None
    if cursor.raw not in CURRENCIES:
        cursor.report(Fault.UNKNOWN_CURRENCY, value=cursor.raw)
    return CURRENCIES.get(cursor.raw)


def read_amount(cursor: Cursor | None, in_currency: Currency | None) -> Money:
    """Read an amount in major units, no finer than the currency's minor unit."""
    if cursor is None or in_currency is None:
        if cursor is not None:
            cursor.decimal()
        return Money.zero(PLACEHOLDER)
    minor = Fraction(cursor.decimal()) * in_currency.minor_per_major
    if minor.denominator != 1:
        cursor.report(Fault.TOO_FINE, value=cursor.raw, currency=in_currency.code)
        return Money.zero(in_currency)
    return Money(minor.numerator, in_currency)


def read_optional_amount(cursor: Cursor | None, in_currency: Currency | None) -> Money | None:
    """Read an amount that may be missing."""
    return None if cursor is None else read_amount(cursor, in_currency)


def read_amounts(cursor: Cursor | None) -> dict[str, Money]:
    """Read one amount for each currency, by the currency's code."""
    amounts: dict[str, Money] = {}
    for item in cursor.items(empty=False) if cursor else ():
        fields = item.fields(required=("currency", "amount"))
        in_currency = read_currency(fields.get("currency"))
        amount = read_amount(fields.get("amount"), in_currency)
        if in_currency is None:
            continue
        if in_currency.code in amounts:
            item.report(Fault.DUPLICATE_ENTRY, value=in_currency.code)
        amounts[in_currency.code] = amount
    return amounts
