"""The life of a web process: no worker outlives its server, no stream the order to end."""

import asyncio
import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

_PR_SET_PDEATHSIG = 1
_YOUNG = 10_000  # objects made and not gone again, before the collector looks for cycles


def end_with_server() -> None:
    """Let the kernel end this worker when its server process is gone, however that happened.

    A worker left behind by a SIGKILL would go on answering on the server's port, with the code and
    the settings of before, beside the next server's own workers. Linux only; elsewhere, and in a
    process that no server started, this does nothing. Call it on the worker's main thread.
    """
    server = multiprocessing.parent_process()
    if server is None or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server.pid:  # it died before the kernel was told
        os.kill(os.getpid(), signal.SIGKILL)


def when_asked_to_end(call: Callable[[], None]) -> None:
    """Call ``call`` in the running loop as soon as this worker is asked to end.

    The server lets every answer that has begun come to its end first. Streams have none: whoever
    holds them open has to be told. The server's own handling of the signal goes on as it was.
    """
    if multiprocessing.parent_process() is None:
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _also(call, loop, signal.getsignal(number)))


def spare_the_collector() -> None:
    """Have the garbage collector pass over what is there for ever, and come less often.

    Call it when the application is built. A request leaves little in cycles; but under load there
    are always many under way, and looking through them all costs milliseconds for everybody.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 50)


def _also(
    call: Callable[[], None], loop: asyncio.AbstractEventLoop, before: object
) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(call)
        if callable(before):
            before(number, frame)

    return handle
