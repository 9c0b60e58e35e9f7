"""Reads prices, charges and tiers."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import Charge, ChargeKind, Price, Text, Tier, Timing
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.words import NO_TEXT, Codes, read_name, read_reference
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import CURRENCIES, Currency
from control_plane.kernel.money import Money

_KEYS = {
    ChargeKind.FLAT.value: (("kind", "code", "amount", "name"), ("timing",)),
    ChargeKind.PER_UNIT.value: (("kind", "meter", "unit_price"), ("code", "included", "name")),
    ChargeKind.GRADUATED.value: (("kind", "meter", "tiers"), ("code", "included", "name")),
}
_ANY_KEYS = ("code", "kind", "timing", "amount", "meter", "unit_price", "included", "tiers", "name")
_PLACEHOLDER = CURRENCIES["CNY"]


def read_prices(
    cursor: Cursor | None, definitions: Definitions, modules: tuple[str, ...]
) -> tuple[Price, ...]:
    """Read what a plan of ``modules`` costs: one price a currency and interval."""
    prices: list[Price] = []
    for item in cursor.items(empty=False) if cursor else ():
        fields = item.fields(required=("currency", "interval", "charges"))
        in_currency = read_currency(fields.get("currency"))
        interval = (
            fields["interval"].choice(Interval, Interval.MONTH)
            if "interval" in fields
            else Interval.MONTH
        )
        if any(p.currency == in_currency and p.interval == interval for p in prices):
            code = in_currency.code if in_currency else ""
            item.report(Fault.DUPLICATE_PRICE, currency=code, interval=interval)
        charges = _read_charges(fields.get("charges"), definitions, modules, in_currency)
        prices.append(Price(in_currency or _PLACEHOLDER, interval, charges))
    return tuple(prices)


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
        return Money.zero(_PLACEHOLDER)
    minor = Fraction(cursor.decimal()) * in_currency.minor_per_major
    if minor.denominator != 1:
        cursor.report(Fault.TOO_FINE, value=cursor.raw, currency=in_currency.code)
        return Money.zero(in_currency)
    return Money(minor.numerator, in_currency)


def _read_charges(
    cursor: Cursor | None,
    definitions: Definitions,
    modules: tuple[str, ...],
    in_currency: Currency | None,
) -> tuple[Charge, ...]:
    codes = Codes()
    charges = []
    for item in cursor.items(empty=False) if cursor else ():
        required, optional = _KEYS.get(item.peek("kind"), (("kind",), _ANY_KEYS))
        fields = item.fields(required=required, optional=optional)
        kind = (
            fields["kind"].choice(ChargeKind, ChargeKind.FLAT)
            if "kind" in fields
            else ChargeKind.FLAT
        )
        meter = _read_meter(fields.get("meter"), definitions, modules)
        # A charge without a code is named after its meter, and must be as unique.
        code = codes.take(fields.get("code") or fields.get("meter"))
        charges.append(
            Charge(
                code=code,
                kind=kind,
                timing=_read_timing(fields.get("timing"), kind),
                name=_read_charge_name(fields, definitions, meter),
                amount=(
                    read_amount(fields.get("amount"), in_currency)
                    if kind is ChargeKind.FLAT
                    else None
                ),
                meter=meter,
                unit_price=fields["unit_price"].decimal() if "unit_price" in fields else None,
                included=fields["included"].decimal() if "included" in fields else Decimal(0),
                tiers=_read_tiers(fields.get("tiers"), in_currency),
            )
        )
    return tuple(charges)


def _read_timing(cursor: Cursor | None, kind: ChargeKind) -> Timing:
    default = Timing.ADVANCE if kind is ChargeKind.FLAT else Timing.ARREARS
    return cursor.choice(Timing, default) if cursor else default


def _read_charge_name(
    fields: Mapping[str, Cursor], definitions: Definitions, meter: str | None
) -> Text:
    if "name" in fields:
        return read_name(fields["name"])
    return definitions.meters[meter].name if meter else NO_TEXT


def _read_meter(
    cursor: Cursor | None, definitions: Definitions, modules: tuple[str, ...]
) -> str | None:
    if cursor is None:
        return None
    code = read_reference(cursor, definitions.meters, Fault.UNKNOWN_METER)
    if not code:
        return None
    module = definitions.meters[code].module
    if module and modules and module not in modules:
        cursor.report(Fault.METER_NOT_SOLD, value=code, module=module)
    return code


def _read_tiers(cursor: Cursor | None, in_currency: Currency | None) -> tuple[Tier, ...]:
    items = cursor.items(empty=False) if cursor else []
    tiers: list[Tier] = []
    for number, item in enumerate(items, start=1):
        fields = item.fields(required=("unit_price",), optional=("up_to", "flat_fee"))
        tier = Tier(
            up_to=fields["up_to"].decimal() if "up_to" in fields else None,
            unit_price=fields["unit_price"].decimal() if "unit_price" in fields else Decimal(0),
            flat_fee=_read_flat_fee(fields.get("flat_fee"), in_currency),
        )
        _check_bound(fields.get("up_to", item), tier, tiers, last=number == len(items))
        tiers.append(tier)
    return tuple(tiers)


def _read_flat_fee(cursor: Cursor | None, in_currency: Currency | None) -> Decimal:
    if cursor is None:
        return Decimal(0)
    known = len(cursor.problems)
    read_amount(cursor, in_currency)
    return cursor.decimal() if len(cursor.problems) == known else Decimal(0)


def _check_bound(cursor: Cursor, tier: Tier, before: list[Tier], *, last: bool) -> None:
    if last and tier.up_to is not None:
        cursor.report(Fault.LAST_TIER_CLOSED)
    elif not last and tier.up_to is None:
        cursor.report(Fault.TIER_AFTER_OPEN)
    if tier.up_to is None:
        return
    previous = before[-1].up_to if before else None
    if previous is not None and tier.up_to <= previous:
        cursor.report(Fault.TIERS_NOT_INCREASING, value=tier.up_to, before=previous)
    elif not before and tier.up_to == 0:
        cursor.report(Fault.TIER_AT_ZERO)
