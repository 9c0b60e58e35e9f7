"""What a customer gets for money paid ahead: a receipt, or a prepayment invoice with its tax."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.domain.assembling import (
    Assembled,
    PrepaidTax,
    TaxTreatment,
    amounts_body,
    assemble,
)
from billing.domain.discounts.records import Topup
from billing.domain.tax.parties import PrepaidPolicy
from control_plane.catalog.policies import DEFAULTS
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money

RECEIPT, PREPAYMENT = "receipt", "prepayment"
_LETTERS = {RECEIPT: "R", PREPAYMENT: "P"}
CARD_CATEGORY = "601"
"""The Chinese tax code for the sale of prepaid cards, untaxed (STA notice 2016 no. 53)."""


@dataclass(frozen=True, slots=True)
class _Deposit:
    """The one line of a prepayment: gross, as it was paid."""

    key: str
    subscription_id: UUID
    amount: Money
    tax_category: str
    item: str = "topup"
    charge_code: str = "topup"
    tax_inclusive: bool = True
    discountable: bool = False


def series_of(policy: PrepaidPolicy) -> str:
    """Return which series numbers a top-up's document."""
    return PREPAYMENT if policy is PrepaidPolicy.TAX_ON_TOPUP else RECEIPT


def document_number(prefix: str, series: str, year: int, place: int) -> str:
    """Return a number such as ``TY-R-2026-000001``: a series of its own for each kind."""
    return f"{prefix}-{_LETTERS[series]}-{year}-{place:06d}"


def prepayment(topup: Topup, category: str, treatment: TaxTreatment | None) -> Assembled:
    """Return a top-up's amounts: taxed at once under ``tax_on_topup``, untaxed otherwise.

    What was paid is gross: CNY 1,130.00 at 13 % is 1,000.00 and 130.00 tax.
    """
    taxed = topup.policy is PrepaidPolicy.TAX_ON_TOPUP and treatment is not None
    treatments = {category: treatment} if taxed and treatment is not None else {}
    line = _Deposit(format_id("top", topup.id), topup.wallet_id, topup.amount, category)
    return assemble([line], policies=DEFAULTS, treatments=treatments)


def taxes_paid(amounts: Assembled) -> tuple[PrepaidTax, ...]:
    """Return the tax that later invoices deduct."""
    return tuple(
        PrepaidTax(group.category, group.code, Decimal(group.rate), group.base, group.tax)
        for group in amounts.taxes
    )


def receipt_body(
    tenant_id: TenantId,
    topup: Topup,
    amounts: Assembled,
    parties: tuple[dict[str, Any], dict[str, Any]],
    dated: date,
) -> dict[str, Any]:
    """Return what is frozen of a paid top-up, as canonical JSON."""
    seller, buyer = parties
    card = topup.policy is PrepaidPolicy.CARD
    taxed = topup.policy is PrepaidPolicy.TAX_ON_TOPUP
    return {
        "kind": "prepayment_invoice" if taxed else "receipt",
        "format": 2,
        "number": topup.number,
        "tenant": format_id("ten", tenant_id),
        "topup": format_id("top", topup.id),
        "seller": seller,
        "buyer": buyer,
        "currency": topup.amount.currency.code,
        "date": dated.isoformat(),
        "policy": topup.policy.value,
        "tax_class": CARD_CATEGORY if card else None,
        "payment_reference": topup.reference,
        "bonus_minor": topup.bonus.minor,
        **amounts_body(amounts),
    }
