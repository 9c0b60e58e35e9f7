"""What each event of billing posts. Pure, and balanced whatever comes in.

Issuing only ever moves *deferred* revenue: what of a line is earned already is told by the day it
serves, and the recognition run alone moves it on. So an invoice and its credit notes cancel out to
the last minor unit whenever they meet, and recognition can be run late, twice or in any order.
"""

from collections.abc import Mapping
from typing import Any

from billing.domain.ledger.accounts import Account, Entry, balanced
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money


def invoice_entries(net: Money, tax: Money) -> tuple[Entry, ...]:
    """Post an issued invoice: the customer owes net and tax; the net is still to be earned.

    ``net`` is after coupons and promotional credits. Balances applied are posted besides, by
    `credit_applied_entries` and `prepaid_used_entries`, in the same transaction or later.
    """
    return balanced(
        (Account.RECEIVABLE, net + tax),
        (Account.DEFERRED_REVENUE, -net),
        (Account.TAX_PAYABLE, -tax),
    )


def credit_note_entries(
    net: Money,
    tax: Money,
    *,
    to_receivable: Money,
    to_credit: Money | None = None,
    to_refund: Money | None = None,
) -> tuple[Entry, ...]:
    """Post a credit note of ``net`` and ``tax`` (both positive).

    Its total first lowers what is open (``to_receivable``); the rest is kept for later invoices
    (``to_credit``) or promised back (``to_refund``).

    Raises:
        UnbalancedPosting: the three do not add up to the note's total.
    """
    nothing = Money.zero(net.currency)
    return balanced(
        (Account.DEFERRED_REVENUE, net),
        (Account.TAX_PAYABLE, tax),
        (Account.RECEIVABLE, -to_receivable),
        (Account.CUSTOMER_CREDIT, -(to_credit or nothing)),
        (Account.REFUNDS, -(to_refund or nothing)),
    )


def void_entries(net: Money, tax: Money, *, to_receivable: Money) -> tuple[Entry, ...]:
    """Post a voided invoice: what credit notes left of its net and tax never was owed."""
    return credit_note_entries(net, tax, to_receivable=to_receivable)


def payment_entries(amount: Money, *, to_credit: Money | None = None) -> tuple[Entry, ...]:
    """Post a payment, whole or partial: cash came in, and the customer owes that much less.

    ``to_credit`` is the part beyond what was open, kept as the customer's balance.
    """
    beyond = to_credit or Money.zero(amount.currency)
    return balanced(
        (Account.CASH, amount),
        (Account.RECEIVABLE, -(amount - beyond)),
        (Account.CUSTOMER_CREDIT, -beyond),
    )


def credit_applied_entries(amount: Money) -> tuple[Entry, ...]:
    """Post that the balance of credit notes settles so much of an invoice."""
    return balanced((Account.CUSTOMER_CREDIT, amount), (Account.RECEIVABLE, -amount))


def refund_entries(amount: Money, source: Account = Account.REFUNDS) -> tuple[Entry, ...]:
    """Post money paid back: out of what was promised, or out of a balance.

    ``source`` is ``refunds``, ``customer_credit``, ``prepaid_liability``, or ``receivable`` for a
    payment that bounced.
    """
    return balanced((source, amount), (Account.CASH, -amount))


def prepaid_topup_entries(amount: Money) -> tuple[Entry, ...]:
    """Post a top-up that carries no tax (``tax_on_use``, ``card``): cash against a liability."""
    return balanced((Account.CASH, amount), (Account.PREPAID_LIABILITY, -amount))


def prepayment_invoice_entries(net: Money, tax: Money) -> tuple[Entry, ...]:
    """Post the prepayment invoice of ``tax_on_topup``: tax is owed now, the net is a balance."""
    return balanced(
        (Account.RECEIVABLE, net + tax),
        (Account.PREPAID_LIABILITY, -net),
        (Account.TAX_PAYABLE, -tax),
    )


def prepaid_used_entries(amount: Money, tax: Money | None = None) -> tuple[Entry, ...]:
    """Post that a prepaid balance settles ``amount`` of an invoice.

    ``tax`` is the part of ``amount`` that was taxed at the top-up (``tax_on_topup`` only).
    """
    taxed = tax or Money.zero(amount.currency)
    return balanced(
        (Account.PREPAID_LIABILITY, amount - taxed),
        (Account.TAX_PAYABLE, taxed),
        (Account.RECEIVABLE, -amount),
    )


def prepaid_expired_entries(amount: Money) -> tuple[Entry, ...]:
    """Post a balance that lapsed: the money is kept, and earned."""
    return balanced((Account.PREPAID_LIABILITY, amount), (Account.REVENUE_PREPAID, -amount))


def write_off_entries(amount: Money) -> tuple[Entry, ...]:
    """Post that nobody expects ``amount`` of an invoice any more."""
    return balanced((Account.WRITE_OFFS, amount), (Account.RECEIVABLE, -amount))


def recovery_entries(amount: Money) -> tuple[Entry, ...]:
    """Post that a written-off amount is owed again; its payment is posted as any other."""
    return balanced((Account.RECEIVABLE, amount), (Account.WRITE_OFFS, -amount))


def recognition_entries(earned: Mapping[Account, Money]) -> tuple[Entry, ...]:
    """Post what became earned on each revenue account; negative amounts take it back."""
    sides = [(account, -amount) for account, amount in sorted(earned.items())]
    sides += [(Account.DEFERRED_REVENUE, amount) for _, amount in sorted(earned.items())]
    return balanced(*sides)


def body_entries(body: Mapping[str, Any]) -> tuple[Entry, ...]:
    """Return what the issue of an invoice with this canonical body (format 2) posts.

    That is `invoice_entries` over its net and tax, and each balance applied on it.
    """
    code = currency(body["currency"])

    def money(minor: int) -> Money:
        return Money(minor, code)

    entries = invoice_entries(money(body["net_minor"]), money(body["tax_minor"]))
    for applied in body["applied"]:
        amount = money(applied["amount_minor"])
        if applied["kind"] == "credit_note":
            entries += credit_applied_entries(amount)
        else:
            taxed = sum(group["tax_minor"] for group in applied.get("taxes", ()))
            entries += prepaid_used_entries(amount, money(taxed))
    return entries
