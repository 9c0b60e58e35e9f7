"""The relay: waiting documents go to the ledger again, oldest first, until none is left."""

from dataclasses import dataclass

import structlog

from inventory_modules.chassis.database import Database
from inventory_modules.documents import storage
from inventory_modules.documents.errors import LedgerDisagrees, LedgerUnavailable
from inventory_modules.documents.settle_document import SettleDocument

_BATCH = 100
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Relay:
    """Settles what an outage of the ledger, or of this service, left waiting."""

    database: Database
    settle: SettleDocument

    async def catch_up(self) -> bool:
        """Try what waits, oldest first; ``True`` when nothing is left waiting."""
        after = ""
        while batch := storage.waiting(self.database.reader, after, _BATCH):
            for document in batch:
                try:
                    await self.settle(document)
                except LedgerUnavailable:
                    return False  # it is down for all of them: keep their order
                except LedgerDisagrees as error:
                    _log.error("document_stuck", document_id=document.id, reason=str(error))
            after = batch[-1].id
        return self.pending() == 0

    def pending(self) -> int:
        """Return how many documents wait for the ledger."""
        return storage.count_waiting(self.database.reader)
