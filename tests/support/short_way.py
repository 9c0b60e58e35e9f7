"""The same request by both ways to the API: before the framework, and through it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import httpx
from litestar.types import ASGIApp, Receive, Scope, Send

from tests.support.api import Company, Site
from web.asgi import WebApp

EVENTS = "/v1/events"
CHECK = "/v1/entitlements/check"
UNUSUAL = ("cookie", "a=b")
"""A header that changes no answer, and has the request go the long way from its beginning."""

Headers: TypeAlias = Sequence[tuple[str, str]]
Body: TypeAlias = bytes | AsyncIterator[bytes]


@dataclass
class Ways:
    """The application of a site, seen from where its two ways part; ``long`` counts one of them."""

    site: Site
    long: int = 0

    @property
    def app(self) -> ASGIApp:
        """Both ways, the long one counted."""
        app: WebApp = self.site.app  # type: ignore[assignment] # what `create_app` makes

        async def framework(scope: Scope, receive: Receive, send: Send) -> None:
            self.long += 1
            await app.short_way.app(scope, receive, send)

        return replace(app.short_way, app=framework)

    async def ask(
        self,
        path: str,
        company: Company | None,
        body: Body,
        *headers: tuple[str, str],
        method: str = "POST",
    ) -> httpx.Response:
        """Ask with a company's key, or with nothing but the headers given."""
        own = [] if company is None else [("authorization", f"Bearer {company.key}")]
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://tallyard.test"
        ) as client:
            return await client.request(method, path, content=body, headers=[*own, *headers])

    async def both(
        self, path: str, company: Company, other: Company, body: bytes, *headers: tuple[str, str]
    ) -> tuple[httpx.Response, bool]:
        """Ask for ``company`` as it is, and for ``other`` the long way: the answers are the same.

        Returns the first, and whether it took the short way to its end.
        """
        named = [("x-request-id", "the-same-of-both"), *headers]
        before = self.long
        first = await self.ask(path, company, body, *named)
        shortly = self.long == before
        second = await self.ask(path, other, body, *named, UNUSUAL)
        assert self.long == before + 2 - shortly
        assert told(first) == told(second), (body[:200], headers)
        return first, shortly


def told(answer: httpx.Response) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """All that a client sees."""
    return answer.status_code, answer.content, sorted(answer.headers.raw)


def http_scope(
    path: str, company: Company, length: int, *headers: tuple[bytes, bytes]
) -> dict[str, Any]:
    """What a server says of a request with JSON."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [
            (b"host", b"tallyard.test"),
            (b"authorization", f"Bearer {company.key}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(length).encode()),
            (b"x-request-id", b"the-same-of-both"),
            *headers,
        ],
        "client": ("127.0.0.1", 1),
        "server": ("tallyard.test", 80),
        "state": {},
    }


async def answered(
    app: ASGIApp, scope: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Give an application these messages, then that its client has gone; return what it sends."""
    coming, sent = iter(messages), []

    async def receive() -> Any:
        return next(coming, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)  # type: ignore[arg-type] # as a server writes them
    return sent
