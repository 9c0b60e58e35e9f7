"""Billing's rows, by area."""

from billing.models.invoicing import (
    ACCOUNTS,
    INVOICE_LINES,
    INVOICES,
    LEDGER_ENTRIES,
    LEDGER_TRANSACTIONS,
    PAYMENTS,
    AccountRow,
    InvoiceLineRow,
    InvoiceRow,
    LedgerEntryRow,
    LedgerTransactionRow,
    PaymentRow,
)

__all__ = [
    "ACCOUNTS",
    "INVOICES",
    "INVOICE_LINES",
    "LEDGER_ENTRIES",
    "LEDGER_TRANSACTIONS",
    "PAYMENTS",
    "AccountRow",
    "InvoiceLineRow",
    "InvoiceRow",
    "LedgerEntryRow",
    "LedgerTransactionRow",
    "PaymentRow",
]
