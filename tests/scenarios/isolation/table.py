"""The route table as calls: whatever Litestar serves, a test can ask, new routes included."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from control_plane.identity.domain import Permission
from web.docs.examples import example_of, request_example
from web.docs.schema import published_schema, routes

WRITES = {"POST", "PUT", "PATCH", "DELETE"}
_PLACEHOLDER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Route:
    """One method on one path, with what its handler declares and its schema says."""

    method: str
    path: str
    handler: HTTPRouteHandler
    operation: Mapping[str, Any]
    schemas: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def public(self) -> bool:
        return bool(self.handler.opt.get("public"))

    @property
    def permission(self) -> Permission | None:
        return self.handler.opt.get("permission")

    @property
    def writes(self) -> bool:
        return self.method in WRITES

    @property
    def previews(self) -> bool:
        """A write in form only: it answers what something would cost."""
        return self.writes and str(self.permission).endswith(":read")

    @property
    def placeholders(self) -> tuple[str, ...]:
        return tuple(_PLACEHOLDER.findall(self.path))

    @property
    def is_api(self) -> bool:
        return self.path.startswith("/v1/")

    def address(self, ids: Mapping[str, str]) -> str:
        """The path with its ids filled in; an id kind without an object is an error."""
        missing = set(self.placeholders) - ids.keys()
        assert not missing, f"{self}: no object for {missing}; make one in world.py"
        return _PLACEHOLDER.sub(lambda found: ids[found.group(1)], self.path)

    @property
    def query_names(self) -> tuple[str, ...]:
        return tuple(p["name"] for p in self.operation.get("parameters", []) if p["in"] == "query")

    @property
    def query(self) -> dict[str, str]:
        """The parameters without which the route would refuse to look at anything."""
        if not self.operation:
            # A page is not in the reference; what it needs is what it has no default for.
            needed = inspect.signature(self.handler.fn).parameters.values()
            return {
                p.name: str(example_of({"type": "string"}, self.schemas, p.name))
                for p in needed
                if p.default is p.empty and "QueryParameter" in str(p.annotation)
            }
        return {
            p["name"]: str(example_of(p["schema"], self.schemas, p["name"]))
            for p in self.operation.get("parameters", [])
            if p["in"] == "query" and p.get("required")
        }

    @property
    def body(self) -> Any:
        return request_example(self.operation, self.schemas)

    @property
    def media_type(self) -> str:
        return next(iter(self.operation.get("requestBody", {}).get("content", {})), "")


def all_routes(app: Litestar) -> list[Route]:
    """Every route but the OPTIONS that the framework adds by itself."""
    return list(_routes(app))


def _routes(app: Litestar) -> Iterator[Route]:
    document = published_schema(app)
    for path, method, handler in routes(app):
        if method != "options":
            operation = document["paths"].get(path, {}).get(method, {})
            schemas = document["components"]["schemas"]
            yield Route(method.upper(), path, handler, operation, schemas)
