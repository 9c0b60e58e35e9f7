"""Reads prices: what a plan costs in one currency, every so many intervals."""

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import Commitment, Price
from control_plane.catalog.source.amounts import (
    PLACEHOLDER,
    read_amount,
    read_amounts,
    read_currency,
)
from control_plane.catalog.source.charges import Setting, read_charges
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.policies import read_policies
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import Currency

__all__ = ["read_amount", "read_amounts", "read_currency", "read_prices"]

MOST_INTERVALS = 120


def read_prices(
    cursor: Cursor | None, definitions: Definitions, modules: tuple[str, ...]
) -> tuple[Price, ...]:
    """Read what a plan of ``modules`` costs: one price a currency, interval and count."""
    prices: list[Price] = []
    for item in cursor.items(empty=False) if cursor else ():
        price, in_currency = _read_price(item, definitions, modules)
        if any(_terms(other) == _terms(price) for other in prices):
            code = in_currency.code if in_currency else ""
            per = price.interval if price.count == 1 else f"{price.count} {price.interval}"
            item.report(Fault.DUPLICATE_PRICE, currency=code, interval=per)
        prices.append(price)
    return tuple(prices)


def _read_price(
    item: Cursor, definitions: Definitions, modules: tuple[str, ...]
) -> tuple[Price, Currency | None]:
    fields = item.fields(
        required=("currency", "interval", "charges"),
        optional=("count", "tax_inclusive", "commitment", "policies"),
    )
    in_currency = read_currency(fields.get("currency"))
    interval = Interval.MONTH
    if "interval" in fields:
        interval = fields["interval"].choice(Interval, Interval.MONTH)
    count = fields["count"].whole(1, MOST_INTERVALS) if "count" in fields else 1
    setting = Setting(definitions, modules, in_currency, interval, count)
    price = Price(
        currency=in_currency or PLACEHOLDER,
        interval=interval,
        charges=read_charges(fields.get("charges"), setting),
        count=count,
        tax_inclusive=fields["tax_inclusive"].boolean() if "tax_inclusive" in fields else False,
        commitment=_read_commitment(fields.get("commitment"), in_currency),
        policies=read_policies(fields.get("policies")),
    )
    return price, in_currency


def _terms(price: Price) -> tuple[Currency, Interval, int]:
    return price.currency, price.interval, price.count


def _read_commitment(cursor: Cursor | None, in_currency: Currency | None) -> Commitment | None:
    if cursor is None:
        return None
    fields = cursor.fields(required=("amount",), optional=("tax_category",))
    category = fields.get("tax_category")
    return Commitment(
        amount=read_amount(fields.get("amount"), in_currency),
        tax_category=category.code() if category else None,
    )
