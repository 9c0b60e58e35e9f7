"""What is refused of invoices and credit notes, and why."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class CreditNoteNotFound(TallyardError):
    """The tenant has no credit note of that id."""

    code = "credit_note_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no credit note {note_id}."
    remedy = "Check the id; the list of credit notes shows what there is."


class InvoiceEnded(TallyardError):
    """An invoice was voided or written off, and cannot be acted upon so."""

    code = "invoice_ended"
    kind = ErrorKind.CONFLICT
    message = "The invoice {number} is {state}."
    remedy = "Look at the invoice that replaced it."


class InvoiceNotVoidable(TallyardError):
    """Something was paid on an invoice, credited, or settled by a balance."""

    code = "invoice_not_voidable"
    kind = ErrorKind.CONFLICT
    message = "The invoice {number} cannot be voided: {settled} of it is settled already."
    remedy = "Issue a credit note over it instead."


class NothingOpen(TallyardError):
    """An invoice on which nothing is open is to be written off."""

    code = "nothing_open"
    kind = ErrorKind.CONFLICT
    message = "Nothing is open on the invoice {number}."
    remedy = "Choose an invoice that waits to be paid."


class ReasonMissing(TallyardError):
    """An act of the vendor's without a reason for the record."""

    code = "reason_missing"
    kind = ErrorKind.INVALID
    message = "A reason of 1 to {longest} characters is needed."
    remedy = "Say why; it is kept on the record."


class CreditBalanceTooLow(TallyardError):
    """More is to be refunded than stands to the customer's credit."""

    code = "credit_balance_too_low"
    kind = ErrorKind.CONFLICT
    message = "{left} stand to the customer's credit, not {asked}."
    remedy = "Refund at most the balance."


class RefundReferenceUsed(TallyardError):
    """Another refund was recorded under the same reference."""

    code = "refund_reference_used"
    kind = ErrorKind.CONFLICT
    message = "The refund “{reference}” was already recorded, over another amount."
    remedy = "Check the bank statement; each refund is recorded once."


class BillingTermInvalid(TallyardError):
    """A grace period or a threshold out of bounds."""

    code = "billing_term_invalid"
    kind = ErrorKind.INVALID
    message = "{value} is not possible for {name}."
    remedy = "Give a value from {least} to {most}."


class LineNotMetered(TallyardError):
    """Events are asked for of a line that no usage is behind."""

    code = "line_not_metered"
    kind = ErrorKind.INVALID
    message = "No events are behind the line {line}."
    remedy = "Ask for a line of usage."
