"""Frozen bodies of format 2, with the amounts that assembling computes for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.domain.assembling import (
    Assembled,
    Balance,
    BilledInvoice,
    Coupon,
    Credit,
    NoteAmounts,
    TaxTreatment,
    assemble,
    reduce,
)
from control_plane.catalog.domain import Text
from control_plane.catalog.policies import Policies
from control_plane.kernel.currency import currency
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.money import Money

ADDRESS = {
    "line1": "Hafenstraße 12",
    "line2": None,
    "city": "Hamburg",
    "region": None,
    "postcode": "20457",
    "country": "DE",
}
SELLER: dict[str, Any] = {
    "name": "Tallyard GmbH",
    "reference": "live",
    "tax_id": "DE136695976",
    "registration": "HRB 123456",
    "address": ADDRESS,
    "email": "billing@tallyard.example",
    "phone": "+49 40 1234567",
    "bank": {
        "name": "Tallyard GmbH",
        "account": None,
        "iban": "DE02 1203 0000 0000 2020 51",
        "bic": "BYLADEM1001",
    },
}
BUYER: dict[str, Any] = {
    "name": "Bella Pizza S.à r.l.",
    "reference": "bella-pizza",
    "tax_id": "LU26375245",
    "registration": None,
    "address": {
        "line1": "12, rue du Fort",
        "line2": "Bâtiment B",
        "city": "Luxembourg",
        "region": None,
        "postcode": "1246",
        "country": "LU",
    },
    "email": None,
    "phone": None,
    "bank": None,
}
STANDARD = TaxTreatment("standard", Decimal(19), "S", "DE")


@dataclass(frozen=True)
class Charged:
    """A rated line, as assembling wants it, with what the body says beside."""

    key: str
    amount: Money
    tax_category: str = "standard"
    tax_inclusive: bool = False
    discountable: bool = True
    item: str = "growth@1"
    charge_code: str = "base"
    subscription_id: UUID = field(default_factory=lambda: UUID(int=1))
    kind: str = "fee"
    name: Text = field(default_factory=lambda: Text(en="Base fee", zh="基础费"))
    item_name: Text = field(default_factory=lambda: Text(en="Growth", zh="成长版"))
    quantity: str | None = None
    unit: Text | None = None
    days: tuple[str, str] = ("2026-03-01", "2026-03-31")
    tags: Mapping[str, str] = field(default_factory=dict)


def assembled(
    lines: Sequence[Charged],
    treatments: Sequence[TaxTreatment] = (STANDARD,),
    *,
    coupons: Sequence[Coupon] = (),
    grants: Sequence[Credit] = (),
    balances: Sequence[Balance] = (),
    policies: Policies | None = None,
) -> Assembled:
    return assemble(
        lines,
        policies=policies or Policies(),
        coupons=coupons,
        credits=grants,
        treatments={t.category: t for t in treatments},
        balances=balances,
    )


def invoice_body(amounts: Assembled, **changes: Any) -> dict[str, Any]:
    """The body of an invoice with these amounts."""
    applied = [
        {"kind": a.kind, "reference": a.reference, "amount_minor": a.amount.minor}
        for a in amounts.applied
    ]
    own = {"applied": applied, "due_minor": amounts.due.minor}
    return {**_body(amounts), **own, **changes}


def note_body(amounts: NoteAmounts, corrects: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """The body of a credit note over an invoice's body."""
    return {
        **_body(amounts),
        "kind": "credit_note",
        "number": "TY-CN-2026-000003",
        "date": "2026-04-10",
        "payable_by": None,
        "corrects": {"number": corrects["number"], "date": corrects["date"]},
        "reason": "plan_change",
        "applied": [],
        "due_minor": amounts.total.minor,
        **changes,
    }


def note_amounts(amounts: Assembled, reductions: Mapping[str, Money]) -> NoteAmounts:
    original = BilledInvoice(amounts.lines, amounts.taxes)
    return reduce(original, reductions, policies=Policies())


