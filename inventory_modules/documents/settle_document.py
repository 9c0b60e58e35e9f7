"""Settle a waiting document: take its command to the ledger and keep the outcome with its usage."""

import asyncio
import sqlite3
from dataclasses import dataclass, field, replace

from control_plane.sdk.reporter import UsageSpool
from inventory_modules.chassis.access import Gate
from inventory_modules.chassis.database import Database
from inventory_modules.chassis.stock_errors import StockRefusal
from inventory_modules.chassis.units import UnitDesk
from inventory_modules.chassis.usage import Call, UsageSource
from inventory_modules.documents import storage
from inventory_modules.documents.domain import (
    Document,
    DocumentKind,
    DocumentState,
    ledger_command,
)
from inventory_modules.documents.errors import LedgerDisagrees, LedgerUnavailable
from inventory_modules.documents.ledger_client import (
    LedgerClient,
    LedgerConfused,
    LedgerRefused,
    LedgerSilent,
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a document, and why not, if the ledger refused."""

    document: Document
    refusal: StockRefusal | None = None


@dataclass(frozen=True, slots=True)
class SettleDocument:
    """Bring a waiting document to its next state, once, however many ask for it at a time."""

    kind: DocumentKind
    database: Database
    gate: Gate
    ledger: LedgerClient
    usage: UsageSource
    units: UnitDesk
    _under_way: dict[str, asyncio.Task[Settled]] = field(default_factory=dict)

    async def __call__(self, document: Document) -> Settled:
        """Return the document in its next state.

        Raises:
            LedgerUnavailable: the document still waits and will be tried again.
            LedgerDisagrees: the document still waits, for people to look at.
        """
        task = self._under_way.get(document.id)
        if task is None:
            task = asyncio.create_task(self._settle(document))
            self._under_way[document.id] = task
            task.add_done_callback(lambda done: self._forget(document.id, done))
        # A caller that hangs up does not stop what others may be waiting for.
        return await asyncio.shield(task)

    def _forget(self, document_id: str, done: asyncio.Task[Settled]) -> None:
        self._under_way.pop(document_id, None)
        if not done.cancelled():
            done.exception()  # seen here, in case every caller has hung up

    async def _settle(self, document: Document) -> Settled:
        # Whoever asks may have read the document before another settled it, and a refusal is
        # final here while the ledger, which keeps none, would take the same command later.
        document = _find(self.database.reader, document.id)
        if not document.waits_for_ledger:
            return Settled(document, document.refusal)
        try:
            sequence = await self.ledger.post(ledger_command(self.kind, document))
        except LedgerRefused as error:
            refusal = error.refusal
            settled = await self.database.write(
                lambda connection: self._refuse(connection, document, refusal)
            )
            self._count(settled.document)
            return settled
        except LedgerSilent as error:
            raise LedgerUnavailable(document_id=document.id) from error
        except LedgerConfused as error:
            raise LedgerDisagrees(document_id=document.id, reason=str(error)) from error
        settled = await self.database.write(
            lambda connection: self._complete(connection, document, sequence)
        )
        self._count(settled.document)
        return settled

    def _count(self, document: Document) -> None:
        """Spend or give back a document's unit, now that what became of it is on disk."""
        if document.state is DocumentState.REFUSED:
            self.units.give_back(document.id)
        elif document.state is not DocumentState.PENDING:
            self.units.spend(document.id)

    def _complete(
        self, connection: sqlite3.Connection, document: Document, sequence: int
    ) -> Settled:
        now = self.gate.now()
        if document.state is DocumentState.VOIDING:
            if storage.mark_voided(connection, document.id, at=now):
                return Settled(replace(document, state=DocumentState.VOIDED, voided_at=now))
            return Settled(_find(connection, document.id))
        if not storage.mark_posted(connection, document.id, at=now, sequence=sequence):
            return Settled(_find(connection, document.id))
        # The document and its usage event commit together: neither is ever there alone.
        UsageSpool.append(connection, self._event(document))
        return Settled(
            replace(document, state=DocumentState.POSTED, posted_at=now, ledger_sequence=sequence)
        )

    def _refuse(
        self, connection: sqlite3.Connection, document: Document, refusal: StockRefusal
    ) -> Settled:
        if document.state is DocumentState.VOIDING:
            storage.mark_void_refused(connection, document.id)
        else:
            storage.mark_refused(connection, document.id, refusal)
        return Settled(_find(connection, document.id), refusal)

    def _event(self, document: Document) -> dict[str, object]:
        # Whoever completed it, this call or the relay, it is the posting that is counted.
        call = Call(f"POST {self.kind.path}", document.accepted_by)
        return self.usage.event(
            event_type=self.kind.event_type,
            event_id=document.id,
            at=document.accepted_at,
            data={
                "calls": 1,
                "lines": len(document.lines),
                "units": document.units,
                **call.answered(201),
            },
        )


def _find(connection: sqlite3.Connection, document_id: str) -> Document:
    current = storage.find(connection, document_id)
    assert current is not None  # noqa: S101 - documents are never deleted
    return current
