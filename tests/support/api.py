"""A whole web application in this process, and clients of it."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from control_plane.kernel.clock import Clock
from control_plane.runtime.settings import Settings
from tests.support.stages import staged
from web.compose import Application

CATALOGUE = Path(__file__).resolve().parents[2] / "web" / "demo" / "catalogue.yaml"
PASSWORD = "correct horse battery"


@dataclass
class Company:
    """An organisation that signed up over the API, and a client with its key."""

    client: httpx.AsyncClient
    tenant_id: str
    user_id: str
    key: str
    email: str

    async def get(self, path: str, **params: str) -> httpx.Response:
        return await self.client.get(path, params=params)

    async def post(self, path: str, json: Any, key: str | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return await self.client.post(path, json=json, headers=headers)


class Site:
    """The application behind HTTP, without a network in between."""

    def __init__(self, application: Application, app: Litestar) -> None:
        self.application = application
        self.app = app

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(first_of_streams(self.app)),
            base_url="http://tallyard.test",
            headers=headers,
        )

    async def company(self, name: str = "Bella Pizza", **more: Any) -> Company:
        email = f"{uuid.uuid4().hex[:12]}@example.com"
        body = {
            "email": email,
            "password": PASSWORD,
            "name": "Bella",
            "organisation_name": name,
            **more,
        }
        async with self.client() as anybody:
            answer = await anybody.post("/v1/sign-ups", json=body)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        client = self.client(authorization=f"Bearer {made['api_key']}")
        return Company(client, made["tenant_id"], made["user_id"], made["api_key"], email)


def first_of_streams(app: Any) -> Any:
    """Hang up after a stream's first event: it has no end, and no client here reads along."""

    async def asked(scope: Any, receive: Any, send: Any) -> None:
        streams = over = False

        async def cut(message: Any) -> None:
            nonlocal streams, over
            if message["type"] == "http.response.start":
                kinds = [value for name, value in message["headers"] if name == b"content-type"]
                streams = any(kind.startswith(b"text/event-stream") for kind in kinds)
            if over:
                return
            over = streams and bool(message.get("body"))
            await send({**message, "more_body": False} if over else message)

        await app(scope, receive, cut)

    return asked


@asynccontextmanager
async def open_site(settings: Settings, clock: Clock) -> AsyncIterator[Site]:
    """Put the application together on a fresh database with the demo catalogue on sale."""
    async with staged(settings, clock) as (application, app):
        await application.apply_catalog(CATALOGUE.read_text(encoding="utf-8"))
        yield Site(application, app)
