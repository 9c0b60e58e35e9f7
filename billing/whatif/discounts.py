"""Reads a scenario's taxes, coupons and promotional credits."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import StrEnum

from billing.domain.assembling.inputs import Coupon, Credit, Scope, TaxTreatment
from billing.domain.whatif.scenario import id_of
from control_plane.catalog.domain import Text
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.prices import read_amount
from control_plane.catalog.source.words import read_name
from control_plane.kernel.currency import Currency

_HUNDRED = Decimal(100)


class TaxCode(StrEnum):
    """Tax categories of EN 16931 (UNCL5305)."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    OUTSIDE = "O"


def read_treatments(cursor: Cursor | None) -> Mapping[str, TaxTreatment]:
    """Read ``tax``: a rate in percent per tax category, or why there is none."""
    found: dict[str, TaxTreatment] = {}
    for key, value in cursor.entries() if cursor else ():
        fields = value.fields(required=("rate",), optional=("code", "jurisdiction", "reason"))
        rate = _percent(fields.get("rate"))
        code = fields["code"].choice(TaxCode, TaxCode.STANDARD) if "code" in fields else _code(rate)
        found[key.raw] = TaxTreatment(
            category=key.raw,
            rate=rate,
            code=code.value,
            jurisdiction=fields["jurisdiction"].raw if "jurisdiction" in fields else "",
            reason=read_name(fields["reason"]) if "reason" in fields else None,
        )
    return found


def read_coupons(cursor: Cursor | None, currency: Currency) -> tuple[Coupon, ...]:
    """Read ``coupons``, in the order in which they come off; each holds for every invoice."""
    return tuple(_coupons(cursor, currency))


def _coupons(cursor: Cursor | None, currency: Currency) -> Iterator[Coupon]:
    for number, item in enumerate(cursor.items() if cursor else (), start=1):
        fields = item.fields(
            required=("code",), optional=("name", "percent", "amount", "plans", "charges")
        )
        if ("percent" in fields) == ("amount" in fields):
            item.report(Fault.ONE_OF, known="percent, amount")
        code = fields["code"].raw if "code" in fields else ""
        yield Coupon(
            id=id_of("coupon", number),
            code=code,
            name=read_name(fields["name"]) if "name" in fields else Text(code, code),
            percent=_percent(fields["percent"]) if "percent" in fields else None,
            amount=read_amount(fields["amount"], currency) if "amount" in fields else None,
            scope=_scope(fields),
        )


def read_credits(cursor: Cursor | None, currency: Currency) -> tuple[Credit, ...]:
    """Read ``credits``, in the order in which they are used up."""
    return tuple(_credits(cursor, currency))


def _credits(cursor: Cursor | None, currency: Currency) -> Iterator[Credit]:
    for number, item in enumerate(cursor.items() if cursor else (), start=1):
        fields = item.fields(required=("code", "amount"), optional=("name", "plans", "charges"))
        code = fields["code"].raw if "code" in fields else ""
        yield Credit(
            id=id_of("credit", number),
            code=code,
            name=read_name(fields["name"]) if "name" in fields else Text(code, code),
            amount=read_amount(fields.get("amount"), currency),
            scope=_scope(fields),
        )


def _scope(fields: Mapping[str, Cursor]) -> Scope:
    return Scope(_codes(fields.get("plans")), _codes(fields.get("charges")))


def _codes(cursor: Cursor | None) -> tuple[str, ...]:
    return tuple(item.code() for item in cursor.items()) if cursor else ()


def _percent(cursor: Cursor | None) -> Decimal:
    value = cursor.decimal() if cursor else Decimal(0)
    if cursor and value > _HUNDRED:
        cursor.report(Fault.NOT_A_NUMBER, value=cursor.raw)
    return value


def _code(rate: Decimal) -> TaxCode:
    return TaxCode.STANDARD if rate else TaxCode.ZERO
