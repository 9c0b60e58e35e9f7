"""The stock query service."""

from inventory_modules.chassis.service import Chassis, ModuleDefinition, ModuleParts
from inventory_modules.stock_query.feed import Feed
from inventory_modules.stock_query.routes import QueryDesk, query_routes
from inventory_modules.stock_query.storage import SCHEMA

LEDGER = "ledger"


def _build(chassis: Chassis) -> ModuleParts:
    settings = chassis.settings
    feed = Feed(chassis.database, chassis.session, settings.peers[LEDGER], settings.service_token)
    desk = QueryDesk(chassis.database, chassis.gate, chassis.calls)
    return ModuleParts(routes=query_routes(desk), catch_up=feed.catch_up, pending=feed.pending)


MODULE = ModuleDefinition(schema={"stock_query": SCHEMA}, build=_build)
