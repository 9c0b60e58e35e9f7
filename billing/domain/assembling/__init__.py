"""From rated lines to an invoice's amounts, and from an invoice to a credit note's."""

from billing.domain.assembling.errors import (
    CreditExceedsLine,
    LineNotOnInvoice,
    RoundingNotAllowed,
    TaxCategoryUnknown,
)
from billing.domain.assembling.inputs import (
    Balance,
    Coupon,
    Credit,
    PrepaidTax,
    Priced,
    RoundingPolicies,
    Scope,
    TaxTreatment,
)
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
    Used,
)

__all__ = [
    "AppliedBalance",
    "Assembled",
    "Balance",
    "BilledInvoice",
    "BilledLine",
    "Coupon",
    "Credit",
    "CreditExceedsLine",
    "CreditedLine",
    "LineDiscount",
    "LineNotOnInvoice",
    "NoteAmounts",
    "NoteLine",
    "PrepaidTax",
    "Priced",
    "RoundingNotAllowed",
    "RoundingPolicies",
    "Scope",
    "TaxCategoryUnknown",
    "TaxGroup",
    "TaxTreatment",
    "Used",
]
