"""The end of a web process: no worker outlives the process that started it."""

import ctypes
import multiprocessing
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


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
