"""The stock ledger's service."""

from inventory_modules.chassis.service import Chassis, ModuleDefinition, ModuleParts
from inventory_modules.ledger.post_movements import PostMovements
from inventory_modules.ledger.routes import LedgerDesk, ledger_routes
from inventory_modules.ledger.schema import SCHEMA


def _build(chassis: Chassis) -> ModuleParts:
    database = chassis.database
    desk = LedgerDesk(database, chassis.gate, PostMovements(database))
    return ModuleParts(routes=ledger_routes(desk), catch_up=_nothing_waits, pending=lambda: 0)


async def _nothing_waits() -> bool:
    return True  # consumers read the ledger's events; it sends none and waits for nobody


MODULE = ModuleDefinition(schema={"ledger": SCHEMA}, build=_build)
