"""Amounts as a canonical body holds them, and back: minor units whole, rates texts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.domain.assembling.results import (
    AppliedBalance,
    Assembled,
    BilledInvoice,
    BilledLine,
    CreditedLine,
    LineDiscount,
    NoteAmounts,
    NoteLine,
    TaxGroup,
)
from control_plane.catalog.domain import Text
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import parse_id
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class FrozenLine:
    """A line as its body names it; see `Priced`."""

    key: str
    subscription_id: UUID
    item: str
    charge_code: str
    amount: Money
    tax_category: str
    tax_inclusive: bool
    discountable: bool = True


def line_amounts_body(line: BilledLine | NoteLine) -> dict[str, Any]:
    """Return the part of a body's line that assembling knows. ``key`` is the line's own."""
    of = line if isinstance(line, BilledLine) else line.of
    return {
        "key": line.key,
        "amount_minor": line.amount.minor,
        "discounts": [
            {"kind": d.kind, "code": d.code, "name": _words(d.name), "amount_minor": d.amount.minor}
            for d in line.discounts
        ],
        "net_minor": line.net.minor,
        "tax_minor": line.tax.minor,
        "tax_category": of.tax_category,
        "tax_code": of.tax_code,
        "tax_rate": quantity_text(of.tax_rate),
        "tax_inclusive": of.tax_inclusive,
    }


def amounts_body(amounts: Assembled | NoteAmounts) -> dict[str, Any]:
    """Return a document's sums, taxes and applied balances as its body holds them."""
    applied = amounts.applied if isinstance(amounts, Assembled) else ()
    due = amounts.due if isinstance(amounts, Assembled) else amounts.total
    return {
        "taxes": [_tax_body(group) for group in amounts.taxes],
        "subtotal_minor": amounts.subtotal.minor,
        "discount_minor": amounts.discount.minor,
        "net_minor": amounts.net.minor,
        "tax_minor": amounts.tax.minor,
        "total_minor": amounts.total.minor,
        "applied": [_applied_body(balance) for balance in applied],
        "due_minor": due.minor,
    }


def billed_invoice(body: Mapping[str, Any]) -> BilledInvoice:
    """Read what `reduce` needs out of an invoice's body, of either format."""
    code = currency(body["currency"])
    return BilledInvoice(
        lines=tuple(_read_line(said, code) for said in body["lines"]),
        taxes=tuple(_read_tax(said, code) for said in body.get("taxes", ())),
    )


def credited(notes: Iterable[Mapping[str, Any]]) -> dict[str, CreditedLine]:
    """Add up what credit notes took back, from their bodies, by line key."""
    found: dict[str, CreditedLine] = {}
    for body in notes:
        code = currency(body["currency"])
        for said in body["lines"]:
            taken = CreditedLine(
                amount=Money(said["amount_minor"], code),
                discounts=tuple(Money(d["amount_minor"], code) for d in said["discounts"]),
                net=Money(said["net_minor"], code),
                tax=Money(said["tax_minor"], code),
            )
            before = found.get(said["key"])
            found[said["key"]] = taken if before is None else before.plus(taken)
    return found


def _read_line(said: Mapping[str, Any], code: Currency) -> BilledLine:
    amount = Money(said["amount_minor"], code)
    category, inclusive = said.get("tax_category", ""), said.get("tax_inclusive", False)
    return BilledLine(
        key=said["key"],
        source=FrozenLine(
            key=said["key"],
            subscription_id=parse_id("sub", said["subscription"]),
            item=said["item"],
            charge_code=said["charge"],
            amount=amount,
            tax_category=category,
            tax_inclusive=inclusive,
        ),
        amount=amount,
        discounts=_read_discounts(said.get("discounts", ()), code),
        net=Money(said.get("net_minor", amount.minor), code),
        tax=Money(said.get("tax_minor", 0), code),
        tax_category=category,
        tax_code=said.get("tax_code"),
        tax_rate=Decimal(said.get("tax_rate") or 0),
        tax_inclusive=inclusive,
    )


def _read_discounts(said: Sequence[Mapping[str, Any]], code: Currency) -> tuple[LineDiscount, ...]:
    return tuple(
        LineDiscount(d["kind"], None, d["code"], Text(**d["name"]), Money(d["amount_minor"], code))
        for d in said
    )


def _read_tax(said: Mapping[str, Any], code: Currency) -> TaxGroup:
    return TaxGroup(
        category=said["category"],
        code=said["code"],
        rate=Decimal(said["rate"]),
        base=Money(said["base_minor"], code),
        tax=Money(said["tax_minor"], code),
        reason=None if said["reason"] is None else Text(**said["reason"]),
    )


def _tax_body(group: TaxGroup) -> dict[str, Any]:
    return {
        "category": group.category,
        "code": group.code,
        "rate": quantity_text(group.rate),
        "base_minor": group.base.minor,
        "tax_minor": group.tax.minor,
        "reason": None if group.reason is None else _words(group.reason),
    }


def _applied_body(balance: AppliedBalance) -> dict[str, Any]:
    return {
        "kind": balance.kind,
        "reference": balance.reference,
        "amount_minor": balance.amount.minor,
        "tax_minor": sum(row.tax.minor for row in balance.taxes),
        "policy": balance.policy,
        "taxes": [
            {
                "category": row.category,
                "code": row.code,
                "rate": quantity_text(row.rate),
                "base_minor": row.base.minor,
                "tax_minor": row.tax.minor,
            }
            for row in balance.taxes
        ],
    }


def _words(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
