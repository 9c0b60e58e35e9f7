"""The words of reports: titles, headings and our own codes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from web.i18n import N_, translate

REPORTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "trial-balance": (
            N_("Trial balance"),
            N_("What every account holds at the end of a day, revenue earned by that very day."),
        ),
        "general-ledger": (
            N_("General ledger"),
            N_("Every entry of one account, with the balance after it."),
        ),
        "receivables": (
            N_("Aged receivables"),
            N_("Who owes what at the end of a day, by days past the due date."),
        ),
        "revenue": (
            N_("Revenue"),
            N_("What each month earned: each line is spread over the days it pays for."),
        ),
        "deferred": (
            N_("Deferred revenue"),
            N_("Invoiced and not earned yet: how it moved, and when the rest will be earned."),
        ),
        "taxes": (
            N_("Tax report"),
            N_("Tax by month of the documents, jurisdiction and rate; credit notes deducted."),
        ),
        "mrr": (
            N_("Recurring revenue"),
            N_("What a month costs before any usage, net of tax; usage and add-ons do not recur."),
        ),
    }
)
"""Title and one sentence of each report, by its name in addresses."""

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "trial_balance": N_("Trial balance"),
        "general_ledger": N_("General ledger"),
        "open_invoices": N_("Open invoices"),
        "deferred_ahead": N_("Still to be earned"),
        "taxes": N_("Tax report"),
        "mrr": N_("Recurring revenue"),
        "receivables": N_("Aged receivables"),
        "revenue": N_("Revenue"),
        "deferred": N_("Deferred revenue"),
        "account": N_("Ledger account"),
        "plan": N_("Plan"),
        "module": N_("Module"),
        "charge": N_("Charge"),
        "debit": N_("Debit"),
        "credit": N_("Credit"),
        "date": N_("Document date"),
        "booked_on": N_("Posted on"),
        "kind": N_("Entry type"),
        "reference": N_("Reference"),
        "customer": N_("Customer name"),
        "balance": N_("Balance"),
        "currency": N_("Currency"),
        "not_due": N_("Not due"),
        "days_0_30": N_("1 to 30 days"),
        "days_31_60": N_("31 to 60 days"),
        "days_61_90": N_("61 to 90 days"),
        "days_over_90": N_("Over 90 days"),
        "total": N_("Total"),
        "number": N_("Document number"),
        "payable_by": N_("Payable by"),
        "days_overdue": N_("Days overdue"),
        "open": N_("Open"),
        "month": N_("Month"),
        "recognised": N_("Recognised"),
        "opening": N_("Opening"),
        "invoiced": N_("Invoiced"),
        "credited": N_("Credited"),
        "closing": N_("Closing"),
        "to_be_recognised": N_("To be recognised"),
        "jurisdiction": N_("Jurisdiction"),
        "tax_code": N_("Tax code"),
        "category": N_("Category"),
        "rate": N_("Rate (%)"),
        "base": N_("Taxable amount"),
        "tax": N_("Tax"),
        "new": N_("New"),
        "expansion": N_("Expansion"),
        "contraction": N_("Contraction"),
        "churn": N_("Churn"),
        "reactivation": N_("Reactivation"),
        "net_retention": N_("Net retention"),
        "gross_retention": N_("Gross retention"),
        "cash": N_("Cash"),
        "receivable": N_("Receivable"),
        "deferred_revenue": N_("Deferred revenue"),
        "tax_payable": N_("Tax payable"),
        "prepaid_liability": N_("Prepaid balances"),
        "customer_credit": N_("Customer credit"),
        "refunds": N_("Refunds owed"),
        "revenue_fees": N_("Revenue from fees"),
        "revenue_usage": N_("Revenue from usage"),
        "revenue_addons": N_("Revenue from add-ons"),
        "revenue_commitments": N_("Revenue from commitments"),
        "revenue_prepaid": N_("Revenue from lapsed balances"),
        "write_offs": N_("Write-offs"),
        "invoice": N_("Invoice"),
        "credit_note": N_("Credit note"),
        "payment": N_("Payment"),
        "credit_applied": N_("Credit applied"),
        "refund": N_("Refund"),
        "prepaid_topup": N_("Top-up"),
        "prepaid_used": N_("Prepaid balance used"),
        "prepaid_expired": N_("Prepaid balance lapsed"),
        "write_off": N_("Write-off"),
        "recovery": N_("Recovery of a write-off"),
        "void": N_("Voided invoice"),
        "recognition": N_("Revenue recognised"),
        "backtest": N_("Backtest"),
        "customers": N_("Customers"),
        "not_rated": N_("Could not be rated"),
        "before": N_("Before"),
        "after": N_("After"),
        "difference": N_("Difference"),
        "dearer": N_("Would pay more"),
        "cheaper": N_("Would pay less"),
        "unchanged": N_("Would pay the same"),
        "tenant": N_("Organisation"),
        "kept": N_("Kept as it was"),
        "reason": N_("Reason"),
    }
)


def word(key: str, language: str) -> str:
    """Say a key of ours in a language; a key without words is said as it is."""
    return translate(language, _WORDS[key]) if key in _WORDS else key


def speaker(language: str) -> Callable[[str], str]:
    """Return what says keys in a language."""
    return lambda key: word(key, language)
