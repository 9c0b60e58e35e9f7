"""From rated lines to an invoice's amounts, and from an invoice to a credit note's."""

from billing.domain.assembling.assemble import assemble, refuse_for_en16931
from billing.domain.assembling.bodies import (
    amounts_body,
    billed_invoice,
    credited,
    line_amounts_body,
)
from billing.domain.assembling.commitments import STANDARD
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
    Scope,
    TaxTreatment,
)
from billing.domain.assembling.reduce import reduce
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
    "STANDARD",
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
    "Scope",
    "TaxCategoryUnknown",
    "TaxGroup",
    "TaxTreatment",
    "Used",
    "amounts_body",
    "assemble",
    "billed_invoice",
    "credited",
    "line_amounts_body",
    "reduce",
    "refuse_for_en16931",
]
