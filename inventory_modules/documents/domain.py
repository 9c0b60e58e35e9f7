"""Receipts and shipments as values: their states, their kinds, and which way they move goods."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.instants import instant_text
from inventory_modules.chassis.quantity import quantity_text
from inventory_modules.chassis.stock_errors import StockRefusal


class DocumentState(StrEnum):
    """Where a document stands. ``pending`` and ``voiding`` wait for the ledger."""

    PENDING = "pending"
    POSTED = "posted"
    REFUSED = "refused"
    VOIDING = "voiding"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Label:
    """A word in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """What makes a receipt a receipt: ids, path, direction, feature codes, usage event, words."""

    module: str
    id_prefix: str
    path: str
    source: str
    target: str
    daily_limit: str
    event_type: str
    labels: Mapping[DocumentState, Label]


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One line; ``quantity`` in millionths of a unit."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked request. ``occurred_at`` is ``None`` where the caller left it to the service."""

    reference: str
    lines: tuple[DocumentLine, ...]
    occurred_at: datetime | None

    def hash(self) -> str:
        """Return the payload's hash: the same content gives the same hash."""
        at = None if self.occurred_at is None else instant_text(self.occurred_at)
        rows = [[line.sku, quantity_text(line.quantity)] for line in self.lines]
        return sha256_hex(canonical_json([self.reference, rows, at]))


@dataclass(frozen=True, slots=True)
class Document:
    """A document as stored. All instants are those of the tenant's clock.

    ``accepted_by`` is the id of the API key it came with, ``quota_lease`` the lease that its unit
    of the limit was taken from, where there is a limit.
    """

    id: str
    key: str
    payload_hash: str
    state: DocumentState
    reference: str
    lines: tuple[DocumentLine, ...]
    occurred_at: datetime
    accepted_at: datetime
    accepted_by: str
    posted_at: datetime | None
    voided_at: datetime | None
    void_requested_at: datetime | None
    quota_lease: str | None
    ledger_sequence: int | None
    refusal: StockRefusal | None

    @property
    def waits_for_ledger(self) -> bool:
        """Whether a posting of this document is under way."""
        return self.state in {DocumentState.PENDING, DocumentState.VOIDING}

    @property
    def units(self) -> str:
        """The sum of all lines' quantities, as a decimal text."""
        return quantity_text(sum(line.quantity for line in self.lines))


@dataclass(frozen=True, slots=True)
class LedgerCommand:
    """What a waiting document asks of the ledger, under a key that never changes."""

    key: str
    lines: tuple[dict[str, str], ...]
    at: str


def ledger_command(kind: DocumentKind, document: Document) -> LedgerCommand:
    """Return the command that brings a waiting document forward.

    A void is the paired movement the other way, under a key of its own.
    """
    if document.state is DocumentState.VOIDING:
        source, target, verb = kind.target, kind.source, "void"
        at = document.void_requested_at or document.accepted_at
    else:
        source, target, verb = kind.source, kind.target, "post"
        at = document.occurred_at
    lines = tuple(
        {
            "sku": line.sku,
            "from": source,
            "to": target,
            "quantity": quantity_text(line.quantity),
        }
        for line in document.lines
    )
    return LedgerCommand(f"{document.id}:{verb}", lines, instant_text(at))
