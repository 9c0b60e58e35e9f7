"""Writes that travel together: one statement, and one round trip, for all of them.

A part that writes a row of its own (a message, an audit entry, a posting) can say so as a `Write`;
a use case that has many collects them, and sends them once.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

_BOUND = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""A bound name, as SQLAlchemy finds them; neither a cast nor an escaped colon."""


class Write(NamedTuple):
    """An insert or update whose answer nobody needs, and what is bound to it.

    It stands where a WITH clause may be before it, and has none that writes.
    """

    statement: TextClause
    values: Mapping[str, object]


async def send(session: AsyncSession, writes: Sequence[Write]) -> None:
    """Execute writes as one statement, in no particular order.

    None of them sees what another does: constraints are checked when all are done, and a row may
    be written by one of them only. Nothing is sent for no writes.
    """
    if not writes:
        return
    together = _together(tuple(write.statement.text for write in writes))
    values = {f"{name}_{n}": v for n, w in enumerate(writes) for name, v in w.values.items()}
    await session.execute(together, values)


@lru_cache(maxsize=256)
def _together(statements: tuple[str, ...]) -> TextClause:
    *first, last = (_numbered(sql, n) for n, sql in enumerate(statements))
    named = ", ".join(f"written_{n} AS ({sql})" for n, sql in enumerate(first))
    return text(f"WITH {named} {last}" if named else last)


def _numbered(sql: str, n: int) -> str:
    """Give the bound names of one write the write's number."""
    return _BOUND.sub(rf":\1_{n}", sql)
