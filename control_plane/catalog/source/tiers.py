"""Reads tiers and matrices: prices that depend on how much, or on what."""

from decimal import Decimal

from control_plane.catalog.domain import Matrix, MatrixCell, Tier
from control_plane.catalog.source.amounts import read_amount
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.meters import read_texts
from control_plane.kernel.currency import Currency

_REFUSED = "refuse"
_ZERO = Decimal(0)


def read_tiers(
    cursor: Cursor | None, in_currency: Currency | None, *, of_rates: bool
) -> tuple[Tier, ...]:
    """Read tiers in rising order, the last one open; ``of_rates`` have a percentage each."""
    items = cursor.items(empty=False) if cursor else []
    price = "rate" if of_rates else "unit_price"
    tiers: list[Tier] = []
    for number, item in enumerate(items, start=1):
        fields = item.fields(required=(price,), optional=("up_to", "flat_fee"))
        tier = Tier(
            up_to=fields["up_to"].decimal() if "up_to" in fields else None,
            unit_price=fields["unit_price"].decimal() if "unit_price" in fields else _ZERO,
            flat_fee=_read_flat_fee(fields.get("flat_fee"), in_currency),
            rate=fields["rate"].decimal() if "rate" in fields else None,
        )
        _check_bound(fields.get("up_to", item), tier, tiers, last=number == len(items))
        tiers.append(tier)
    return tuple(tiers)


def _read_flat_fee(cursor: Cursor | None, in_currency: Currency | None) -> Decimal:
    if cursor is None:
        return _ZERO
    known = len(cursor.problems)
    read_amount(cursor, in_currency)
    return cursor.decimal() if len(cursor.problems) == known else _ZERO


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


def read_matrix(
    dimensions: Cursor | None, cells: Cursor | None, default: Cursor | None
) -> Matrix | None:
    """Read a matrix: its dimensions, a price for each cell, and one for the rest, or ``refuse``."""
    if dimensions is None or cells is None:
        return None
    names = read_texts(dimensions)
    found: list[MatrixCell] = []
    for item in cells.items(empty=False):
        cell = _read_cell(item, names)
        if any(other.values == cell.values for other in found):
            item.report(Fault.DUPLICATE_ENTRY, value=", ".join(cell.values))
        found.append(cell)
    refused = default is None or default.raw == _REFUSED
    return Matrix(names, tuple(found), None if refused or default is None else default.decimal())


def _read_cell(item: Cursor, names: tuple[str, ...]) -> MatrixCell:
    fields = item.fields(required=("unit_price",), optional=("values",))
    stated = dict(_pairs(fields.get("values"), names))
    for name in names:
        if name not in stated and "values" in fields:
            fields["values"].report(Fault.DIMENSION_MISSING, value=name)
    if "values" not in fields and fields:
        item.report(Fault.MISSING_KEY, value="values")
    return MatrixCell(
        values=tuple(stated.get(name, "") for name in names),
        unit_price=fields["unit_price"].decimal() if "unit_price" in fields else _ZERO,
    )


def _pairs(cursor: Cursor | None, names: tuple[str, ...]) -> list[tuple[str, str]]:
    fields = cursor.fields(optional=names) if cursor else {}
    return [(name, value.raw) for name, value in fields.items()]
