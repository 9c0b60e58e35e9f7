"""Sample documents: bodies of format 2, made by the very code that freezes real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
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
from billing.domain.documents.body import credit_note_body, invoice_body
from billing.domain.documents.heading import Address, Bank, Corrected, Heading, Kind, Party
from billing.domain.documents.reading import ReadLine
from control_plane.catalog.domain import Text
from control_plane.catalog.policies import Policies
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.kernel.money import Money

TENANT = TenantId(UUID("019be67c-0000-7000-8000-00000000000a"))
SUBSCRIPTION = SubscriptionId(UUID("019be67c-0000-7000-8000-00000000000b"))
SELLER = Party(
    name="Tallyard GmbH",
    reference="live",
    tax_id="DE136695976",
    registration="HRB 12345",
    address=Address("Musterstraße 1", None, "Berlin", None, "10115", "DE"),
    email="billing@tallyard.example",
    phone="+49 30 1234567",
    bank=Bank("Musterbank", None, "DE02120300000000202051", "BYLADEM1001"),
)
BUYER = Party(
    name="Acme 仓储有限公司",
    reference="acme",
    tax_id="91310000MA1K000000",
    address=Address("Century Avenue 100", "Tower B", "Shanghai", None, "200120", "CN"),
    email="ap@acme.example",
)
STANDARD = TaxTreatment("standard", Decimal(13), "S", "CN")
REDUCED = TaxTreatment("reduced", Decimal(6), "S", "CN")
REVERSE = TaxTreatment(
    "standard", Decimal(0), "AE", "DE", Text(en="Reverse charge", zh="由购买方缴纳税款")
)


@dataclass(frozen=True)
class Sample:
    """A document: its heading, its amounts, and its body."""

    heading: Heading
    made: Assembled | NoteAmounts
    body: dict[str, Any]


def sample_line(
    number: int = 1,
    amount: int = 199900,
    *,
    kind: str = "fee",
    quantity: str | None = None,
    category: str = "standard",
    inclusive: bool = False,
    code: str = "CNY",
    tags: Mapping[str, str] | None = None,
) -> ReadLine:
    """A line of one month, in Shanghai."""
    start = datetime(2026, 1, 9, 16, tzinfo=UTC)
    return ReadLine(
        key=f"{SUBSCRIPTION}:growth@1:charge{number}:{kind}:2026-02-09T16:00:00Z#1",
        item_key=f"{SUBSCRIPTION}:growth@1:charge{number}:{kind}:2026-02-09T16:00:00Z",
        kind=kind,
        subscription_id=SUBSCRIPTION,
        item="growth@1",
        item_name=Text(en="Growth", zh="成长版"),
        charge_code=f"charge{number}",
        name=Text(en=f"Charge {number}", zh=f"费用{number}"),
        service=Period(start, start + timedelta(days=31)),
        zone="Asia/Shanghai",
        quantity=None if quantity is None else Decimal(quantity),
        unit=None if quantity is None else Text(en="lines", zh="行"),
        amount=Money(amount, currency(code)),
        tax_category=category,
        tax_inclusive=inclusive,
        discountable=True,
        tags=tuple(sorted((tags or {}).items())),
        steps=({"step": "fee", "amount": "1999.00"},),
    )


def sample_heading(
    *, number: str = "TY-2026-000001", code: str = "CNY", seller: Party = SELLER
) -> Heading:
    return Heading(
        kind=Kind.INVOICE,
        number=number,
        tenant_id=TENANT,
        seller=seller,
        buyer=BUYER,
        currency=currency(code),
        zone="Asia/Shanghai",
        due_at=datetime(2026, 2, 9, 16, tzinfo=UTC),
        part=0,
    )


def sample_invoice(
    lines: Sequence[ReadLine] | None = None,
    *,
    heading: Heading | None = None,
    treatments: Sequence[TaxTreatment] = (STANDARD,),
    coupons: Sequence[Coupon] = (),
    credits_: Sequence[Credit] = (),
    balances: Sequence[Balance] = (),
    purchase_order: str | None = None,
) -> Sample:
    """An invoice over some lines; with ``treatments=()`` it is untaxed."""
    lines = lines or (sample_line(1), sample_line(2, 1234, kind="usage", quantity="1234.5"))
    code = lines[0].amount.currency.code
    heading = replace(heading or sample_heading(code=code), purchase_order=purchase_order)
    made = assemble(
        lines,
        policies=Policies(),
        coupons=coupons,
        credits=credits_,
        treatments={t.category: t for t in treatments},
        balances=balances,
    )
    return Sample(heading, made, invoice_body(heading, made))


def sample_credit_note(
    of: Sample,
    reductions: Mapping[str, int] | None = None,
    *,
    number: str = "TY-CN-2026-000001",
    reason: str = "change",
) -> Sample:
    """A credit note over an invoice: by line key, how much; all of the first line by default."""
    assert isinstance(of.made, Assembled)
    code = of.heading.currency
    first = of.made.lines[0]
    asked = reductions or {first.key: first.amount.minor}
    made = reduce(
        BilledInvoice(of.made.lines, of.made.taxes),
        {key: Money(minor, code) for key, minor in asked.items()},
        policies=Policies(),
    )
    heading = replace(
        of.heading,
        kind=Kind.CREDIT_NOTE,
        number=number,
        corrects=Corrected(of.heading.number, of.heading.dated),
        reason=reason,
    )
    return Sample(heading, made, credit_note_body(heading, made))


def sample_bodies() -> dict[str, dict[str, Any]]:
    """Some documents by name: taxed, untaxed, discounted, settled, and credit notes of them."""
    plain = sample_invoice()
    coupon = Coupon(
        UUID(int=7), "SPRING10", Text(en="Spring 10 %", zh="春季九折"), percent=Decimal(10)
    )
    cny = currency("CNY")
    balance = Balance(UUID(int=8), "credit_note", "TY-CN-2026-000009", Money(5000, cny))
    return {
        "invoice": plain.body,
        "untaxed": sample_invoice(treatments=()).body,
        "reverse_charge": sample_invoice(treatments=(REVERSE,)).body,
        "two_rates": sample_invoice(
            (sample_line(1), sample_line(2, 50000, category="reduced")),
            treatments=(STANDARD, REDUCED),
        ).body,
        "discounted": sample_invoice(
            coupons=(coupon,), balances=(balance,), purchase_order="PO-4711"
        ).body,
        "inclusive": sample_invoice((sample_line(1, 11300, inclusive=True),)).body,
        "credit_note": sample_credit_note(plain).body,
    }