def _body(amounts: Assembled | NoteAmounts) -> dict[str, Any]:
    return {
        "kind": "invoice",
        "format": 2,
        "number": "TY-2026-000042",
        "tenant": "ten_00000000000000000000000001",
        "seller": SELLER,
        "buyer": BUYER,
        "currency": amounts.total.currency.code,
        "zone": "Europe/Berlin",
        "due_at": "2026-03-31T22:00:00Z",
        "part": 0,
        "date": "2026-04-01",
        "payable_by": "2026-04-15",
        "purchase_order": None,
        "corrects": None,
        "reason": None,
        "lines": [_line(line) for line in amounts.lines],
        "taxes": [
            {
                "category": group.category,
                "code": group.code,
                "rate": quantity_text(group.rate),
                "base_minor": group.base.minor,
                "tax_minor": group.tax.minor,
                "reason": None if group.reason is None else _text(group.reason),
            }
            for group in amounts.taxes
        ],
        "subtotal_minor": amounts.subtotal.minor,
        "discount_minor": amounts.discount.minor,
        "net_minor": amounts.net.minor,
        "tax_minor": amounts.tax.minor,
        "total_minor": amounts.total.minor,
    }


def _line(line: Any) -> dict[str, Any]:
    billed = getattr(line, "of", line)
    source: Charged = billed.source
    return {
        "key": line.key,
        "item_key": line.key,
        "kind": source.kind,
        "subscription": "sub_00000000000000000000000001",
        "item": source.item,
        "item_name": _text(source.item_name),
        "charge": source.charge_code,
        "name": _text(source.name),
        "start": f"{source.days[0]}T00:00:00Z",
        "end": f"{source.days[1]}T00:00:00Z",
        "first_day": source.days[0],
        "last_day": source.days[1],
        "quantity": source.quantity,
        "unit": None if source.unit is None else _text(source.unit),
        "amount_minor": line.amount.minor,
        "discounts": [
            {
                "kind": d.kind,
                "code": d.code,
                "name": _text(d.name),
                "amount_minor": d.amount.minor,
            }
            for d in line.discounts
        ],
        "net_minor": line.net.minor,
        "tax_category": billed.tax_category,
        "tax_code": billed.tax_code,
        "tax_rate": quantity_text(billed.tax_rate),
        "tax_inclusive": billed.tax_inclusive,
        "tags": dict(source.tags),
        "steps": [],
    }


def _text(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def money(text: str, code: str = "EUR") -> Money:
    return Money.parse(text, currency(code))


def sample(**changes: Any) -> dict[str, Any]:
    """An invoice of fees and usage with a coupon, a credit and two balances."""
    lines = (
        Charged("a#1", money("199.00"), days=("2026-04-01", "2026-04-30")),
        Charged(
            "b#1",
            money("287.99"),
            kind="usage",
            charge_code="outbound_lines",
            name=Text(en="Outbound lines", zh="出库行"),
            quantity="7234",
            unit=Text(en="lines", zh="行"),
            tags={"cost_centre": "4711", "warehouse": "Hamburg"},
        ),
        Charged(
            "c#1",
            money("30.00"),
            kind="usage",
            charge_code="storage",
            name=Text(en="Storage", zh="存储"),
            quantity="12.5",
            unit=Text(en="GB", zh="GB"),
        ),
    )
    coupon = Coupon(UUID(int=3), "WELCOME10", Text(en="Welcome", zh="欢迎"), percent=Decimal(10))
    credit = Credit(UUID(int=4), "goodwill", Text(en="Goodwill", zh="优惠额度"), money("20.00"))
    balances = (
        Balance(UUID(int=5), "credit_note", "TY-CN-2026-000002", money("15.50")),
        Balance(UUID(int=6), "prepaid", "WAL-7", money("100.00"), policy="tax_on_use"),
    )
    amounts = assembled(lines, coupons=[coupon], grants=[credit], balances=balances)
    return invoice_body(amounts, **{"purchase_order": "PO-2026-118", **changes})


def sample_note(**changes: Any) -> dict[str, Any]:
    """A credit note over a part of an invoice."""
    lines = (Charged("a#1", money("199.00")), Charged("b#1", money("50.00")))
    amounts = assembled(lines)
    note = note_amounts(amounts, {"a#1": money("64.19")})
    return note_body(note, invoice_body(amounts), **changes)


def day(text: str) -> date:
    return date.fromisoformat(text)
