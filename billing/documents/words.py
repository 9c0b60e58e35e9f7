"""The words that documents are made of, in English (the msgid of each translation)."""

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "invoice": "Invoice",
    "credit_note": "Credit note",
    "billed_to": "Billed to",
    "credited_to": "Credited to",
    "from": "Seller",
    "number": "Number",
    "note_number": "Credit note number",
    "date": "Date",
    "note_date": "Credit note date",
    "payable_by": "Payable by",
    "period": "Service period",
    "purchase_order": "Purchase order",
    "corrects": "Corrects invoice",
    "of_date": "{number} of {date}",
    "reason": "Reason",
    "customer": "Customer",
    "tax_id": "Tax number",
    "registration": "Registration",
    "item": "Item",
    "quantity": "Quantity",
    "tax": "Tax",
    "amount": "Amount",
    "amount_in": "Amount ({currency})",
    "with_tax": "tax included",
    "subtotal": "Sum of lines",
    "discounts": "Discounts",
    "net": "Net amount",
    "tax_at": "Tax {rate}",
    "total": "Total",
    "total_credited": "Total credited",
    "applied_credit_note": "Credit note {reference}",
    "applied_prepaid": "Prepaid balance {reference}",
    "amount_due": "Amount due",
    "credited": "Credited",
    "paid": "Paid on {date}",
    "open": "To be paid by {date}",
    "nothing": "Nothing to pay",
    "set_off": "Set off against what is open; what exceeds it is refunded or kept as a balance.",
    "tax_summary": "Tax summary",
    "category": "Category",
    "rate": "Rate",
    "base": "Taxable amount",
    "cost_centres": "Cost centres",
    "cost_centre": "Cost centre",
    "no_cost_centre": "None named",
    "payment": "How to pay",
    "payee": "Payee",
    "bank": "Bank",
    "account": "Account",
    "reference": "Payment reference",
    "scan_bank": "Scan with your banking app",
    "scan_online": "Scan to pay online",
    "code_for": "QR code for the payment of {number}",
    "logo_of": "Logo of {name}",
    "annex": "How each amount came about",
    "fingerprint": "SHA-256",
    "page": "Page {page} of {pages}",
    "sandbox": "Issued in a sandbox: this document is not real, and nothing is owed.",
    "untaxed": "No tax is included.",
    "note": "Every line can be computed again from the recorded usage, prices and days.",
}

CATEGORIES: Mapping[str, str] = {
    "S": "Standard rate",
    "Z": "Zero rate",
    "E": "Exempt",
    "AE": "Reverse charge",
    "K": "Intra-Community supply",
    "G": "Export",
    "O": "Outside the scope of tax",
}
"""UNCL 5305, as EN 16931 uses it."""

REASONS: Mapping[str, str] = {
    "change": "Change of the subscription",
    "late_usage": "Usage reported late",
    "correction": "Correction",
}
"""Why a credit note was issued; a code that is not here is shown as it is."""

STATEMENT: Mapping[str, str] = {
    "noun": "Consolidated invoice",
    "item": "Invoice",
    "quantity": "Payable by",
    "tax": "Tax",
    "net": "Net amount",
    "annex": "What each invoice is made of",
    "invoices_of": "Invoices of",
    "to_be_paid_in": "To be paid ({currency})",
    "to_be_paid": "To be paid",
    "invoiced": "Sum of the invoices",
    "settled": "Settled before",
    "lowered": "Credit note {reference}",
    "paid_by": "Paid: {reference}",
    "still_open": "Still open",
    "no_centre": "None named",
    "statement": "A statement: the invoices listed stay the tax documents. Payments settle them by "
    "the day they are due, then by number.",
}
"""What a consolidated invoice calls by other names than an invoice does."""

RECEIPT: Mapping[str, str] = {
    "receipt": "Receipt",
    "prepayment_invoice": "Prepayment invoice",
    "number": "Receipt number",
    "date": "Receipt date",
    "item": "Prepaid balance",
    "received": "Received",
    "received_from": "Received from",
    "paid_by": "Payment",
    "note_tax_on_use": "Paid ahead, and set against later invoices, which charge the tax.",
    "note_tax_on_topup": "Paid ahead, and set against later invoices, which deduct the tax charged "
    "here.",
    "note_card": "Sale of a prepaid card (tax class 601, untaxed); no fapiao is issued for what is "
    "paid with it.",
    "note_bonus": "A bonus of {bonus} was granted as promotional credit.",
}
"""What a top-up's document calls by other names than an invoice does."""
