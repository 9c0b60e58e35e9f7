"""Plain statements, without what the ORM puts around each; and writes that travel together.

A part that writes a row of its own (a message, an audit entry, a posting) can say so as a `Write`;
a use case that has many collects them, and sends them once: one round trip for all of them.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

CONNECTION = "tallyard_connection"
"""Where a session keeps the connection of its transaction."""

BOUND_NAME = re.compile(r"(?<![:\w\\]):(\w+)(?![:\w])")
"""A bound name, as SQLAlchemy finds them; neither a cast nor an escaped colon."""


class Write(NamedTuple):
    """An insert or update whose answer nobody needs, and what is bound to it.

    It stands where a WITH clause may be before it, and has none that writes.
    """

    statement: TextClause
    values: Mapping[str, object]


async def connect(session: AsyncSession) -> AsyncConnection:
    """Begin the session's transaction, and keep its connection at hand for `run`."""
    connection = await session.connection()
    session.info[CONNECTION] = connection
    return connection


async def run(
    session: AsyncSession, statement: TextClause, values: Mapping[str, object]
) -> CursorResult[*tuple[Any, ...]]:
    """Execute SQL within the session's transaction; for what is asked at every close."""
    connection: AsyncConnection | None = session.info.get(CONNECTION)
    return await (connection or await session.connection()).execute(statement, values)


async def send(session: AsyncSession, writes: Sequence[Write]) -> None:
    """Execute writes as one statement, in no particular order.

    None of them sees what another does: constraints are checked when all are done, and a row may
    be written by one of them only. Nothing is sent for no writes.
    """
    if not writes:
        return
    together = _together(tuple(write.statement.text for write in writes))
    values = {f"{name}_{n}": v for n, w in enumerate(writes) for name, v in w.values.items()}
    await run(session, together, values)


@lru_cache(maxsize=256)
def _together(statements: tuple[str, ...]) -> TextClause:
    *first, last = (_numbered(sql, n) for n, sql in enumerate(statements))
    named = ", ".join(f"written_{n} AS ({sql})" for n, sql in enumerate(first))
    return text(f"WITH {named} {last}" if named else last)


def _numbered(sql: str, n: int) -> str:
    """Give the bound names of one write the write's number."""
    return BOUND_NAME.sub(rf":\1_{n}", sql)
