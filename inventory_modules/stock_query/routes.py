"""Stock query's HTTP face: each served call is metered before it is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from control_plane.kernel.errors import TallyardError
from control_plane.kernel.instants import instant_text, parse_instant
from control_plane.sdk.call_spool import CallSpool
from inventory_modules.chassis.access import Gate
from inventory_modules.chassis.bodies import whole_number
from inventory_modules.chassis.database import Database
from inventory_modules.chassis.errors import InvalidRequest, ResourceNotFound, TooManyItems
from inventory_modules.chassis.operations import json_response
from inventory_modules.chassis.usage import Call
from inventory_modules.chassis.wording import shorten
from inventory_modules.stock_query import storage

READ = "inventory:read"
FEATURE = "stock_query"
HISTORY = "stock_query.history"
STOCK, MOVEMENTS = "GET /v1/stock", "GET /v1/stock/{sku}/movements"
EVENT_TYPE = "tallyard.stock_query.query_served"
_USUAL_ROWS = 500
_MOST_ROWS = 5000
_MOST_SKUS = 500
AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class QueryDesk:
    """What the routes call."""

    database: Database
    gate: Gate
    calls: CallSpool

    async def admit(self, request: AnyRequest, endpoint: str) -> Call:
        """Let a call pass that may read stock now."""
        grant = await self.gate.caller(request.headers.get("authorization"), READ)
        self.gate.require_open()
        self.gate.require_reading(FEATURE)
        return Call(endpoint, grant.id)

    def answer(self, call: Call, rows: Sequence[object], body: dict[str, Any]) -> Response[bytes]:
        """Meter one served call, then answer with how far the projection is."""
        used = {"calls": 1, "lines": len(rows), "units": "0", **call.answered(200)}
        self.calls.record(EVENT_TYPE, self.gate.now(), used)
        return json_response(body)


def query_routes(desk: QueryDesk) -> list[HTTPRouteHandler]:
    """Return stock query's routes."""
    return [_stock_route(desk), _movements_route(desk)]


def _stock_route(desk: QueryDesk) -> HTTPRouteHandler:
    @get("/v1/stock")
    async def read_stock(request: AnyRequest) -> Response[bytes]:
        """Return stock on hand by item, now or as of an instant, a page at a time."""
        call = await desk.admit(request, STOCK)
        query = request.query_params
        skus = query.getall("sku", [])
        if len(skus) > _MOST_SKUS:
            raise TooManyItems(field="sku", name="sku", value=len(skus), most=_MOST_SKUS)
        limit = _limit(query.get("limit"))
        after, as_of = query.get("after", ""), _instant(query.get("as_of"))
        if as_of is not None:
            desk.gate.require_reading(HISTORY)
        reader = desk.database.reader
        # One read, one sequence: nothing else runs on the loop between these statements.
        position = _position(desk)
        if as_of is None:
            items = storage.stock_now(reader, skus, after, limit)
        else:
            items = storage.stock_as_of(reader, as_of, skus, after, limit)
        more = items[-1]["sku"] if len(items) == limit else None
        body = {
            "as_of": instant_text(as_of or desk.gate.now()),
            **position,
            "items": items,
            "next_after": more,
        }
        return desk.answer(call, items, body)

    return read_stock


def _movements_route(desk: QueryDesk) -> HTTPRouteHandler:
    @get("/v1/stock/{sku:str}/movements")
    async def read_movements(request: AnyRequest, sku: FromPath[str]) -> Response[bytes]:
        """Return an item's movements, oldest first, each with its document and balances."""
        call = await desk.admit(request, MOVEMENTS)
        query = request.query_params
        after = whole_number(query.get("after"), name="after", default=0)
        limit = _limit(query.get("limit"))
        position = _position(desk)
        rows = storage.movements_of(desk.database.reader, sku, after, limit)
        if not rows and not after:
            raise ResourceNotFound(value=shorten(sku))
        more = rows[-1]["sku_sequence"] if len(rows) == limit else None
        now = instant_text(desk.gate.now())
        body = {"sku": sku, "as_of": now, **position, "movements": rows, "next_after": more}
        return desk.answer(call, rows, body)

    return read_movements


def _position(desk: QueryDesk) -> dict[str, int]:
    sequence, newest = storage.progress(desk.database.reader)
    return {"sequence": sequence, "ledger_sequence": newest}


def _limit(text: str | None) -> int:
    return whole_number(text, name="limit", default=_USUAL_ROWS, least=1, most=_MOST_ROWS)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except TallyardError as error:
        raise InvalidRequest(causes=[type(error)(field="as_of", **error.fields)]) from error
