"""Documents as JSON: state words in both languages, quantities as texts, ids as given."""

from typing import Any

from control_plane.kernel.instants import instant_text
from inventory_modules.chassis.quantity import quantity_text
from inventory_modules.documents.domain import Document, DocumentKind, DocumentState


def view(kind: DocumentKind, document: Document, *, first_answer: bool = False) -> dict[str, Any]:
    """Return a document's JSON form; ``first_answer`` as it was when its posting was answered."""
    state = DocumentState.POSTED if first_answer else document.state
    label = kind.labels[state]
    body: dict[str, Any] = {
        "id": document.id,
        "state": state.value,
        "state_label": {"en": label.en, "zh": label.zh},
        "reference": document.reference,
        "lines": [
            {"sku": line.sku, "quantity": quantity_text(line.quantity)} for line in document.lines
        ],
        "units": document.units,
        "occurred_at": instant_text(document.occurred_at),
        "accepted_at": instant_text(document.accepted_at),
    }
    if document.posted_at is not None:
        body["posted_at"] = instant_text(document.posted_at)
        body["ledger_sequence"] = document.ledger_sequence
    if document.voided_at is not None and not first_answer:
        body["voided_at"] = instant_text(document.voided_at)
    return body
