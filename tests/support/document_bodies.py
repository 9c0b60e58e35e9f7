"""European documents: bodies as billing freezes them, between parties that EN 16931 accepts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
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
from billing.domain.documents.body import credit_note_body
from billing.domain.documents.body import invoice_body as frozen
from billing.domain.documents.heading import Address, Bank, Corrected, Heading, Kind, Party
from billing.domain.documents.reading import ReadLine
from control_plane.catalog.domain import Text
from control_plane.catalog.policies import Policies
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.kernel.money import Money

SELLER = Party(
    name="Tallyard GmbH",
    reference="live",
    tax_id="DE136695976",
    registration="HRB 123456",
    address=Address("Hafenstraße 12", None, "Hamburg", None, "20457", "DE"),
    email="billing@tallyard.example",
    phone="+49 40 1234567",
    bank=Bank("Hansebank", None, "DE02 1203 0000 0000 2020 51", "BYLADEM1001"),
)
BUYER = Party(
    name="Bella Pizza S.à r.l.",
    reference="bella-pizza",
    tax_id="LU26375245",
    address=Address("12, rue du Fort", "Bâtiment B", "Luxembourg", None, "1246", "LU"),
)
STANDARD = TaxTreatment("standard", Decimal(19), "S", "DE")
SUBSCRIPTION = SubscriptionId(UUID(int=7))
TENANT = TenantId(UUID(int=8))


def text(en: str, zh: str = "") -> Text:
    return Text(en=en, zh=zh or f"{en}（中）")


def money(amount: str, code: str = "EUR") -> Money:
    return Money.parse(amount, currency(code))


def charged(
    key: str,
    amount: Money,
    *,
    kind: str = "fee",
    category: str = "standard",
    inclusive: bool = False,
    discountable: bool = True,
    item: str = "growth@1",
    charge: str = "base",
    name: Text | None = None,
    quantity: str | None = None,
    unit: Text | None = None,
    days: tuple[str, str] = ("2026-03-01", "2026-03-31"),
    tags: Mapping[str, str] | None = None,
    steps: tuple[Mapping[str, Any], ...] = (),
) -> ReadLine:
    """A rated line; ``days`` are the first and the last it is for."""
    first, last = (date.fromisoformat(day) for day in days)
    service = Period(
        datetime.combine(first, time(), UTC), datetime.combine(last, time(), UTC) + timedelta(1)
    )
    return ReadLine(
        key=key,
        item_key=key.partition("#")[0],
        kind=kind,
        subscription_id=SUBSCRIPTION,
        item=item,
        item_name=text("Growth", "成长版"),
        charge_code=charge,
        name=name or text("Base fee", "基础费"),
        service=service,
        zone="UTC",
        quantity=None if quantity is None else Decimal(quantity),
        unit=unit,
        amount=amount,
        tax_category=category,
        tax_inclusive=inclusive,
        discountable=discountable,
        tags=tuple(sorted((tags or {}).items())),
        steps=steps,
    )


def assembled(
    lines: Sequence[ReadLine],
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


def heading(code: str, **changes: Any) -> Heading:
    known: dict[str, Any] = {
        "kind": Kind.INVOICE,
        "number": "TY-2026-000042",
        "tenant_id": TENANT,
        "seller": SELLER,
        "buyer": BUYER,
        "currency": currency(code),
        "zone": "Europe/Berlin",
        "due_at": datetime(2026, 3, 31, 22, tzinfo=UTC),
        "part": 0,
    }
    return Heading(**{**known, **changes})


def invoice_body(amounts: Assembled, **changes: Any) -> dict[str, Any]:
    """The body of an invoice with these amounts."""
    return frozen(heading(amounts.total.currency.code, **changes), amounts)


def note_amounts(amounts: Assembled, reductions: Mapping[str, Money]) -> NoteAmounts:
    original = BilledInvoice(amounts.lines, amounts.taxes)
    return reduce(original, reductions, policies=Policies())


def note_body(amounts: NoteAmounts, **changes: Any) -> dict[str, Any]:
    """The body of a credit note over the invoice of `heading`."""
    known: dict[str, Any] = {
        "kind": Kind.CREDIT_NOTE,
        "number": "TY-CN-2026-000003",
        "corrects": Corrected("TY-2026-000042", date(2026, 4, 1)),
        "reason": "change",
        "due_at": datetime(2026, 4, 9, 22, tzinfo=UTC),
    }
    code = amounts.total.currency.code
    return credit_note_body(heading(code, **{**known, **changes}), amounts)


def sample_amounts() -> Assembled:
    """Fees and usage with a coupon, a credit and two balances."""
    lines = (
        charged("a#1", money("199.00"), days=("2026-04-01", "2026-04-30")),
        charged(
            "b#1",
            money("287.99"),
            kind="usage",
            charge="outbound_lines",
            name=text("Outbound lines", "出库行"),
            quantity="7234",
            unit=text("lines", "行"),
            tags={"cost_centre": "4711", "warehouse": "Hamburg"},
        ),
        charged(
            "c#1",
            money("30.00"),
            kind="usage",
            charge="storage",
            name=text("Storage", "存储"),
            quantity="12.5",
            unit=text("GB", "GB"),
        ),
    )
    return assembled(
        lines,
        coupons=[Coupon(UUID(int=3), "WELCOME10", text("Welcome", "迎新"), percent=Decimal(10))],
        grants=[Credit(UUID(int=4), "goodwill", text("Goodwill", "优惠额度"), money("20.00"))],
        balances=[
            Balance(UUID(int=5), "credit_note", "TY-CN-2026-000002", money("15.50")),
            Balance(UUID(int=6), "prepaid", "WAL-7", money("100.00"), policy="tax_on_use"),
        ],
    )


def sample(**changes: Any) -> dict[str, Any]:
    """An invoice over `sample_amounts`, with a purchase order."""
    return invoice_body(sample_amounts(), **{"purchase_order": "PO-2026-118", **changes})


def sample_note(**changes: Any) -> dict[str, Any]:
    """A credit note over a part of an invoice."""
    amounts = assembled((charged("a#1", money("199.00")), charged("b#1", money("50.00"))))
    return note_body(note_amounts(amounts, {"a#1": money("64.19")}), **changes)
