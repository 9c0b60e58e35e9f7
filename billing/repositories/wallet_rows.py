"""Rows of wallets, read and written."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from billing.domain.assembling import PrepaidTax
from billing.domain.discounts.records import Topup, TopupState, Wallet
from billing.domain.tax.parties import PrepaidPolicy
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A top-up's balance that ended; ``tax`` is the part that was tax paid with it."""

    topup_id: UUID
    amount: Money
    tax: Money
    ended_at: datetime


def taxes_json(taxes: Sequence[PrepaidTax]) -> str:
    """Write what is left of a top-up's tax as the table keeps it."""
    rows = [
        {
            "category": tax.category,
            "code": tax.code,
            "rate": quantity_text(tax.rate),
            "base_minor": tax.base.minor,
            "tax_minor": tax.tax.minor,
        }
        for tax in taxes
    ]
    return json.dumps(rows)


def taxes_left(taxes: Sequence[PrepaidTax], taken: Sequence[PrepaidTax]) -> list[PrepaidTax]:
    """Return what is left per rate; rates with nothing left are left out."""
    by_rate = {(tax.code, tax.rate): tax for tax in taken}
    left = []
    for tax in taxes:
        part = by_rate.get((tax.code, tax.rate))
        rest = (
            tax if part is None else replace(tax, base=tax.base - part.base, tax=tax.tax - part.tax)
        )
        if rest.base.minor or rest.tax.minor:
            left.append(rest)
    return left


def _taxes(said: Sequence[Any], code: Currency) -> tuple[PrepaidTax, ...]:
    return tuple(
        PrepaidTax(
            category=row["category"],
            code=row["code"],
            rate=Decimal(row["rate"]),
            base=Money(row["base_minor"], code),
            tax=Money(row["tax_minor"], code),
        )
        for row in said
    )


def wallet_from(row: RowMapping) -> Wallet:
    """Read a wallet."""
    code = currency(row["currency"])
    below, amount = row["auto_below_minor"], row["auto_amount_minor"]
    return Wallet(
        id=row["id"],
        name=row["name"],
        currency=code,
        priority=row["priority"],
        tax_category=row["tax_category"],
        auto_below=None if below is None else Money(below, code),
        auto_amount=None if amount is None else Money(amount, code),
    )


def topup_from(row: RowMapping) -> Topup:
    """Read a top-up with its wallet's priority."""
    code = currency(row["currency"])

    def money(part: str) -> Money:
        return Money(row[f"{part}_minor"], code)

    return Topup(
        id=row["id"],
        wallet_id=row["wallet_id"],
        entity=row["entity"],
        policy=PrepaidPolicy(row["policy"]),
        automatic=row["automatic"],
        state=TopupState(row["state"]),
        amount=money("amount"),
        bonus=money("bonus"),
        spent=money("spent"),
        expired=money("expired"),
        refunded=money("refunded"),
        free=money("free"),
        taxes=_taxes(row["taxes"], code),
        requested_at=row["requested_at"],
        ended_at=row["ended_at"],
        expires_at=row["expires_at"],
        reference=row["reference"],
        number=row["number"],
        priority=row["priority"],
        charge_due_at=row["charge_due_at"],
        charge_failure=row["charge_failure"],
    )


def lapsed_from(row: RowMapping) -> Lapsed:
    """Read what lapsed."""
    code = currency(row["currency"])
    tax = sum(said["tax_minor"] for said in row["taxes"])
    return Lapsed(row["id"], Money(row["free_minor"], code), Money(tax, code), row["expires_at"])
