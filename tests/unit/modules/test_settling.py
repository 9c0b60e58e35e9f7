"""Settling one document from several sides at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from control_plane.sdk.reporter import UsageSpool
from inventory_modules.chassis.database import Database
from inventory_modules.chassis.stock_errors import InsufficientStock, Shortage
from inventory_modules.chassis.usage import UsageSource
from inventory_modules.documents import storage
from inventory_modules.documents.domain import (
    Document,
    DocumentLine,
    DocumentState,
    LedgerCommand,
)
from inventory_modules.documents.ledger_client import LedgerRefused
from inventory_modules.documents.settle_document import SettleDocument
from inventory_modules.outbound.domain import SHIPMENT

AT = datetime(2026, 3, 2, tzinfo=UTC)
DOCUMENT = Document(
    id="shp_1",
    key="k",
    payload_hash="h",
    state=DocumentState.PENDING,
    reference="",
    lines=(DocumentLine("A", 1_000_000),),
    occurred_at=AT,
    accepted_at=AT,
    accepted_by="key_1",
    posted_at=None,
    voided_at=None,
    void_requested_at=None,
    quota_lease=None,
    ledger_sequence=None,
    refusal=None,
)


class FickleLedger:
    """Refuses the first command and would take the next: goods came in between."""

    def __init__(self) -> None:
        self.commands: list[LedgerCommand] = []

    async def post(self, command: LedgerCommand) -> int:
        self.commands.append(command)
        first = len(self.commands) == 1
        await asyncio.sleep(0.01)
        if first:
            raise LedgerRefused(InsufficientStock(shortages=[Shortage(0, "A", "1", "0")]))
        return 7


class Units:
    """Notes what becomes of a document's unit."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def spend(self, document_id: str) -> None:
        self.told.append(f"spent {document_id}")

    def give_back(self, document_id: str) -> None:
        self.told.append(f"given back {document_id}")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "data", {"documents": storage.SCHEMA})
    await opened.write(UsageSpool.create_table)
    await opened.write(lambda c: storage.insert(c, DOCUMENT))
    yield opened
    await opened.close()


def settle_with(ledger: FickleLedger, database: Database) -> SettleDocument:
    gate = SimpleNamespace(now=lambda: AT)
    usage = UsageSource("ins_1", "outbound")
    return SettleDocument(SHIPMENT, database, gate, ledger, usage, Units())  # type: ignore[arg-type]


async def test_all_who_ask_at_a_time_get_one_decision(database: Database):
    ledger = FickleLedger()
    settle = settle_with(ledger, database)

    answers = await asyncio.gather(settle(DOCUMENT), settle(DOCUMENT), settle(DOCUMENT))

    assert len(ledger.commands) == 1
    assert {answer.document.state for answer in answers} == {DocumentState.REFUSED}
    assert settle.units.told == ["given back shp_1"]
    assert UsageSpool.depth(database.reader) == 0


async def test_a_refusal_is_final_for_those_who_read_the_document_before_it(database: Database):
    ledger = FickleLedger()
    settle = settle_with(ledger, database)
    await settle(DOCUMENT)

    late = await settle(DOCUMENT)

    assert late.document.state is DocumentState.REFUSED
    assert len(ledger.commands) == 1  # it would take the second, and move goods for nothing
    assert UsageSpool.depth(database.reader) == 0


async def test_a_document_is_metered_once_however_often_it_is_completed(database: Database):
    ledger = FickleLedger()
    ledger.commands.append(LedgerCommand("earlier", (), ""))
    settle = settle_with(ledger, database)

    first, second = await settle(DOCUMENT), await settle(DOCUMENT)

    assert first.document == second.document
    assert first.document == replace(
        DOCUMENT, state=DocumentState.POSTED, posted_at=AT, ledger_sequence=7
    )
    assert UsageSpool.depth(database.reader) == 1
    assert set(settle.units.told) == {"spent shp_1"}
