"""Void a posted document by its paired reverse movement."""

import sqlite3
from dataclasses import dataclass

from inventory_modules.chassis.access import Gate
from inventory_modules.chassis.database import Database
from inventory_modules.documents import storage
from inventory_modules.documents.domain import Document, DocumentKind, DocumentState
from inventory_modules.documents.errors import DocumentNotFound, DocumentNotPosted
from inventory_modules.documents.settle_document import SettleDocument

_DONE = {DocumentState.VOIDING, DocumentState.VOIDED}


@dataclass(frozen=True, slots=True)
class VoidDocument:
    """Undo a document's movement. The document stays, marked void; so does what it counted."""

    kind: DocumentKind
    database: Database
    gate: Gate
    settle: SettleDocument

    async def __call__(self, document_id: str) -> Document:
        """Return the voided document; voiding it again changes nothing.

        Raises:
            DocumentNotFound: there is no such document.
            DocumentNotPosted: it is still waiting, or was refused.
            InsufficientStock: the goods of a receipt have gone already; it stays posted.
            LedgerUnavailable: the void waits and will be completed.
        """
        document = await self.database.write(
            lambda connection: self._begin(connection, document_id)
        )
        if not document.waits_for_ledger:
            return document
        settled = await self.settle(document)
        if settled.refusal is not None:
            raise settled.refusal
        if settled.document.state is DocumentState.POSTED:
            return await self(document_id)  # another's void was refused meanwhile; this one begins
        return settled.document

    def _begin(self, connection: sqlite3.Connection, document_id: str) -> Document:
        document = storage.find(connection, document_id)
        if document is None:
            raise DocumentNotFound(document_id=document_id)
        if document.state in _DONE:
            return document
        if document.state is not DocumentState.POSTED:
            raise DocumentNotPosted(document_id=document_id, state=document.state.value)
        self.gate.require_open()
        self.gate.require(self.kind.module)
        storage.mark_voiding(connection, document_id, at=self.gate.now())
        begun = storage.find(connection, document_id)
        assert begun is not None  # noqa: S101 - it was just read in this transaction
        return begun
