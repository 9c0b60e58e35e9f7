"""The worker process: ticks, and finds in the data what is due."""

import asyncio
import signal

import structlog

from control_plane.runtime.jobs import JobRunner, Ticker
from control_plane.runtime.settings import Settings
from web.compose import compose

log = structlog.get_logger()


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Any number of workers may run at once."""
    application = compose(settings)
    await application.check_stores()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ticker = Ticker(application.jobs, JobRunner(application.system, application.clock))
    ticker.start()
    log.info("worker_started", jobs=[job.name for job in application.jobs])
    try:
        await stop.wait()
    finally:
        ticker.stop()
        await application.close()
        log.info("worker_stopped")
