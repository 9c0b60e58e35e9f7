"""A signed-in customer among many tenants, and what one of its pages is made of."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from litestar import Litestar
from sqlalchemy import event
from sqlalchemy.engine import Engine

from control_plane.kernel.ids import TenantId
from tests.support.api import PASSWORD
from web.compose import Application
from web.portal import page as pages

EMAIL = "owner@example.com"


@dataclass
class Ingredients:
    """The SQL that one page runs, with its parameters, and how often it renders what."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    renders: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)


async def sign_in_to(application: Application, superuser: Any, tenant: TenantId) -> str:
    """Make somebody an owner of ``tenant`` and give their session's secret."""
    user, _ = await application.sign_up(
        email=EMAIL, password=PASSWORD, name="Owner", organisation_name="Elsewhere"
    )
    superuser.execute(
        "INSERT INTO members (tenant_id, user_id, role, joined_at) VALUES (%s, %s, 'owner', now())",
        [tenant, user],
    )
    superuser.commit()
    session = await application.sign_in(email=EMAIL, password=PASSWORD)
    await application.switch_tenant(secret=session.secret, tenant_id=tenant)
    return session.secret


async def get(app: Litestar, path: str, secret: str) -> int:
    """Ask the application for a page as a server would, without a client in between."""
    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(b"cookie", f"tallyard_session={secret}".encode()), (b"accept", b"text/html")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receive, send)
    return statuses[0]


@contextmanager
def watch() -> Iterator[Ingredients]:
    """Write down the SQL and the renders of whatever runs inside the block."""
    found = Ingredients()
    render = pages.render

    def on_execute(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        found.statements.append((statement, parameters))

    def on_render(*args: Any, **values: Any) -> str:
        found.renders.append((args, values))
        return render(*args, **values)

    event.listen(Engine, "before_cursor_execute", on_execute)
    pages.render = on_render  # type: ignore[assignment]
    try:
        yield found
    finally:
        pages.render = render
        event.remove(Engine, "before_cursor_execute", on_execute)


def repeat_bare(connection: "psycopg.Connection[Any]", made_of: Ingredients) -> None:
    """Run the same SQL in one plain transaction, and render the same page."""
    with connection.transaction():
        for statement, parameters in made_of.statements:
            connection.execute(statement, parameters)
    for args, values in made_of.renders:
        pages.render(*args, **values)
