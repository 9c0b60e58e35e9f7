"""Work that repeats while a service runs."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

_SLOWEST = 16.0  # times the usual pause, while the other side is away
_log = structlog.get_logger(__name__)


async def repeat(
    name: str, job: Callable[[], Awaitable[bool]], *, seconds: float, slow_down: bool = True
) -> None:
    """Run ``job`` for ever with a pause in between; after ``False`` the pause doubles each time.

    What the job raises is logged and counts as ``False``: one bad run stops nothing.
    """
    pause = seconds
    while True:
        try:
            well = await job()
        except Exception as error:  # noqa: BLE001 - logged whole; the loop must live on
            _log.exception("background_job_failed", job=name, reason=str(error))
            well = False
        pause = seconds if well or not slow_down else min(pause * 2, seconds * _SLOWEST)
        await asyncio.sleep(pause)
