"""The OpenAPI document as it is published.

Litestar derives paths and shapes from the handlers. What it cannot see is added here: the
docstrings of handlers and structs, the permission each route asks for, the Idempotency-Key of
writes, bodies that are read raw, and problem documents in place of the framework's own errors.
"""

import inspect
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from web.docs.words import REFUSALS
from web.edge.idempotency import takes_key
from web.problems import PROBLEM_JSON, Problem

Schema = dict[str, Any]

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_REFUSALS: Final = {**dict(REFUSALS), "default": "Any other refusal."}
_KEY_PARAMETER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "1 to 255 printable ASCII characters. Repeating a write under its key gives "
    "the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
}


class PublishedSchema(JsonRenderPlugin):
    """Serves the completed document in place of the framework's."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: Schema) -> bytes:
        """Give the document as JSON."""
        del openapi_schema
        return msgspec.json.encode(published_schema(request.app))


def published_schema(app: Litestar) -> Schema:
    """Complete the framework's OpenAPI document of ``app``; the same every time."""
    document = deepcopy(msgspec.to_builtins(app.openapi_schema.to_schema()))
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    _describe(schemas)
    _add_problem(schemas)
    for path, method, handler in routes(app):
        operation = document["paths"].get(path, {}).get(method)
        if operation is not None:
            _complete(operation, path, method, handler)
    return dict(document)


def routes(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """Yield path template, method in lower case and handler of every HTTP route."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                yield route.path_format, method.lower(), handler


def _complete(operation: Schema, path: str, method: str, handler: HTTPRouteHandler) -> None:
    text = inspect.cleandoc(handler.fn.__doc__ or "")
    operation["summary"] = text.split("\n", 1)[0]
    operation["description"] = text
    public = bool(handler.opt.get("public"))
    if public:
        operation["security"] = []
    else:
        operation["x-permission"] = str(handler.opt.get("permission", ""))
    writes = method != "get" and takes_key(handler.opt)
    if writes:
        operation.setdefault("parameters", []).append(deepcopy(_KEY_PARAMETER))
    body = handler.opt.get("request_body")
    if body is not None:
        operation["requestBody"] = deepcopy(body)
    reads_input = bool(operation.get("parameters") or operation.get("requestBody"))
    refused = {
        "400": reads_input,
        "401": not public,
        "403": not public,
        "404": "{" in path,
        "409": writes,
        **dict.fromkeys(handler.opt.get("refusals", ()), True),
        "default": True,
    }
    responses = operation["responses"]
    responses.pop("400", None)
    for status, applies in refused.items():
        if applies:
            responses[status] = {
                "description": _REFUSALS[status],
                "content": {PROBLEM_JSON: {"schema": _PROBLEM}},
            }


def _describe(schemas: Schema) -> None:
    """Give every shape the docstring of its struct."""
    for struct in _structs(msgspec.Struct):
        whole = f"{struct.__module__}.{struct.__name__}".replace(".", "_")
        for name, schema in schemas.items():  # two of one name carry a part of their module's
            if whole.startswith("web_") and f"_{whole}".endswith(f"_{name}"):
                schema["description"] = inspect.cleandoc(struct.__doc__ or "")
                if struct.__struct_config__.forbid_unknown_fields:
                    schema["additionalProperties"] = False


def _structs(root: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for child in root.__subclasses__():
        yield child
        yield from _structs(child)


def _add_problem(schemas: Schema) -> None:
    _, components = msgspec.json.schema_components(
        [Problem], ref_template="#/components/schemas/{name}"
    )
    schemas.update(components)


def shape_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference into ``schemas``; anything else is given back as it is."""
    reference = schema.get("$ref")
    return schemas[str(reference).rsplit("/", 1)[-1]] if reference else schema
