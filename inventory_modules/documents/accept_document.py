"""Accept a document: admission, the day's count and the pending row in one commit."""

import sqlite3
from dataclasses import dataclass

from control_plane.kernel.ids import format_id, new_id
from inventory_modules.chassis import quota
from inventory_modules.chassis.access import Gate
from inventory_modules.chassis.database import Database
from inventory_modules.chassis.errors import IdempotencyKeyReused
from inventory_modules.documents import storage
from inventory_modules.documents.domain import Document, DocumentKind, DocumentState, Draft


@dataclass(frozen=True, slots=True)
class AcceptDocument:
    """Admit a document once; a repeat finds the first one, whatever has become of it."""

    kind: DocumentKind
    database: Database
    gate: Gate

    async def __call__(self, draft: Draft, *, key: str, accepted_by: str) -> Document:
        """Return the document stored under ``key``, new or earlier.

        Raises:
            IdempotencyKeyReused: the key is that of another content.
            InstanceDraining: no new documents are taken.
            NotSubscribed, EntitlementStale: the module is not the tenant's to use now.
            DailyLimitReached: the day's documents are used up.
        """
        payload_hash = draft.hash()

        def accept(connection: sqlite3.Connection) -> Document:
            earlier = storage.find_by_key(connection, key)
            if earlier is None:
                return self._admit(connection, draft, key, payload_hash, accepted_by)
            if earlier.payload_hash != payload_hash:
                raise IdempotencyKeyReused(field="Idempotency-Key", key=key)
            return earlier

        return await self.database.write(accept)

    def _admit(
        self,
        connection: sqlite3.Connection,
        draft: Draft,
        key: str,
        payload_hash: str,
        accepted_by: str,
    ) -> Document:
        self.gate.require_open()
        self.gate.require(self.kind.module)
        now = self.gate.now()
        day = self._count(connection)
        document = Document(
            id=format_id(self.kind.id_prefix, new_id()),
            key=key,
            payload_hash=payload_hash,
            state=DocumentState.PENDING,
            reference=draft.reference,
            lines=draft.lines,
            occurred_at=draft.occurred_at or now,
            accepted_at=now,
            accepted_by=accepted_by,
            posted_at=None,
            voided_at=None,
            void_requested_at=None,
            quota_day=day,
            ledger_sequence=None,
            refusal=None,
        )
        storage.insert(connection, document)
        return document

    def _count(self, connection: sqlite3.Connection) -> str | None:
        limit = self.gate.daily_limit(self.kind.daily_limit)
        if limit is None:
            return None
        day = self.gate.today()
        if not quota.reserve(connection, self.kind.daily_limit, day, limit):
            raise self.gate.limit_reached(self.kind.daily_limit, limit)
        return day
