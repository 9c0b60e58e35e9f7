"""Waiting until a revision has come: after a change of one's own, the next check must know it."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    revision: int
    wake: Callable[[], object]


class RevisionGate:
    """Wakes threads and tasks once a revision, or a higher one, is there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: list[_Waiter] = []

    def reach(self, revision: int) -> None:
        """Wake whoever waits for this revision or a lower one."""
        if not self._waiters:  # whoever comes now looks at what is held after it was put there
            return
        with self._lock:
            due = [waiter for waiter in self._waiters if waiter.revision <= revision]
            self._waiters = [waiter for waiter in self._waiters if waiter.revision > revision]
        for waiter in due:
            waiter.wake()

    def wait(self, held: Callable[[], int], revision: int, seconds: float | None) -> bool:
        """Block until ``held()`` is at least ``revision``; False after so many ``seconds``."""
        event = threading.Event()
        waiter = self._enter(revision, event.set)
        try:
            return held() >= revision or event.wait(seconds)
        finally:
            self._leave(waiter)

    async def wait_async(
        self, held: Callable[[], int], revision: int, seconds: float | None
    ) -> bool:
        """Wait as ``wait`` does, without holding up the event loop."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        waiter = self._enter(revision, lambda: _wake(loop, event))
        try:
            if held() < revision:
                await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return False
        finally:
            self._leave(waiter)
        return True

    def _enter(self, revision: int, wake: Callable[[], object]) -> _Waiter:
        waiter = _Waiter(revision, wake)
        with self._lock:
            self._waiters.append(waiter)
        return waiter

    def _leave(self, waiter: _Waiter) -> None:
        with self._lock:
            self._waiters = [one for one in self._waiters if one is not waiter]


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(event.set)
