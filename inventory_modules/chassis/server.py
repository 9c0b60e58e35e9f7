"""An instance's process: serve, work in the background, and go when asked or left alone."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from litestar import Litestar

from control_plane.kernel.clock import Clock, SystemClock
from inventory_modules.chassis.app import create_app
from inventory_modules.chassis.background import repeat
from inventory_modules.chassis.export import remove_leftovers
from inventory_modules.chassis.service import (
    Chassis,
    ModuleDefinition,
    ModuleParts,
    open_chassis,
)
from inventory_modules.chassis.settings import Settings

_REPORT_SECONDS = 0.5
TO_DISK_SECONDS = 0.5
_CATCH_UP_SECONDS = 1.0
_LEASES_SECONDS = 0.5
_DRAIN_SECONDS = 5
_KEEPALIVE_SECONDS = 75
_log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn's server, with signals left to us: its own handling would end the process early."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(settings: Settings, definition: ModuleDefinition) -> None:
    """Run an instance until SIGTERM, SIGINT, or the end of the process it belongs to."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if settings.exit_with_pid is not None:
        _watch(settings.exit_with_pid, stop)
    await serve(settings, definition, SystemClock(), stop)


async def serve(
    settings: Settings, definition: ModuleDefinition, clock: Clock, stop: asyncio.Event
) -> None:
    """Run an instance until ``stop`` is set; calls that have begun are answered first."""
    async with open_chassis(settings, definition, clock) as chassis:
        remove_leftovers(settings.data_dir)
        parts = definition.build(chassis)
        chassis.units.thread.start()
        server = _server(settings, create_app(chassis, parts))
        jobs = [asyncio.create_task(job) for job in _jobs(chassis, parts)]
        serving = asyncio.create_task(server.serve())
        stopping = asyncio.create_task(stop.wait())
        _log.info("started", host=settings.host, port=settings.port)
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        try:
            await serving
        finally:
            for task in (*jobs, stopping):
                task.cancel()
            await asyncio.gather(*jobs, stopping, return_exceptions=True)
        _log.info("stopped")


def _server(settings: Settings, app: Litestar) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEPALIVE_SECONDS,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )


def _jobs(chassis: Chassis, parts: ModuleParts) -> Iterator[Coroutine[None, None, None]]:
    async def report() -> bool:
        await chassis.reporter.flush()
        return chassis.reporter.last_error is None

    async def to_disk() -> bool:
        await asyncio.to_thread(chassis.calls.sync)
        return True

    yield repeat("report", report, seconds=_REPORT_SECONDS)
    yield repeat("to_disk", to_disk, seconds=TO_DISK_SECONDS, slow_down=False)
    yield repeat("leases", chassis.units.keep, seconds=_LEASES_SECONDS, slow_down=False)
    yield repeat("catch_up", parts.catch_up, seconds=_CATCH_UP_SECONDS)


def _watch(pid: int, stop: asyncio.Event) -> None:
    """Set ``stop`` when a process ends, or at once if it has ended already."""
    loop = asyncio.get_running_loop()
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        stop.set()
        return

    def gone() -> None:
        loop.remove_reader(handle)
        os.close(handle)
        stop.set()

    loop.add_reader(handle, gone)
