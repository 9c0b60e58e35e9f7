"""The HTTP face of a kind of document: post, read, void."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from inventory_modules.chassis.access import Gate
from inventory_modules.chassis.database import Database
from inventory_modules.chassis.errors import IdempotencyKeyInvalid, IdempotencyKeyMissing
from inventory_modules.chassis.operations import json_response
from inventory_modules.chassis.wording import is_plain, shorten
from inventory_modules.documents import storage
from inventory_modules.documents.accept_document import AcceptDocument
from inventory_modules.documents.domain import DocumentKind, DocumentState
from inventory_modules.documents.errors import DocumentNotFound
from inventory_modules.documents.request import read_draft
from inventory_modules.documents.settle_document import SettleDocument
from inventory_modules.documents.view import view
from inventory_modules.documents.void_document import VoidDocument

READ, WRITE = "inventory:read", "inventory:write"
_LONGEST_KEY = 200
AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes of a kind of document call."""

    kind: DocumentKind
    database: Database
    gate: Gate
    accept: AcceptDocument
    settle: SettleDocument
    void: VoidDocument


def document_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """Return the routes of one kind of document."""
    return [_post_route(desk), _read_route(desk), _void_route(desk)]


def _post_route(desk: Desk) -> HTTPRouteHandler:
    @post(desk.kind.path, status_code=201)
    async def post_document(request: AnyRequest) -> Response[bytes]:
        """Post a document: its lines move in the ledger together, once per Idempotency-Key."""
        grant = await desk.gate.caller(request.headers.get("authorization"), WRITE)
        key = _idempotency_key(request)
        draft = read_draft(await request.body(), now=desk.gate.now())
        document = await desk.accept(draft, key=key, accepted_by=grant.id)
        replayed = document.state is not DocumentState.PENDING
        if not replayed:
            settled = await desk.settle(document)
            document = settled.document
        if document.refusal is not None:
            raise document.refusal
        body = view(desk.kind, document, first_answer=True)
        headers = {"Location": f"{desk.kind.path}/{document.id}"}
        if replayed:
            headers["Idempotency-Replayed"] = "true"
        return json_response(body, 201, **headers)

    return post_document


def _read_route(desk: Desk) -> HTTPRouteHandler:
    @get(f"{desk.kind.path}/{{document_id:str}}")
    async def read_document(request: AnyRequest, document_id: FromPath[str]) -> Response[bytes]:
        """Return a document as it stands now."""
        await desk.gate.caller(request.headers.get("authorization"), READ)
        desk.gate.require_reading(desk.kind.module)
        document = storage.find(desk.database.reader, document_id)
        if document is None:
            raise DocumentNotFound(document_id=shorten(document_id))
        return json_response(view(desk.kind, document))

    return read_document


def _void_route(desk: Desk) -> HTTPRouteHandler:
    @post(f"{desk.kind.path}/{{document_id:str}}/void", status_code=200)
    async def void_document(request: AnyRequest, document_id: FromPath[str]) -> Response[bytes]:
        """Void a posted document; once void it stays so, however often this is called."""
        await desk.gate.caller(request.headers.get("authorization"), WRITE)
        return json_response(view(desk.kind, await desk.void(document_id)))

    return void_document


def _idempotency_key(request: AnyRequest) -> str:
    key = request.headers.get("idempotency-key")
    if key is None:
        raise IdempotencyKeyMissing(field="Idempotency-Key")
    if not is_plain(key, _LONGEST_KEY):
        raise IdempotencyKeyInvalid(
            field="Idempotency-Key", value=shorten(key), longest=_LONGEST_KEY
        )
    return key
