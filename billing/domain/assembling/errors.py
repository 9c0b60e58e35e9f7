"""Refusals of assembling an invoice or a credit note."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class RoundingNotAllowed(TallyardError):
    """A policy of rounding cannot be used where the document must follow EN 16931."""

    code = "rounding_not_allowed"
    kind = ErrorKind.INVALID
    message = "The policy {policy}={value} cannot be used for an EN 16931 invoice."
    remedy = "Round each line, and tax once per category and rate, for this customer."


class TaxCategoryUnknown(TallyardError):
    """A line's tax category has no treatment."""

    code = "tax_category_unknown"
    kind = ErrorKind.CONFLICT
    message = "There is no tax rate for the category “{category}”."
    remedy = "Add the rate with `tallyard tax apply`, then resume billing."


class LineNotOnInvoice(TallyardError):
    """A credit note names a line that its invoice does not have."""

    code = "line_not_on_invoice"
    kind = ErrorKind.INVALID
    message = "The invoice has no line “{line}”."
    remedy = "Name a line of the invoice that is corrected."


class CreditExceedsLine(TallyardError):
    """A credit note would take back more of a line than is left of it."""

    code = "credit_exceeds_line"
    kind = ErrorKind.CONFLICT
    message = "Of the line “{line}” only {left} can be credited, not {asked}."
    remedy = "Credit at most what was invoiced less what was credited."
