"""What the outbox carries. A topic's payload is JSON and names rows, never copies them."""

ENTITLEMENTS_CHANGED = "entitlements.changed"
"""A tenant's snapshot must be built again. Payload: ``{}``."""

PROMPT = frozenset({ENTITLEMENTS_CHANGED})
"""What a worker is woken for: a feature that was taken away is refused within a second. The
trigger on ``outbox`` names the same topics."""

INSTANCES_CHANGED = "instances.changed"
"""A tenant's instances must be reconciled. Payload: ``{}``."""

INVOICE_ISSUED = "invoice.issued"
"""An invoice waits for its payment. Payload: ``{"invoice_id": uuid}``."""

MAIL_REQUESTED = "mail.requested"
"""A message to a person. Payload: ``{"to", "template", "fields", "language"}``."""

INVOICE_ENDED = "invoice.ended"
"""An invoice was voided or written off. Payload: ``{"invoice_id": uuid}``."""

TOPUP_REFUNDED = "topup.refunded"
"""Money paid ahead was paid back. Payload: ``{"topup_id": uuid}``."""

FAPIAO_REQUESTED = "fapiao.requested"
"""A fapiao, blue or red, waits to be handed to the platform. Payload: ``{"fapiao_id": uuid}``."""

CREDIT_NOTE_ISSUED = "credit_note.issued"
"""A credit note took from an invoice. Payload: ``{"credit_note_id": uuid, "invoice_id": uuid}``."""

CONSOLIDATED_ISSUED = "consolidated_invoice.issued"
"""A parent has something to pay for its children. Payload: ``{"consolidated_id": uuid}``."""

CONSOLIDATED_PAID = "consolidated_invoice.paid"
"""A parent has paid a part or all of it. Payload: ``{"consolidated_id": uuid}``."""

WEBHOOK_EVENT = "webhook.event"
"""Something happened that endpoints may be told of. Payload: ``{"type", "at", "data"}``."""

STANDING_DUE = "standing.due"
"""What a tenant owes has changed: its standing must be looked at. Payload: ``{}``."""
