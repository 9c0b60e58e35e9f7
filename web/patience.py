"""How long a page or a request may compute before it says that the shell should."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from billing.domain.whatif.errors import HistoryTooLong

LONGEST_SECONDS = 25.0
"""Less than what stands in front of web servers waits for, which is mostly 30 or 60."""


@asynccontextmanager
async def as_long_as_a_request_may(
    command: str, *, seconds: float = LONGEST_SECONDS
) -> AsyncIterator[None]:
    """Give up on what goes over all organisations when it takes too long; it changes nothing.

    Args:
        command: what does the same in the shell, where time is no matter.
        seconds: how long it may take, in real time.

    Raises:
        HistoryTooLong: it took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise HistoryTooLong(seconds=round(seconds), command=command) from error
