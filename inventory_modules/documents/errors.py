"""Refusals that only documents have."""

from control_plane.kernel.errors import ErrorKind, TallyardError


class LineCountInvalid(TallyardError):
    """A document has no lines, or more than fit in one posting."""

    code = "line_count_invalid"
    kind = ErrorKind.INVALID
    message = "{value} lines were sent; one to {most} are possible."
    remedy = "Split the document into several."


class OccurredInFuture(TallyardError):
    """A document is dated after the present."""

    code = "occurred_in_future"
    kind = ErrorKind.INVALID
    message = "{value} is after the present, {now}."
    remedy = "Date the document when the goods moved, or leave occurred_at out."


class DocumentNotFound(TallyardError):
    """There is no document of this id."""

    code = "document_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no document “{document_id}”."
    remedy = "Use the id that posting returned."


class DocumentNotPosted(TallyardError):
    """Only a posted document can be voided."""

    code = "document_not_posted"
    kind = ErrorKind.CONFLICT
    message = "The document {document_id} is not posted (state {state})."
    remedy = "Only a posted document can be voided; a waiting one can be once it is posted."


class Waiting(TallyardError, abstract=True):
    """A document is stored and waits; ``facts`` names it to programs."""

    def __init__(self, *, document_id: str, **fields: object) -> None:
        self.document_id = document_id
        super().__init__(field=None, document_id=document_id, **fields)

    def facts(self) -> dict[str, str]:
        """Return the id under which the document can be read."""
        return {"document_id": self.document_id}


class LedgerUnavailable(Waiting):
    """The stock ledger did not answer; the document waits."""

    code = "ledger_unavailable"
    kind = ErrorKind.UNAVAILABLE
    message = "The stock ledger does not answer; {document_id} is stored and waits for it."
    remedy = "Nothing is lost: it will be posted, and the same Idempotency-Key gets the answer."
    retry_after = 2


class LedgerDisagrees(Waiting):
    """The ledger refused in a way that no retry mends; people must look."""

    code = "ledger_disagrees"
    kind = ErrorKind.UNAVAILABLE
    message = "The stock ledger cannot take {document_id} ({reason}); the document waits."
    remedy = "Tell the operator; nothing was posted."
