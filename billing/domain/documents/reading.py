"""Reads an issued invoice's frozen body back into what a credit note is computed from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.domain.assembling import (
    BilledInvoice,
    BilledLine,
    CreditedLine,
    LineDiscount,
    TaxGroup,
)
from billing.domain.documents.centres import read_shares
from billing.domain.groups.splitting import Split
from control_plane.catalog.domain import Text
from control_plane.kernel.calendar import Period, parse_instant
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import SubscriptionId, parse_id
from control_plane.kernel.money import Money

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line as its invoice printed it, and as a credit note prints it again."""

    key: str
    item_key: str
    kind: str
    subscription_id: SubscriptionId
    item: str
    item_name: Text
    charge_code: str
    name: Text
    service: Period
    zone: str
    quantity: Decimal | None
    unit: Text | None
    amount: Money
    tax_category: str
    tax_inclusive: bool
    discountable: bool
    tags: tuple[tuple[str, str], ...]
    steps: tuple[Mapping[str, Any], ...]
    charged: tuple[Split, ...] = ()


_NO_KEYS: Mapping[str, str] = {}


def billed_invoice(body: Body, items: Mapping[str, str] = _NO_KEYS) -> BilledInvoice:
    """Return an invoice as `reduce` reads it.

    Args:
        body: the frozen body, of either format; format 1 knew neither tax nor discounts.
        items: the items that lines of format 1 bill, by line key; format 2 says them.
    """
    code = currency(body["currency"])
    lines = (
        _line({"item_key": items.get(line["key"], line["key"]), **line}, body["zone"], code)
        for line in body["lines"]
    )
    return BilledInvoice(
        lines=tuple(lines), taxes=tuple(_group(g, code) for g in body.get("taxes", ()))
    )


def credited(notes: Iterable[Body]) -> dict[str, CreditedLine]:
    """Add up what credit notes took of one invoice, from their bodies, by its line keys."""
    found: dict[str, CreditedLine] = {}
    for body in notes:
        code = currency(body["currency"])
        for line in body["lines"]:
            taken = CreditedLine(
                amount=Money(line["amount_minor"], code),
                discounts=tuple(Money(d["amount_minor"], code) for d in line["discounts"]),
                net=Money(line["net_minor"], code),
                tax=Money(line["tax_minor"], code),
                centres=tuple(
                    (share.centre, share.amount) for share in read_shares(line, Money.zero(code))
                ),
            )
            before = found.get(line["corrects"])
            found[line["corrects"]] = taken if before is None else before.plus(taken)
    return found


def read_line(line: Body, zone: str, code: Currency) -> ReadLine:
    """Return a line as it was printed."""
    return ReadLine(
        key=line["key"],
        item_key=line.get("item_key", line["key"]),
        kind=line["kind"],
        subscription_id=SubscriptionId(parse_id("sub", line["subscription"])),
        item=line["item"],
        item_name=Text(**line["item_name"]),
        charge_code=line["charge"],
        name=Text(**line["name"]),
        service=Period(parse_instant(line["start"]), parse_instant(line["end"])),
        zone=zone,
        quantity=None if line["quantity"] is None else Decimal(line["quantity"]),
        unit=None if line["unit"] is None else Text(**line["unit"]),
        amount=Money(line["amount_minor"], code),
        tax_category=line.get("tax_category") or "standard",
        tax_inclusive=bool(line.get("tax_inclusive")),
        discountable=line["kind"] != "commitment",
        tags=tuple(sorted((line.get("tags") or {}).items())),
        steps=tuple(line["steps"]),
        charged=read_shares(line, Money.zero(code)),
    )


def _line(line: Body, zone: str, code: Currency) -> BilledLine:
    amount = Money(line["amount_minor"], code)
    return BilledLine(
        key=line["key"],
        source=read_line(line, zone, code),
        amount=amount,
        discounts=tuple(_discount(d, code) for d in line.get("discounts", ())),
        net=Money(line["net_minor"], code) if "net_minor" in line else amount,
        tax=Money(line.get("tax_minor", 0), code),
        tax_category=line.get("tax_category") or "standard",
        tax_code=line.get("tax_code"),
        tax_rate=Decimal(line.get("tax_rate") or 0),
        tax_inclusive=bool(line.get("tax_inclusive")),
    )


def _discount(said: Body, code: Currency) -> LineDiscount:
    return LineDiscount(
        kind=said["kind"],
        id=None if said["id"] is None else UUID(said["id"]),
        code=said["code"],
        name=Text(**said["name"]),
        amount=Money(said["amount_minor"], code),
    )


def _group(said: Body, code: Currency) -> TaxGroup:
    return TaxGroup(
        category=said["category"],
        code=said["code"],
        rate=Decimal(said["rate"]),
        base=Money(said["base_minor"], code),
        tax=Money(said["tax_minor"], code),
        reason=None if said["reason"] is None else Text(**said["reason"]),
    )
