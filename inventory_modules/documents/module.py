"""A module that serves one kind of document, put together over the chassis."""

from inventory_modules.chassis.service import Chassis, ModuleDefinition, ModuleParts
from inventory_modules.documents import storage
from inventory_modules.documents.accept_document import AcceptDocument
from inventory_modules.documents.domain import DocumentKind
from inventory_modules.documents.ledger_client import LedgerClient
from inventory_modules.documents.relay import Relay
from inventory_modules.documents.routes import Desk, document_routes
from inventory_modules.documents.settle_document import SettleDocument
from inventory_modules.documents.void_document import VoidDocument

LEDGER = "ledger"


def document_module(kind: DocumentKind) -> ModuleDefinition:
    """Return the module that serves one kind of document."""
    return ModuleDefinition(
        schema={"documents": storage.SCHEMA},
        build=lambda chassis: _build(kind, chassis),
    )


def _build(kind: DocumentKind, chassis: Chassis) -> ModuleParts:
    ledger = LedgerClient(
        chassis.session, chassis.settings.peers[LEDGER], chassis.settings.service_token
    )
    database, gate, units = chassis.database, chassis.gate, chassis.units
    units.restore(storage.work_by_lease(database.reader))
    settle = SettleDocument(
        kind=kind, database=database, gate=gate, ledger=ledger, usage=chassis.usage, units=units
    )
    relay = Relay(database, settle)
    desk = Desk(
        kind=kind,
        database=database,
        gate=gate,
        accept=AcceptDocument(kind, database, gate, units),
        settle=settle,
        void=VoidDocument(kind, database, gate, settle),
    )
    return ModuleParts(routes=document_routes(desk), catch_up=relay.catch_up, pending=relay.pending)
