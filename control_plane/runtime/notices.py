"""Hears PostgreSQL's notifications: LISTEN on one connection of this process's own."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import structlog

from control_plane.runtime.roles import Role, plain_dsn, role_url
from control_plane.runtime.settings import Settings

_BEAT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_LONGEST_PAUSE = 5.0

log = structlog.get_logger()


async def notices(settings: Settings, channel: str) -> AsyncGenerator[str | None]:
    """Yield the payload of every notification of a channel, for ever.

    None after each connection that is made: what was sent before it is lost, so whoever listens
    has to look for itself. A connection that dies, or answers nothing for ten seconds, is made
    anew, with full jitter.
    """
    failures = 0
    while True:
        try:
            async for payload in _heard(settings, channel):
                failures = 0
                yield payload
        except (psycopg.Error, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            log.warning("listener_lost", channel=channel, reason=reason)
        except Exception:
            log.exception("listener_failed", channel=channel)
        failures += 1
        await pause_after(failures)


@asynccontextmanager
async def listening(settings: Settings, channel: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Hold a connection open that listens to a channel, outside of any transaction."""
    connection = await psycopg.AsyncConnection.connect(
        plain_dsn(role_url(settings, Role.SYSTEM)),
        autocommit=True,
        application_name=f"listener:{channel}",
        connect_timeout=10,
    )
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await connection.execute(f"LISTEN {channel}")
        yield connection
    finally:
        await connection.close()


async def pause_after(failures: int) -> None:
    """Wait before another connection is tried: the longer the more failed, with full jitter."""
    longest = min(_LONGEST_PAUSE, 0.1 * 2 ** min(failures, 10))
    await asyncio.sleep(random.uniform(0, longest))  # noqa: S311 - only spreads load


async def _heard(settings: Settings, channel: str) -> AsyncGenerator[str | None]:
    async with listening(settings, channel) as connection:
        yield None
        while True:
            async for notice in connection.notifies(timeout=_BEAT_SECONDS):
                yield notice.payload
            async with asyncio.timeout(_ANSWER_SECONDS):
                await connection.execute("SELECT 1")
