"""Accept a document: admission, a unit of the day's limit and the pending row are one decision."""

import asyncio
import sqlite3
from dataclasses import dataclass

from control_plane.kernel.ids import format_id, new_id
from control_plane.sdk.lease_account import Reservation
from inventory_modules.chassis.access import Gate
from inventory_modules.chassis.database import Database
from inventory_modules.chassis.errors import IdempotencyKeyReused
from inventory_modules.chassis.units import UnitDesk, UnitsUsedUp
from inventory_modules.documents import storage
from inventory_modules.documents.domain import Document, DocumentKind, DocumentState, Draft


@dataclass(frozen=True, slots=True)
class _Call:
    """A request, and the unit set aside for it, or why there is none."""

    draft: Draft
    key: str
    payload_hash: str
    accepted_by: str
    unit: Reservation | None
    used_up: UnitsUsedUp | None


@dataclass(frozen=True, slots=True)
class AcceptDocument:
    """Admit a document once; a repeat finds the first one, whatever has become of it."""

    kind: DocumentKind
    database: Database
    gate: Gate
    units: UnitDesk

    async def __call__(self, draft: Draft, *, key: str, accepted_by: str) -> Document:
        """Return the document stored under ``key``, new or earlier.

        Raises:
            IdempotencyKeyReused: the key is that of another content.
            InstanceDraining: no new documents are taken.
            NotSubscribed, EntitlementStale: the module is not the tenant's to use now.
            DailyLimitReached: the day's documents are used up.
            UnitsUnconfirmed: whether they are cannot be told now.
        """
        payload_hash = draft.hash()
        earlier = storage.find_by_key(self.database.reader, key)
        if earlier is not None:
            return _same(earlier, payload_hash, key)
        unit, used_up = await self._set_aside()
        call = _Call(draft, key, payload_hash, accepted_by, unit, used_up)
        # A caller that hangs up must not part the document from its unit.
        return await asyncio.shield(asyncio.create_task(self._store(call)))

    async def _store(self, call: _Call) -> Document:
        is_new = False
        try:
            document, is_new = await self.database.write(lambda c: self._accept(c, call))
            if call.unit is not None and is_new:
                self.units.admitted(document.id, call.unit)
        finally:
            if call.unit is not None and not is_new:
                call.unit.release()
        return document

    async def _set_aside(self) -> tuple[Reservation | None, UnitsUsedUp | None]:
        """Take a unit of the day's limit. That none is left is held against new documents only."""
        self.gate.require_open()
        self.gate.require(self.kind.module)
        try:
            return await self.units.set_aside(self.kind.daily_limit), None
        except UnitsUsedUp as used_up:
            return None, used_up

    def _accept(self, connection: sqlite3.Connection, call: _Call) -> tuple[Document, bool]:
        earlier = storage.find_by_key(connection, call.key)
        if earlier is not None:  # the same call came twice at a time
            return _same(earlier, call.payload_hash, call.key), False
        self.gate.require_open()
        self.gate.require(self.kind.module)
        if call.used_up is not None:
            limit = int(call.used_up.decision.limit or 0)
            raise self.gate.limit_reached(self.kind.daily_limit, limit) from call.used_up
        document = self._document(connection, call)
        storage.insert(connection, document)
        return document, True

    def _document(self, connection: sqlite3.Connection, call: _Call) -> Document:
        now = self.gate.now()
        return Document(
            id=format_id(self.kind.id_prefix, new_id()),
            key=call.key,
            payload_hash=call.payload_hash,
            state=DocumentState.PENDING,
            reference=call.draft.reference,
            lines=call.draft.lines,
            occurred_at=call.draft.occurred_at or now,
            accepted_at=now,
            accepted_by=call.accepted_by,
            posted_at=None,
            voided_at=None,
            void_requested_at=None,
            quota_lease=None if call.unit is None else self.units.note(connection, call.unit),
            ledger_sequence=None,
            refusal=None,
        )


def _same(earlier: Document, payload_hash: str, key: str) -> Document:
    if earlier.payload_hash != payload_hash:
        raise IdempotencyKeyReused(field="Idempotency-Key", key=key)
    return earlier
