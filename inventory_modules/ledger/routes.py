"""The ledger's HTTP face; only the tenant's own services come here."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from inventory_modules.chassis.access import Gate
from inventory_modules.chassis.bodies import decode, whole_number
from inventory_modules.chassis.database import Database
from inventory_modules.chassis.operations import json_response
from inventory_modules.ledger import storage
from inventory_modules.ledger.domain import MovementsRequest, read_posting
from inventory_modules.ledger.post_movements import PostMovements

POST, READ = "ledger:post", "ledger:read"
_MOST_ROWS = 5000
_USUAL_ROWS = 1000
AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class LedgerDesk:
    """What the routes call."""

    database: Database
    gate: Gate
    post_movements: PostMovements


def ledger_routes(desk: LedgerDesk) -> list[HTTPRouteHandler]:
    """Return the ledger's routes."""
    return [_post_route(desk), _events_route(desk), _balances_route(desk)]


def _post_route(desk: LedgerDesk) -> HTTPRouteHandler:
    @post("/v1/movements", status_code=200)
    async def post_movements(request: AnyRequest) -> Response[bytes]:
        """Post movements together or not at all, once per key of the calling instance."""
        caller = await desk.gate.service(request.headers.get("authorization"), POST)
        body = decode(await request.body(), MovementsRequest)
        receipt = await desk.post_movements(read_posting(body, source=caller.instance))
        return json_response(
            {
                "key": body.key,
                "first_sequence": receipt.first_sequence,
                "last_sequence": receipt.last_sequence,
            }
        )

    return post_movements


def _events_route(desk: LedgerDesk) -> HTTPRouteHandler:
    @get("/v1/events")
    async def read_events(request: AnyRequest) -> Response[bytes]:
        """Return movements after a sequence, oldest first, without gaps."""
        await desk.gate.service(request.headers.get("authorization"), READ)
        query = request.query_params
        after = whole_number(query.get("after"), name="after", default=0)
        limit = _limit(query.get("limit"))
        # The end is read first: it never promises more than the page after it can show.
        newest = storage.last_sequence(desk.database.reader)
        events = storage.read_events(desk.database.reader, after, limit)
        return json_response({"events": events, "last_sequence": newest})

    return read_events


def _balances_route(desk: LedgerDesk) -> HTTPRouteHandler:
    @get("/v1/balances")
    async def read_balances(request: AnyRequest) -> Response[bytes]:
        """Return balances by item and location, and the sequence they include."""
        await desk.gate.service(request.headers.get("authorization"), READ)
        query = request.query_params
        reader = desk.database.reader
        reader.execute("BEGIN").close()
        try:
            body = {
                "sequence": storage.last_sequence(reader),
                "balances": storage.read_balances(
                    reader,
                    query.getall("sku", []),
                    query.get("after", ""),
                    _limit(query.get("limit")),
                ),
            }
        finally:
            reader.execute("COMMIT").close()
        return json_response(body)

    return read_balances


def _limit(text: str | None) -> int:
    return whole_number(text, name="limit", default=_USUAL_ROWS, least=1, most=_MOST_ROWS)
